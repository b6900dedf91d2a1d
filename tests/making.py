"""Builds people and orders for tests, with the project's own verbs, so that every row has a true history."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.db import transaction

from orders import contracts
from orders.decisions import closing, decide
from orders.engine.audit import Discrepancy, audit_orders
from orders.intake import receipt, submission
from orders.intake.drafts import LineDraft, OrderDraft
from orders.lifecycle import statuses
from orders.lifecycle.lookup import lock_order
from orders.models import Order, OutboxMessage
from orders.payments import charge, refund
from orders.postgres.clock import database_now
from orders.shipping import ship
from orders.states import HAPPY_PATH, DecisionKind, ReasonCode, Status, is_at_or_past

ONE_LINE = (LineDraft(sku="MUG-1", description="Mug", quantity=2, unit_price=1250),)


def make_user(name: str, role: str = "", *, is_superuser: bool = False) -> User:
    """Return the person of this name, with the role's group."""
    user, is_new = User.objects.get_or_create(
        username=name, defaults={"is_superuser": is_superuser, "is_staff": is_superuser}
    )
    if is_new:
        user.set_password("demo")
        user.save()
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def make_draft(**changes: Any) -> OrderDraft:
    """Return a valid draft of 25.00 EUR, with `changes`."""
    facts: dict[str, Any] = {
        "customer_name": "Emma Example",
        "customer_email": "emma@example.com",
        "address_line": "Long Street 1",
        "address_postcode": "10115",
        "address_city": "Berlin",
        "address_country": "DE",
        "currency": "EUR",
        "lines": ONE_LINE,
    }
    return OrderDraft(**facts | changes)


def submit(number: int = 0) -> Order:
    """Submit an order as alice, through the outbox, for a test in which Temporal takes it from there."""
    return submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key=f"form-{number}")


class MakeOrder(Protocol):
    """The `make_order` fixture."""

    def __call__(self, status: str = ..., **changes: Any) -> Order: ...


@dataclass(frozen=True)
class Colleague:
    """Somebody at the console who may do everything; the account is one that nobody else has."""

    name: str
    pk: int | None = 1_000_000
    is_superuser: bool = True

    def get_username(self) -> str:
        return self.name

    def has_perm(self, perm: str, /) -> bool:
        return True


def approve(order: Order, *, by: str = "bob") -> Order:
    """Have the order approved, unless it is decided; it cannot be charged otherwise."""
    if not Order.objects.get(pk=order.pk).decision:
        decide.take_decision(order, DecisionKind.APPROVE, actor=Colleague(by), reason="", sends_now=False)
    return order


@transaction.atomic
def build_order(
    status: str = Status.PENDING_MANUAL_APPROVAL,
    *,
    submitted_by: str = "alice",
    decided_by: str = "bob",
    reason_code: str = ReasonCode.STAFF,
    reason: str = "Customer called",
    cancelled_from: str = Status.PENDING_MANUAL_APPROVAL,
    deadline_seconds: float = 3600,
    key: str = "",
    order_id: str = "",
    is_delivered: bool = True,
    **changes: Any,
) -> Order:
    """Return an order that has come to `status` in the ordinary way, or by cancellation from `cancelled_from`.

    It is a row without a run: Temporal is not told of it, even where one is there. With `is_delivered` its messages
    are marked as sent.
    """
    order = submission.submit_order(
        make_draft(**changes),
        actor=Colleague(submitted_by, pk=None),
        idempotency_key=key or str(uuid4()),
        order_id=order_id,
        sends_now=False,
    )
    goal = Status(status)
    if goal in HAPPY_PATH:
        _walk(order, goal, decided_by, deadline_seconds)
    else:
        _walk(order, Status(cancelled_from), decided_by, deadline_seconds)
        _cancel(order, goal, decided_by, reason_code, reason)
    if is_delivered:
        order.outbox_messages.update(status=OutboxMessage.Status.DELIVERED)
    order.refresh_from_db()
    return order


def _walk(order: Order, goal: Status, decided_by: str, deadline_seconds: float) -> None:
    """Do what the workflow does, step by step, until the order is at `goal`."""
    shipment_id = contracts.shipping_workflow_id(order.order_id)
    deadline = (database_now() + timedelta(seconds=deadline_seconds)).isoformat()
    steps: list[tuple[Status, Callable[[], object]]] = [
        (Status.CREATED, lambda: receipt.receive_order(contracts.ReceiveOrder(order.order_id, "run"))),
        (Status.VALIDATED, lambda: statuses.advance(lock_order(order.order_id), Status.VALIDATED)),
        (
            Status.PENDING_MANUAL_APPROVAL,
            lambda: receipt.validate_order(contracts.ValidateOrder(order.order_id, deadline)),
        ),
        (Status.CHARGING_PAYMENT, lambda: approve(order, by=decided_by)),
        (
            Status.PAID,
            lambda: charge.charge_payment(contracts.ChargePayment(order.order_id, order.payment_id)),
        ),
        (
            Status.PACKAGE_PREPARED,
            lambda: ship.prepare_package(contracts.PreparePackage(order.order_id)),
        ),
        (
            Status.DISPATCHED,
            lambda: ship.dispatch_carrier(contracts.DispatchCarrier(order.order_id, shipment_id)),
        ),
        (Status.COMPLETED, lambda: closing.complete_order(contracts.CompleteOrder(order.order_id))),
    ]
    for status, step in steps:
        if is_at_or_past(goal, status):
            step()
    if goal == Status.CHARGING_PAYMENT:
        charge._begin_charge(contracts.ChargePayment(order.order_id, order.payment_id))


def _cancel(order: Order, goal: Status, decided_by: str, reason_code: str, reason: str) -> None:
    if reason_code == ReasonCode.STAFF:
        by = Colleague(decided_by)
        decide.take_decision(order, DecisionKind.CANCEL, actor=by, reason=reason, sends_now=False)
    facts: dict[str, Any] = {"order_id": order.order_id, "reason_code": reason_code, "reason": reason}
    refund.refund_payment(contracts.RefundPayment(payment_id=order.payment_id, **facts))
    if goal == Status.CANCELLED:
        closing.process_cancellation(contracts.ProcessCancellation(**facts))


def find_disagreements() -> list[Discrepancy]:
    """Return what the audit finds about this test's orders; the server also knows runs that other tests left."""
    known = set(Order.objects.values_list("order_id", flat=True))
    return [found for found in audit_orders().discrepancies if found.order_id in known]
