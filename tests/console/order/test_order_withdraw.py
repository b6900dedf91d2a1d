"""/orders/<order_id>/withdraw/: taking back an order of one's own, and approving with a comment."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.decisions.decide import approve_order
from orders.intake import submission
from orders.models import Order
from tests.asking import HTMX, LOGIN, leads_to_login, text_of
from tests.making import MakeOrder, make_draft, make_user

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
BUTTON = "Withdraw this order…"


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def order(alice: User) -> Order:
    """An order of alice, on which nobody has decided."""
    return submission.submit_order(make_draft(), actor=alice, idempotency_key="form", sends_now=False)


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/withdraw/"


@BOTH
class TestWithdraw:
    def test_it_is_kept_with_its_reason(self, alices: Client, order: Order, headers: dict[str, str]) -> None:
        response = alices.post(url(order), {"reason": "Typed twice"}, headers=headers, follow=True)
        page = text_of(response)
        assert response.status_code == 200
        assert "Your withdrawal is saved and on its way to the workflow." in page
        assert "Withdrawn by <b>alice</b>" in page
        assert BUTTON not in page
        assert ("<html" in page) is not bool(headers)
        assert order.decisions.get().reason == "Typed twice"

    def test_it_needs_no_reason(self, alices: Client, order: Order, headers: dict[str, str]) -> None:
        assert alices.post(url(order), {"reason": ""}, headers=headers, follow=True).status_code == 200
        assert order.decisions.get().reason_code == "WITHDRAWN"

    def test_a_reason_that_is_too_long_is_refused_and_not_lost(
        self, alices: Client, order: Order, headers: dict[str, str]
    ) -> None:
        response = alices.post(url(order), {"reason": "r" * 501}, headers=headers)
        page = text_of(response)
        assert (response.status_code, 'id="withdraw-reason_error"' in page, "r" * 501 in page) == (422, True, True)
        assert '<details class="cancel" id="withdraw" open>' in page
        assert not order.decisions.exists()

    def test_it_may_be_too_late(self, alices: Client, order: Order, bob: User, headers: dict[str, str]) -> None:
        approve_order(order, actor=bob)
        response = alices.post(url(order), headers=headers)
        assert response.status_code == 409
        assert "Too late to withdraw: bob approved the order on" in text_of(response)

    def test_others_are_refused(self, client: Client, order: Order, bob: User, headers: dict[str, str]) -> None:
        for person in (bob, make_user("erin", "clerk"), make_user("charlie", "viewer"), make_user("nobody")):
            client.force_login(person)
            assert client.post(url(order), headers=headers).status_code == 403
        assert not order.decisions.exists()

    def test_an_unknown_order_is_not_found(self, alices: Client, headers: dict[str, str]) -> None:
        assert alices.post("/orders/order-NOPE/withdraw/", headers=headers).status_code == 404

    def test_a_stranger_has_to_sign_in_and_loses_nothing(
        self, client: Client, alice: User, order: Order, headers: dict[str, str]
    ) -> None:
        response = client.post(url(order), {"reason": "Typed twice"}, headers=headers)
        if headers:
            assert response.status_code == 401
            return
        assert response["Location"] == leads_to_login(order.get_absolute_url())
        data = {"username": "alice", "password": "demo", "next": order.get_absolute_url()}
        page = text_of(client.post(LOGIN, data, follow=True))
        assert "Typed twice</textarea>" in page
        assert '<details class="cancel" id="withdraw" open>' in page
        assert not order.decisions.exists()

    def test_a_get_leads_to_the_order(self, alices: Client, order: Order, headers: dict[str, str]) -> None:
        assert alices.get(url(order), headers=headers)["Location"] == order.get_absolute_url()
        assert alices.put(url(order), headers=headers).status_code == 405


class TestOffer:
    def test_the_page_says_what_it_does(self, alices: Client, order: Order) -> None:
        page = text_of(alices.get(order.get_absolute_url()))
        assert BUTTON in page
        assert "It will be cancelled. No money has been taken, so there is nothing to refund." in page

    def test_it_is_offered_to_nobody_else(self, client: Client, order: Order, bob: User) -> None:
        for person in (bob, make_user("erin", "clerk"), make_user("charlie", "viewer")):
            client.force_login(person)
            assert BUTTON not in text_of(client.get(order.get_absolute_url()))

    def test_who_may_cancel_has_one_button_for_it(self, client: Client) -> None:
        erin = make_user("erin", "clerk")
        make_user("erin", "approver")
        own = submission.submit_order(make_draft(), actor=erin, idempotency_key="own", sends_now=False)
        client.force_login(erin)
        page = text_of(client.get(own.get_absolute_url()))
        assert ("Cancel this order…" in page, BUTTON in page) == (True, False)

    def test_it_is_gone_once_somebody_has_decided(self, alices: Client, order: Order, bob: User) -> None:
        approve_order(order, actor=bob)
        assert BUTTON not in text_of(alices.get(order.get_absolute_url()))


@BOTH
class TestApproveWithComment:
    def test_it_stands_in_the_history(
        self, client: Client, bob: User, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        client.force_login(bob)
        order = make_order()
        assert "Approve with a comment…" in text_of(client.get(order.get_absolute_url()))
        sent = {"reason": "Known customer"}
        page = text_of(client.post(f"{order.get_absolute_url()}approve/", sent, headers=headers, follow=True))
        assert '<p class="event-detail"><bdi>Known customer</bdi></p>' in page
        assert order.decisions.get().reason == "Known customer"

    def test_one_that_is_too_long_is_refused_and_not_lost(
        self, client: Client, bob: User, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        client.force_login(bob)
        order = make_order()
        response = client.post(f"{order.get_absolute_url()}approve/", {"reason": "r" * 501}, headers=headers)
        page = text_of(response)
        assert (response.status_code, "r" * 501 in page) == (422, True)
        assert '<details class="approve-comment" id="approve-comment" open>' in page
        assert not order.decisions.exists()
