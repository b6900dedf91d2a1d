"""/orders/<order_id>/extend/: having an order wait longer for its decision."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.deadlines.extend import extend_deadline
from orders.decisions.decide import approve_order
from orders.models import Order
from tests.asking import HTMX, LOGIN, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
LINK = "Extend the deadline…"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/extend/"


def typed(order: Order, **changes: str) -> dict[str, str]:
    assert order.approval_deadline is not None
    return {"hours": "3", "reason": "Customer called", "seen": order.approval_deadline.isoformat(), **changes}


@BOTH
class TestExtending:
    def test_the_form_says_until_when(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        page = text_of(bobs.get(url(order), headers=headers))
        assert "is cancelled if nobody decides" in page
        assert 'name="hours" value="24"' in page

    def test_the_order_waits_longer(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        old = order.approval_deadline
        response = bobs.post(url(order), typed(order), headers=headers, follow=True)
        page = text_of(response)
        order.refresh_from_db()
        assert (old is not None and order.approval_deadline == old + timedelta(hours=3)) is True
        assert response.redirect_chain == [(order.get_absolute_url(), 302)]
        assert "Deadline extended to" in page
        assert ("Deadline extended</" in page or "Deadline extended\n" in page, "Customer called" in page) == (
            True,
            True,
        )

    def test_what_cannot_be_meant_is_refused_and_not_lost(
        self, bobs: Client, order: Order, headers: dict[str, str]
    ) -> None:
        old = order.approval_deadline
        for sent, field in (
            (typed(order, hours="", reason="Half a reason"), "hours"),
            (typed(order, hours="x", reason="Half a reason"), "hours"),
            (typed(order, hours="0", reason="Half a reason"), "hours"),
            (typed(order, hours="9999", reason="Half a reason"), "hours"),
            (typed(order, reason=" "), "reason"),
        ):
            response = bobs.post(url(order), sent, headers=headers)
            page = text_of(response)
            assert (response.status_code, f'id="extend-{field}_error"' in page) == (422, True)
            assert ("Half a reason" in page) is (field == "hours")
        order.refresh_from_db()
        assert order.approval_deadline == old

    def test_who_saw_another_deadline_is_told_and_loses_nothing(
        self, bobs: Client, order: Order, headers: dict[str, str]
    ) -> None:
        sent = typed(order)
        assert bobs.post(url(order), sent, headers=headers).status_code == 302
        response = bobs.post(url(order), sent, headers=headers)
        page = text_of(response)
        assert response.status_code == 409
        assert ("Somebody has extended the deadline to" in page, "Customer called" in page) == (True, True)
        order.refresh_from_db()
        assert bobs.post(url(order), typed(order), headers=headers).status_code == 302

    def test_it_may_be_too_late(
        self, bobs: Client, order: Order, make_order: MakeOrder, dana: User, headers: dict[str, str]
    ) -> None:
        sent = typed(order)
        approve_order(order, actor=dana)
        response = bobs.post(url(order), sent, headers=headers)
        assert response.status_code == 409
        assert "Too late to extend the deadline: dana approved the order" in text_of(response)
        early = make_order("CREATED")
        assert "does not wait for a decision yet" in text_of(bobs.get(url(early), headers=headers))

    def test_others_are_refused(
        self, client: Client, order: Order, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        own = make_order(submitted_by="bob")
        for person, which in (
            (make_user("alice", "clerk"), order),
            (make_user("charlie", "viewer"), order),
            (make_user("nobody"), order),
            (make_user("bob", "approver"), own),
        ):
            client.force_login(person)
            assert client.get(url(which), headers=headers).status_code == 403
            assert client.post(url(which), typed(which), headers=headers).status_code == 403

    def test_an_unknown_order_is_not_found(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        assert bobs.post("/orders/order-NOPE/extend/", typed(order), headers=headers).status_code == 404
        assert bobs.put(url(order), headers=headers).status_code == 405

    def test_a_stranger_signs_in_first_and_loses_nothing(
        self, client: Client, bob: User, order: Order, headers: dict[str, str]
    ) -> None:
        response = client.post(url(order), typed(order, hours="7"), headers=headers)
        if headers:
            assert response.status_code == 401
            return
        assert response["Location"] == leads_to_login(url(order))
        data = {"username": "bob", "password": "demo", "next": url(order)}
        page = text_of(client.post(LOGIN, data, follow=True))
        assert ('name="hours" value="7"' in page, "Customer called" in page) == (True, True)
        assert "the deadline was not extended. What you typed is still in the form." in page


class TestOffer:
    def test_the_order_leads_there_as_long_as_it_can_be_done(
        self, client: Client, alice: User, bob: User, order: Order
    ) -> None:
        for person, offered in ((alice, False), (bob, True)):
            client.force_login(person)
            assert (LINK in text_of(client.get(order.get_absolute_url()))) is offered
        approve_order(order, actor=bob)
        assert LINK not in text_of(client.get(order.get_absolute_url()))

    def test_an_open_page_and_the_desk_follow(self, bobs: Client, order: Order, bob: User) -> None:
        desk = text_of(bobs.get("/"))
        extend_deadline(order, actor=bob, hours=30, reason="Customer called")
        changes = text_of(bobs.get(f"{order.get_absolute_url()}status/", {"version": "1"}, headers=HTMX))
        assert ("in 1 d" in changes, "Deadline extended" in changes) == (True, True)
        assert ("in 1 d" in desk, "in 1 d" in text_of(bobs.get("/"))) == (False, True)
