"""/orders/<order_id>/cancel/: cancelling one order."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.forms import LONGEST_REASON
from orders.intake import submission
from orders.models import Order, Reason
from orders.states import Status
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_draft, make_user
from tests.waiting import wait_for_status

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
# The part of the page in which an order is cancelled, with its form in view.
OPEN = re.compile(r'<details\s+class="cancel"\s+id="cancel"\s+open\s*>')
REASON = {"reason": "Customer ordered twice"}


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/cancel/"


@BOTH
class TestCancel:
    def test_it_is_kept_with_its_reason(self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order()
        response = bobs.post(url(order), REASON, headers=headers, follow=True)
        assert response.status_code == 200
        assert "Your cancellation is saved and on its way to the workflow." in text_of(response)
        assert ("<html" in text_of(response)) is not bool(headers)
        order.refresh_from_db()
        assert (order.decision, order.decided_by) == ("cancel", "bob")
        assert order.events.last().detail == "Customer ordered twice"  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        ("typed", "words"),
        [("", "Duplicate order"), ("See the other one", "Duplicate order: See the other one")],
    )
    def test_a_reason_from_the_list_needs_no_words(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], typed: str, words: str
    ) -> None:
        order = make_order()
        sent = {"reason_code": "DUPLICATE_ORDER", "reason": typed}
        assert bobs.post(url(order), sent, headers=headers, follow=True).status_code == 200
        decision = order.decisions.get()
        assert (decision.reason_code, decision.reason) == ("DUPLICATE_ORDER", typed)
        assert order.events.last().detail == words  # type: ignore[union-attr]

    def test_an_own_order_may_be_cancelled(
        self, client: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        client.force_login(make_user("erin", "approver"))
        order = make_order(submitted_by="erin")
        assert client.post(url(order), REASON, headers=headers, follow=True).status_code == 200
        order.refresh_from_db()
        assert order.decision == "cancel"

    def test_it_may_follow_an_approval(self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order("PAID")
        assert bobs.post(url(order), REASON, headers=headers, follow=True).status_code == 200
        order.refresh_from_db()
        assert order.decision == "cancel"

    def test_a_program_that_knows_no_reason_sends_none(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order()
        assert bobs.post(url(order), headers=headers).status_code == (200 if headers else 302)
        order.refresh_from_db()
        assert order.decision == "cancel"


@BOTH
class TestReasonsOfTheShop:
    @pytest.fixture(autouse=True)
    def reasons(self) -> None:
        Reason.objects.create(
            kind="CANCEL",
            code="STRIKE",
            words="Strike at the carrier",
            position=1,
            customer_text="Dear {customer}, nobody carries {order}.",
        )
        Reason.objects.filter(code="OTHER").update(is_active=False)

    def test_the_form_offers_them(self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order(customer_name="Zoë <Example>")
        page = text_of(bobs.get(f"{order.get_absolute_url()}status/", headers=headers, follow=True))
        told = f'data-customer-text="Dear Zoë &lt;Example&gt;, nobody carries {order.order_id}."'
        assert f'<option value="STRIKE" {told}>Strike at the carrier</option>' in page
        assert 'value="OTHER"' not in page

    def test_one_is_chosen(self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order()
        sent = {"reason_code": "STRIKE", "reason": "", "customer_text": "Dear Emma, sorry."}
        assert bobs.post(url(order), sent, headers=headers, follow=True).status_code == 200
        decision = order.decisions.get()
        assert (decision.reason_code, decision.customer_text) == ("STRIKE", "Dear Emma, sorry.")
        assert order.events.last().detail == "Strike at the carrier\nFor the customer: Dear Emma, sorry."  # type: ignore[union-attr]

    def test_the_text_is_filled_in_without_a_script(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order()
        sent = {"reason_code": "STRIKE", "reason": "Since Monday", "customer_text": ""}
        page = text_of(bobs.post(f"{url(order)}?fill", sent, headers=headers))
        assert OPEN.search(page)
        assert f"Dear Emma Example, nobody carries {order.order_id}.</textarea>" in page
        assert "Since Monday</textarea>" in page
        assert not order.decisions.exists()

    def test_what_is_too_long_is_refused_and_not_lost(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        sent = {"reason_code": "STRIKE", "customer_text": "t" * (LONGEST_REASON + 1)}
        response = bobs.post(url(make_order()), sent, headers=headers)
        assert response.status_code == 422
        assert "t" * (LONGEST_REASON + 1) in text_of(response)

    def test_a_reason_that_is_off_the_list_is_refused(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order()
        response = bobs.post(url(order), {"reason_code": "OTHER", "reason": "Because"}, headers=headers)
        assert response.status_code == 422
        assert "Because</textarea>" in text_of(response)
        assert not order.decisions.exists()


@BOTH
class TestRefusals:
    @pytest.mark.parametrize("reason", ["", "   ", "\x00", "\u200b\u202e", "r" * (LONGEST_REASON + 1)])
    def test_a_reason_is_wanted_at_the_field(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], reason: str
    ) -> None:
        order = make_order()
        response = bobs.post(url(order), {"reason": reason}, headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert 'id="id_reason_error"' in page
        assert OPEN.search(page)
        assert ("<html" in page) is not bool(headers)
        assert ("r" * 50 in page) is (len(reason) > 50), "nothing typed is lost"
        order.refresh_from_db()
        assert order.decision == ""

    @pytest.mark.parametrize("code", ["OTHER", "NONSENSE"])
    def test_a_code_that_says_nothing_is_not_enough(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], code: str
    ) -> None:
        order = make_order()
        response = bobs.post(url(order), {"reason_code": code, "reason": ""}, headers=headers)
        assert response.status_code == 422
        assert OPEN.search(text_of(response))
        assert not order.decisions.exists()

    @pytest.mark.parametrize("status", ["COMPLETED", "CANCELLING", "CANCELLED"])
    def test_it_may_be_too_late(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], status: str
    ) -> None:
        response = bobs.post(url(make_order(status)), REASON, headers=headers)
        assert response.status_code == 409
        assert 'class="feedback feedback-refused"' in text_of(response)
        assert "bob" in text_of(response)

    def test_a_second_cancellation_says_who_was_first(
        self, client: Client, dana: User, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        client.force_login(dana)
        order = make_order("CANCELLING", decided_by="bob")
        response = client.post(url(order), REASON, headers=headers)
        assert response.status_code == 409
        assert "bob requested cancellation on" in text_of(response)

    def test_clerks_and_viewers_are_refused_with_or_without_a_reason(
        self, client: Client, alice: User, charlie: User, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order()
        for person in (alice, charlie, make_user("nobody")):
            client.force_login(person)
            for reason in (REASON, {}):
                assert client.post(url(order), reason, headers=headers).status_code == 403
        order.refresh_from_db()
        assert order.decision == ""

    def test_an_unknown_order_is_not_found(self, bobs: Client, headers: dict[str, str]) -> None:
        assert bobs.post("/orders/order-NOPE/cancel/", REASON, headers=headers).status_code == 404

    def test_a_stranger_has_to_sign_in(self, client: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order()
        response = client.post(url(order), REASON, headers=headers)
        if headers:
            assert response.status_code == 401
            assert "Nothing was saved" in text_of(response)
        else:
            assert response["Location"] == leads_to_login(order.get_absolute_url())
        order.refresh_from_db()
        assert order.decision == ""

    def test_a_get_leads_to_the_order(self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order()
        assert bobs.get(url(order), headers=headers)["Location"] == order.get_absolute_url()
        assert bobs.put(url(order), headers=headers).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_the_workflow_cancels_and_the_reason_is_shown(client: Client, workers_running: object) -> None:
    alice, bob = make_user("alice", "clerk"), make_user("bob", "approver")
    client.force_login(bob)
    order = submission.submit_order(make_draft(), actor=alice, idempotency_key="live")
    wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    response = client.post(url(order), {**REASON, "reason_code": "DUPLICATE_ORDER"}, headers=HTMX)
    assert "Cancellation accepted." in text_of(response)
    wait_for_status(order, Status.CANCELLED)
    page = text_of(client.get(order.get_absolute_url()))
    assert "by bob: Duplicate order: Customer ordered twice" in page
    assert "Nothing was charged." in page
