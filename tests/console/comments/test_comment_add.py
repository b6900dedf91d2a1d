"""/orders/<order_id>/comments/: writing a comment, and how the order's page shows it."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.order.timeline import build_timeline
from orders.decisions.comment import add_comment, edit_comment
from orders.models import Order
from orders.texts import LONGEST_TEXT
from tests.asking import HTMX, LOGIN, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
FORM = 'id="comment-text"'


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/comments/"


def typed(text: str = "Called the customer") -> dict[str, str]:
    return {"key": str(uuid4()), "text": text}


def texts(order: Order) -> list[str]:
    return [event.data["text"] for event in order.events.filter(kind="order.commented")]


@BOTH
class TestAdding:
    def test_it_stands_in_the_timeline(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        response = bobs.post(url(order), typed("Two\nlines"), headers=headers, follow=True)
        page = text_of(response)
        assert response.status_code == 200
        assert ("<html" in page) is not bool(headers)
        assert "Comment added." in page
        assert '<p class="comment-text"><bdi>Two lines</bdi></p>' in page
        assert FORM in page, "the next may be written"
        assert "Two lines</textarea>" not in page

    def test_with_htmx_the_panels_are_renewed(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        response = bobs.post(url(order), typed(), headers=headers)
        assert response.get("HX-Retarget") == ("#order-status" if headers else None)
        assert ('id="order-comment" hx-swap-oob' in text_of(response)) is bool(headers)
        assert ('id="order-feedback"' in text_of(response)) is False, "what was said of a decision stays"

    def test_it_is_added_once(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        form = typed()
        for _ in range(3):
            assert bobs.post(url(order), form, headers=headers, follow=True).status_code == 200
        assert texts(order) == ["Called the customer"]

    def test_mentions_are_marked_and_told(
        self, bobs: Client, dana: User, order: Order, headers: dict[str, str]
    ) -> None:
        page = text_of(bobs.post(url(order), typed("<b>@Dana</b>, look"), headers=headers, follow=True))
        assert "Comment added. It mentions dana." in page
        assert '&lt;b&gt;<b class="mention">@Dana</b>&lt;/b&gt;, look' in page

    def test_a_final_order_takes_comments_too(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order("COMPLETED")
        assert bobs.post(url(order), typed(), headers=headers, follow=True).status_code == 200
        assert texts(order) == ["Called the customer"]

    def test_clerks_write_too(self, client: Client, alice: User, order: Order, headers: dict[str, str]) -> None:
        client.force_login(alice)
        assert client.post(url(order), typed(), headers=headers, follow=True).status_code == 200
        assert texts(order) == ["Called the customer"]


@BOTH
class TestRefusals:
    @pytest.mark.parametrize("text", ["", "  ", "l" * (LONGEST_TEXT + 1)])
    def test_what_is_no_comment(self, bobs: Client, order: Order, headers: dict[str, str], text: str) -> None:
        response = bobs.post(url(order), typed(text), headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert 'id="comment-text_error"' in page
        assert ("<html" in page) is not bool(headers)
        assert text.strip() in page, "nothing typed is lost"
        assert texts(order) == []

    def test_a_form_that_has_added_another(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        form = typed()
        bobs.post(url(order), form)
        response = bobs.post(url(order), form | {"text": "Something else"}, headers=headers)
        page = text_of(response)
        assert (response.status_code, "Something else</textarea>" in page) == (422, True)
        assert form["key"] not in page, "it can be sent again"

    def test_who_may_only_look(self, client: Client, charlie: User, order: Order, headers: dict[str, str]) -> None:
        for person in (charlie, make_user("nobody")):
            client.force_login(person)
            assert client.post(url(order), typed(), headers=headers).status_code == 403
        assert texts(order) == []

    def test_an_unknown_order(self, bobs: Client, headers: dict[str, str]) -> None:
        assert bobs.post("/orders/order-NOPE/comments/", typed(), headers=headers).status_code == 404

    def test_a_stranger_has_to_sign_in_and_loses_nothing(
        self, client: Client, bob: User, order: Order, headers: dict[str, str]
    ) -> None:
        response = client.post(url(order), typed("Half an hour of work"), headers=headers)
        if headers:
            assert response.status_code == 401
            return
        assert response["Location"] == leads_to_login(order.get_absolute_url())
        again = response["Location"].partition("next=")[2]
        page = client.post(LOGIN, {"username": "bob", "password": "demo", "next": again}, follow=True)
        assert "Half an hour of work</textarea>" in text_of(page)
        assert texts(order) == []

    def test_a_get_leads_to_the_order(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        assert bobs.get(url(order), headers=headers)["Location"] == order.get_absolute_url()
        assert bobs.put(url(order), headers=headers).status_code == 405


class TestTimeline:
    def test_who_may_only_look_has_no_form(self, client: Client, charlie: User, order: Order, bob: User) -> None:
        add_comment(order, actor=bob, text="To be read")
        client.force_login(charlie)
        page = text_of(client.get(order.get_absolute_url()))
        assert "To be read" in page
        assert FORM not in page

    def test_the_newest_text_stands_before_the_earlier_ones(self, bobs: Client, order: Order, bob: User) -> None:
        written = add_comment(order, actor=bob, text="At first")
        for text in ("Then", "At last"):
            edit_comment(order, written.pk, actor=bob, text=text)
        page = text_of(bobs.get(order.get_absolute_url()))
        assert page.index("At last") < page.index("Then</bdi>") < page.index("At first")
        assert page.count('<li class="comment"') == 1
        assert f"{url(order)}{written.pk}/edit/" in page

    def test_nobody_is_offered_to_edit_what_another_wrote(
        self, client: Client, order: Order, bob: User, dana: User
    ) -> None:
        written = add_comment(order, actor=bob, text="Mine")
        client.force_login(dana)
        assert f"{written.pk}/edit/" not in text_of(client.get(order.get_absolute_url()))

    def test_an_edit_of_a_comment_from_long_ago_stands_alone(self, bobs: Client, order: Order, bob: User) -> None:
        written = add_comment(order, actor=bob, text="Long ago")
        edit_comment(order, written.pk, actor=bob, text="Since then")
        events = [event for event in order.events.order_by("-id") if event.pk != written.pk]
        from_then_on = build_timeline(events, bob)
        [face] = [entry.comment for day in from_then_on.days for entry in day.entries if entry.comment]
        assert ([piece.text for piece in face.pieces], face.may_edit) == (["Since then"], False)

    def test_an_open_page_leaves_the_form_alone(self, bobs: Client, order: Order, bob: User) -> None:
        add_comment(order, actor=bob, text="News")
        changes = text_of(bobs.get(f"{order.get_absolute_url()}status/", {"version": "1"}, headers=HTMX))
        assert "News" in changes
        assert 'id="order-comment"' not in changes
