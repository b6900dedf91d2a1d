"""orders.decisions.decide and orders.intake.submission: what people do, and what they are refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orders import contracts
from orders.decisions import closing, decide
from orders.errors import (
    AlreadyDecided,
    NotAllowed,
    OrderExists,
    OrderInvalid,
    OrderNotFound,
    OwnOrder,
    ReasonMissing,
    TooLate,
)
from orders.events import EventKind
from orders.intake import submission
from orders.intake.drafts import MOST_LINES, LineDraft
from orders.lifecycle import lookup
from orders.lifecycle.lookup import lock_order
from orders.models import Order, OutboxMessage
from orders.states import ReasonCode, Status
from tests.making import MakeOrder, make_draft

pytestmark = pytest.mark.django_db


class TestSubmit:
    def test_it_writes_row_lines_event_and_message_together(self, alice: User) -> None:
        lines = (LineDraft("A", "Apple", 3, 50), LineDraft("B", "Bread", 1, 320))
        order = submission.submit_order(make_draft(lines=lines), actor=alice, idempotency_key="form-1")
        assert (order.status, order.total, order.submitted_by) == (Status.CREATED, 470, "alice")
        assert [(line.position, line.sku, line.quantity) for line in order.lines.all()] == [(1, "A", 3), (2, "B", 1)]
        assert order.events.get().actor == "alice"
        message = order.outbox_messages.get()
        assert (message.name, message.status) == ("start", OutboxMessage.Status.PENDING)
        assert message.payload["payment_id"] == order.payment_id

    def test_a_viewer_may_not_submit(self, charlie: User) -> None:
        with pytest.raises(NotAllowed):
            submission.submit_order(make_draft(), actor=charlie, idempotency_key="form-1")

    @pytest.mark.parametrize(
        "changes",
        [
            {"lines": ()},
            {"lines": (LineDraft("A", "Apple", 0, 50),)},
            {"lines": (LineDraft("A", "Apple", 1, -1),)},
            {"lines": (LineDraft("A", "Apple", 10**9, 10**9),)},
            {"lines": (LineDraft("A", "Apple", 1, 1),) * (MOST_LINES + 1)},
            {"currency": "XXX"},
        ],
    )
    def test_it_refuses_what_can_never_be_an_order(self, alice: User, changes: dict[str, object]) -> None:
        with pytest.raises(OrderInvalid):
            submission.submit_order(make_draft(**changes), actor=alice, idempotency_key="form-1")
        assert not Order.objects.exists()

    def test_an_order_id_may_be_chosen_once(self, alice: User) -> None:
        submission.submit_order(make_draft(), actor=alice, idempotency_key="1", order_id="order-MINE")
        with pytest.raises(OrderExists, match="order-MINE already"):
            submission.submit_order(make_draft(), actor=alice, idempotency_key="2", order_id="order-MINE")

    @pytest.mark.parametrize("order_id", ["mine", "order-", "order-a/b", "order-" + "x" * 60, "order-ä"])
    def test_an_order_id_has_a_form(self, alice: User, order_id: str) -> None:
        with pytest.raises(OrderInvalid, match="is not an order id"):
            submission.submit_order(make_draft(), actor=alice, idempotency_key="1", order_id=order_id)


class TestApprove:
    def test_it_writes_decision_event_and_message_together(self, make_order: MakeOrder, bob: User) -> None:
        order = make_order()
        message = decide.approve_order(order, actor=bob, reason=" Known customer ")
        order.refresh_from_db()
        assert (order.decision, order.decided_by, order.decision_id) == (
            "approve",
            "bob",
            message.payload["decision_id"],
        )
        event = order.events.get(kind=EventKind.APPROVED)
        assert (event.actor, event.detail) == ("bob", "Known customer")
        assert (message.name, message.payload["actor"]) == ("approve_order", "bob")

    def test_it_counts_before_the_wait(self, make_order: MakeOrder, bob: User) -> None:
        order = make_order("CREATED")
        decide.approve_order(order, actor=bob)
        order.refresh_from_db()
        assert order.is_approved

    def test_it_refuses_an_own_order(self, make_order: MakeOrder, bob: User) -> None:
        order = make_order(submitted_by="bob")
        with pytest.raises(OwnOrder):
            decide.approve_order(order, actor=bob)

    @pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
    def test_a_superuser_who_approves_an_own_order_says_why(
        self, make_order: MakeOrder, admin_user: User, reason: str
    ) -> None:
        order = make_order(submitted_by="admin")
        with pytest.raises(ReasonMissing, match="give a reason"):
            decide.approve_order(order, actor=admin_user, reason=reason)
        decide.approve_order(order, actor=admin_user, reason=f"{reason}Nobody else is here")
        decision = order.decisions.get()
        assert (decision.is_own_order, decision.reason) == (True, "Nobody else is here")
        assert order.events.get(kind=EventKind.APPROVED, data__is_own_order=True).detail == "Nobody else is here"

    def test_it_keeps_the_accounts_of_both(self, alice: User, bob: User) -> None:
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key="form-1")
        decide.approve_order(order, actor=bob)
        decision = order.decisions.get()
        assert (order.submitter_account_id, decision.actor_account_id) == (alice.pk, bob.pk)
        assert not decision.is_own_order

    def test_a_clerk_and_a_viewer_may_not(self, make_order: MakeOrder, alice: User, charlie: User) -> None:
        for person in (alice, charlie):
            with pytest.raises(NotAllowed):
                decide.approve_order(make_order(), actor=person)

    def test_the_second_approval_hears_of_the_first(self, make_order: MakeOrder, bob: User, dana: User) -> None:
        order = make_order()
        decide.approve_order(order, actor=bob)
        with pytest.raises(AlreadyDecided, match="bob approved the order on"):
            decide.approve_order(order, actor=dana)
        assert order.outbox_messages.filter(name="approve_order").count() == 1

    @pytest.mark.parametrize("status", ["CHARGING_PAYMENT", "COMPLETED", "CANCELLED"])
    def test_it_may_come_too_late(self, make_order: MakeOrder, dana: User, status: str) -> None:
        order = make_order(status)
        with pytest.raises((TooLate, AlreadyDecided), match="bob"):
            decide.approve_order(order, actor=dana)

    def test_the_deadline_is_the_end(self, make_order: MakeOrder, bob: User) -> None:
        order = make_order()
        Order.objects.filter(pk=order.pk).update(approval_deadline=timezone.now() - timedelta(seconds=1))
        with pytest.raises(TooLate, match="deadline was"):
            decide.approve_order(order, actor=bob)


class TestCancel:
    @pytest.mark.parametrize("status", ["CREATED", "PENDING_MANUAL_APPROVAL", "PAID", "DISPATCHED"])
    def test_it_works_on_every_open_order(self, make_order: MakeOrder, dana: User, status: str) -> None:
        order = make_order(status)
        decide.cancel_order(order, actor=dana, reason="Fraud")
        order.refresh_from_db()
        assert (order.decision, order.decided_by) == ("cancel", "dana")

    def test_it_may_follow_an_approval_but_not_the_other_way_round(
        self, make_order: MakeOrder, bob: User, dana: User
    ) -> None:
        order = make_order()
        decide.approve_order(order, actor=bob)
        decide.cancel_order(order, actor=dana)
        with pytest.raises(TooLate, match="dana requested cancellation"):
            decide.approve_order(order, actor=bob)

    def test_a_final_order_stays(self, make_order: MakeOrder, bob: User) -> None:
        with pytest.raises(TooLate, match="completed"):
            decide.cancel_order(make_order("COMPLETED"), actor=bob)


def test_a_decision_that_is_not_delivered_is_said_to_be_on_its_way(make_order: MakeOrder, bob: User) -> None:
    message = decide.approve_order(make_order(), actor=bob)
    assert "on its way" in decide.describe_delivery(message)


def test_a_decision_that_came_too_late_is_said_to_be_so(make_order: MakeOrder, bob: User) -> None:
    order = make_order()
    message = decide.approve_order(order, actor=bob)
    closing.process_cancellation(contracts.ProcessCancellation(order.order_id, ReasonCode.INVALID, "Sold out."))
    assert decide.describe_delivery(message).startswith("The decision came too late")


class TestTexts:
    """Whatever reaches a verb, by whichever face: its texts are clean before they are written and sent."""

    def test_the_texts_of_an_order_are_cleaned(self, alice: User) -> None:
        draft = make_draft(
            customer_name="Emma\u200e Example\n",
            customer_email="emma\u200b@example.com",
            address_line="Long\r\nStreet 1",
            lines=(LineDraft("MUG\ufeff-1", "A\tmug\xad", 1, 100),),
        )
        order = submission.submit_order(draft, actor=alice, idempotency_key="form\ud800")
        assert (order.customer_name, order.customer_email) == ("Emma Example", "emma@example.com")
        assert order.address_line == "Long Street 1"
        assert [(line.sku, line.description) for line in order.lines.all()] == [("MUG-1", "A mug")]
        again = submission.submit_order(draft, actor=alice, idempotency_key="form\ud800")
        assert again == order

    @pytest.mark.parametrize(
        ("fact", "sentence"),
        [
            (
                {"customer_name": "Emma\u202eExample"},
                "Customer name: This contains an invisible character that changes",
            ),
            ({"address_line": "\x1b[31mWay 1"}, "Address line: This contains an invisible control character"),
            ({"address_city": "Ber\ud800lin"}, "Address city: A character was lost"),
            (
                {"lines": (LineDraft("MUG\0", "Mug", 1, 100),)},
                "Line 1, SKU: This contains an invisible control character",
            ),
            ({"lines": (LineDraft("MUG", "Mug", 10_001, 100),)}, "Line 1: the quantity must be from 1 to"),
            ({"lines": (LineDraft("MUG", "Mug", 1, 10**9 + 1),)}, "Line 1: the unit price must be from"),
            ({"currency": "KWD"}, "'KWD' is not an accepted currency. Use one of: EUR, USD, GBP, CHF, JPY."),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, alice: User, fact: dict[str, Any], sentence: str) -> None:
        with pytest.raises(OrderInvalid) as refusal:
            submission.submit_order(make_draft(**fact), actor=alice, idempotency_key="form-1")
        assert str(refusal.value).startswith(sentence)

    @pytest.mark.parametrize("name", ["\u200b\u2060", "\0", "\u3164", "n" * 201])
    def test_a_name_of_nothing_or_too_long_is_refused(self, alice: User, name: str) -> None:
        with pytest.raises(OrderInvalid, match="Customer name"):
            submission.submit_order(make_draft(customer_name=name), actor=alice, idempotency_key="form-1")

    def test_a_reason_is_cleaned_and_cut_for_row_and_message_alike(self, bob: User, make_order: MakeOrder) -> None:
        order = make_order()
        message = decide.cancel_order(order, actor=bob, reason=f"\x1b[2J\ud800Fraud\u202e\n{'!' * 5000}")
        decision = order.decisions.get()
        assert decision.reason == message.payload["reason"]
        assert decision.reason.startswith("�Fraud\n!!!")
        assert len(decision.reason) == 2000

    @pytest.mark.parametrize("order_id", ["\0", "order-\ud800", "order-\0", "x" * 10_000])
    def test_what_is_no_order_id_is_no_order(self, order_id: str) -> None:
        with pytest.raises(OrderNotFound):
            lookup.read_order(order_id)
        with pytest.raises(OrderNotFound):
            lock_order(order_id)
