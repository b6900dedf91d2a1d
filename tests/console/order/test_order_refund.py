"""/orders/<order_id>/refund/: refunding a part of what an order paid, and how its page tells of it."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.contracts import RefundInput
from orders.decisions.refunds import request_refund
from orders.intake.drafts import LineDraft
from orders.lifecycle.attempts import record_failed_attempt
from orders.models import Order, Refund
from orders.payments.gateways.interface import RefundAnswer
from orders.payments.gateways.simulated import SimulatedGateway
from orders.payments.refund import give_back_refund
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
FORM = 'id="refund-amount"'


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    """A completed order of 100.00 EUR: 2 mugs of 12.50 and a lamp of 75.00."""
    return make_order("COMPLETED", lines=(LineDraft("MUG-1", "Mug", 2, 1250), LineDraft("LAMP", "Lamp", 1, 7500)))


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/refund/"


def typed(**changes: str) -> dict[str, str]:
    return {"key": str(uuid4()), "amount": "12.50", "reason_code": "DAMAGED", "reason": "A chip", **changes}


def carry_out(refund: Refund) -> None:
    give_back_refund(RefundInput(refund.payment.order.order_id, refund.key))


@BOTH
class TestRefund:
    def test_an_amount(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        response = bobs.post(url(order), typed(), headers=headers, follow=True)
        page = text_of(response)
        assert response.status_code == 200
        assert ("<html" in page) is not bool(headers)
        assert "The refund of 12.50 EUR is saved and on its way to the workflow." in page
        assert "Charged 100.00 EUR, 12.50 EUR on its way back" in page
        assert "Damaged or faulty: A chip" in page
        assert FORM not in page
        refund = Refund.objects.get()
        assert (refund.amount, refund.requested_by, refund.channel, refund.lines) == (1250, "bob", "CONSOLE", None)

    @pytest.mark.parametrize("amount", ["", "25.00"])
    def test_quantities_of_lines(self, bobs: Client, order: Order, headers: dict[str, str], amount: str) -> None:
        sent = typed(amount=amount, line_1="2", line_2="0")
        assert "2 of MUG-1" in text_of(bobs.post(url(order), sent, headers=headers, follow=True))
        refund = Refund.objects.get()
        assert (refund.amount, refund.lines) == (2500, [{"position": 1, "sku": "MUG-1", "quantity": 2}])
        again = bobs.post(url(order), typed(amount="", line_1="1"), headers=headers)
        assert again.status_code == 409
        assert "Of MUG-1, no more than 0 is left to refund." in text_of(again)

    def test_the_same_form_refunds_once(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        sent = typed(amount="100.00")
        for _ in range(5):
            assert bobs.post(url(order), sent, headers=headers, follow=True).status_code == 200
        assert Refund.objects.get().amount == 10_000

    def test_what_it_would_do_is_said_before(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        request_refund(order, actor=make_user("dana", "approver"), key="1", amount=1000)
        for amount, sentence in (
            ("12.50", "12.50 EUR goes back to the customer; 77.50 EUR stays charged."),
            ("90", "90.00 EUR goes back to the customer; nothing stays charged."),
            ("90.01", "No more than 90.00 EUR is left to refund."),
        ):
            response = bobs.post(f"{url(order)}?preview", typed(amount=amount), headers=headers)
            assert response.status_code == 200
            assert sentence in text_of(response)
        assert Refund.objects.count() == 1

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"amount": ""}, "Enter an amount, or choose quantities."),
            ({"amount": "x"}, "Use the digits 0 to 9 and a point before the decimals, such as 12.50."),
            ({"amount": "-1"}, "An amount cannot be negative."),
            ({"amount": "0"}, "The amount to refund must be greater than zero."),
            ({"amount": "", "line_1": "3"}, "The order has 2."),
            ({"amount": "1", "line_1": "1"}, "The chosen lines come to 12.50 EUR."),
            ({"amount": "", "line_1": "many"}, "Enter a whole number using only the digits 0 to 9, such as 3."),
            ({"reason_code": ""}, "Choose a reason from the list."),
            ({"reason_code": "OTHER", "reason": ""}, "Say in your own words why it is refunded."),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
        self, bobs: Client, order: Order, headers: dict[str, str], changes: dict[str, str], sentence: str
    ) -> None:
        sent = typed(**changes)
        response = bobs.post(url(order), sent, headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert sentence in page
        assert FORM in page
        for value in filter(None, sent.values()):
            assert value in page
        assert not Refund.objects.exists()

    def test_more_than_is_left_is_refused(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        sent = typed(amount="100.01")
        response = bobs.post(url(order), sent, headers=headers)
        page = text_of(response)
        assert response.status_code == 409
        assert "No more than 100.00 EUR is left to refund." in page
        assert 'value="100.01"' in page
        assert sent["key"] not in page, "once it is corrected, it is another refund"

    def test_it_is_for_those_who_may(
        self, client: Client, order: Order, alice: User, charlie: User, headers: dict[str, str]
    ) -> None:
        for person in (alice, charlie):
            client.force_login(person)
            assert client.post(url(order), typed(), headers=headers).status_code == 403
            assert 'id="refund"' not in text_of(client.get(order.get_absolute_url()))
        assert not Refund.objects.exists()

    def test_a_get_leads_to_the_order(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        assert bobs.get(url(order), headers=headers)["Location"] == order.get_absolute_url()
        assert bobs.put(url(order), headers=headers).status_code == 405
        assert bobs.post("/orders/order-NOPE/refund/", typed(), headers=headers).status_code == 404


def test_what_a_stranger_typed_is_there_after_signing_in(client: Client, order: Order, bob: User) -> None:
    sent = typed(line_1="1")
    assert client.post(url(order), sent)["Location"] == leads_to_login(order.get_absolute_url())
    assert client.post(url(order), sent, headers=HTMX).status_code == 401
    client.post("/accounts/login/", {"username": bob.username, "password": "demo", "next": order.get_absolute_url()})
    page = text_of(client.get(order.get_absolute_url()))
    assert FORM in page
    assert 'value="12.50"' in page
    assert "A chip" in page
    assert not Refund.objects.exists()


@pytest.mark.parametrize("status", ["PENDING_MANUAL_APPROVAL", "CANCELLED"])
def test_there_is_no_form_where_nothing_can_be_refunded(bobs: Client, make_order: MakeOrder, status: str) -> None:
    order = make_order(status, cancelled_from="PAID")
    assert 'id="refund"' not in text_of(bobs.get(order.get_absolute_url()))


def test_the_form_opens_at_a_link(bobs: Client, order: Order, alice: User) -> None:
    path = f"{order.get_absolute_url()}?refund"
    assert f'href="{path}#refund"' in text_of(bobs.get(order.get_absolute_url()))
    page, fragment = text_of(bobs.get(path)), text_of(bobs.get(path, headers=HTMX))
    assert FORM in page
    assert FORM in fragment
    assert "100.00 EUR of 100.00 EUR can be refunded." in fragment
    assert "<html" not in fragment
    bobs.force_login(alice)
    assert FORM not in text_of(bobs.get(path))
    assert "Nothing can be refunded now." in text_of(bobs.get(path, headers=HTMX))


def test_an_order_of_many_lines_is_refunded_by_amount(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order("PAID", lines=tuple(LineDraft(f"S{number}", "Thing", 1, 100) for number in range(21)))
    page = text_of(bobs.get(f"{order.get_absolute_url()}?refund"))
    assert FORM in page
    assert "refund-lines" not in page


class TestFollowing:
    """The page of a final order polls for as long as a refund is on its way."""

    def poll(self, browser: Client, order: Order, **known: Any) -> Any:
        return browser.get(f"{order.get_absolute_url()}status/", known, headers=HTMX)

    def test_it_goes_on_until_the_money_is_back(self, bobs: Client, bob: User, order: Order) -> None:
        assert "every 2s" not in text_of(bobs.get(order.get_absolute_url()))
        refund = request_refund(order, actor=bob, key="1", amount=1250, reason_code="LATE")
        assert "every 2s" in text_of(bobs.get(order.get_absolute_url()))
        order.refresh_from_db()
        page = self.poll(bobs, order, version=order.version)
        assert page.status_code == 200
        assert self.poll(bobs, order, version=order.version, seen=page.context["panel"].seen).status_code == 204
        error = "The gateway did not answer."
        record_failed_attempt(order.order_id, "give_back_refund", 2, error, run_id="r", refund_key=refund.key)
        page = self.poll(bobs, order, version=order.version)
        assert page.status_code == 200
        assert "Retrying" in text_of(page)
        assert "Attempt 2 failed: The gateway did not answer." in text_of(page)
        carry_out(refund)
        page = self.poll(bobs, order, version=order.version)
        assert page.status_code == 286
        assert "Charged 100.00 EUR, 12.50 EUR refunded" in text_of(page)
        assert "every 2s" not in text_of(page)

    def test_a_failed_attempt_is_told_beside_its_own_refund(self, bobs: Client, bob: User, order: Order) -> None:
        one, other = (request_refund(order, actor=bob, key=key, amount=100) for key in ("1", "2"))
        record_failed_attempt(order.order_id, "give_back_refund", 1, "Away.", run_id="r1", refund_key=one.key)
        page = text_of(bobs.get(order.get_absolute_url()))
        assert page.count("Attempt 1 failed: Away.") == 1
        record_failed_attempt(order.order_id, "give_back_refund", 1, "Away.", run_id="r2", refund_key=other.key)
        assert text_of(bobs.get(order.get_absolute_url())).count("Attempt 1 failed: Away.") == 2

    def test_one_that_the_gateway_refuses_needs_a_person(
        self, bobs: Client, bob: User, order: Order, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refund = request_refund(order, actor=bob, key="1", amount=1250)
        refusal = RefundAnswer(is_done=False, text="The account is closed.")
        monkeypatch.setattr(SimulatedGateway, "refund", lambda self, request: refusal)
        carry_out(refund)
        page = text_of(bobs.get(order.get_absolute_url()))
        assert "The account is closed." in page
        assert "A person has to see to it." in page
