"""/orders/<order_id>/comments/<number>/edit/: editing an own comment."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.decisions.comment import add_comment, list_versions
from orders.models import Order, OrderEvent
from tests.asking import HTMX, LOGIN, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


@pytest.fixture
def comment(order: Order, bob: User) -> OrderEvent:
    return add_comment(order, actor=bob, text="Called the customer")


def url(order: Order, comment: OrderEvent) -> str:
    return f"/orders/{order.order_id}/comments/{comment.pk}/edit/"


def typed(text: str = "Wrote to the customer") -> dict[str, str]:
    return {"key": str(uuid4()), "text": text}


@BOTH
class TestEditing:
    def test_the_form_has_the_newest_text(
        self, bobs: Client, order: Order, comment: OrderEvent, headers: dict[str, str]
    ) -> None:
        bobs.post(url(order, comment), typed("Second <thoughts>"))
        response = bobs.get(url(order, comment), headers=headers)
        page = text_of(response)
        assert response.status_code == 200
        assert "Second &lt;thoughts&gt;</textarea>" in page
        assert "Edit your comment" in page
        assert ("<html" in page) is not bool(headers)

    def test_it_is_saved_and_the_old_text_stays(
        self, bobs: Client, order: Order, comment: OrderEvent, headers: dict[str, str]
    ) -> None:
        response = bobs.post(url(order, comment), typed(), headers=headers, follow=True)
        page = text_of(response)
        assert response.status_code == 200
        assert "Comment saved." in page
        assert page.index("Wrote to the customer") < page.index("Called the customer")
        assert [each.data["text"] for each in list_versions(order, comment.pk)][1:] == ["Wrote to the customer"]

    def test_what_is_no_comment_is_refused(
        self, bobs: Client, order: Order, comment: OrderEvent, headers: dict[str, str]
    ) -> None:
        for text in ("", "l" * 2001):
            response = bobs.post(url(order, comment), typed(text), headers=headers)
            page = text_of(response)
            assert (response.status_code, 'id="comment-text_error"' in page) == (422, True)
            assert ("Edit your comment" in page, text in page) == (True, True)
        assert len(list_versions(order, comment.pk)) == 1

    def test_others_may_not(self, client: Client, order: Order, comment: OrderEvent, headers: dict[str, str]) -> None:
        for person in (make_user("dana", "approver"), make_user("charlie", "viewer"), make_user("nobody")):
            client.force_login(person)
            assert client.get(url(order, comment), headers=headers).status_code == 403
            assert client.post(url(order, comment), typed(), headers=headers).status_code == 403
        assert len(list_versions(order, comment.pk)) == 1

    def test_what_is_no_comment_of_the_order_is_not_found(
        self, bobs: Client, order: Order, comment: OrderEvent, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        first = order.events.earliest("id")
        huge = f"/orders/{order.order_id}/comments/{2**70}/edit/"
        for path in (url(make_order(), comment), url(order, first), huge, "/orders/order-NOPE/comments/1/edit/"):
            assert bobs.get(path, headers=headers).status_code == 404
            assert bobs.post(path, typed(), headers=headers).status_code == 404

    def test_a_stranger_has_to_sign_in_and_loses_nothing(
        self, client: Client, order: Order, comment: OrderEvent, headers: dict[str, str]
    ) -> None:
        response = client.post(url(order, comment), typed("Half an hour of work"), headers=headers)
        if headers:
            assert response.status_code == 401
            return
        assert response["Location"] == leads_to_login(url(order, comment))
        again = response["Location"].partition("next=")[2]
        page = client.post(LOGIN, {"username": "bob", "password": "demo", "next": again}, follow=True)
        assert "Half an hour of work</textarea>" in text_of(page)
        assert len(list_versions(order, comment.pk)) == 1

    def test_no_other_method(self, bobs: Client, order: Order, comment: OrderEvent, headers: dict[str, str]) -> None:
        assert bobs.put(url(order, comment), headers=headers).status_code == 405
