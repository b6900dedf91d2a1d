"""What people do with orders: submit, approve, cancel. One verb, one shape: guard, write in one transaction, send.

The decision counts from the moment its row is written; its signal follows through the outbox.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction

from orders import contracts, outbox, permissions, states
from orders.clock import database_now
from orders.drafts import OrderDraft, tidy_draft
from orders.errors import (
    AlreadyDecided,
    DecisionRefused,
    KeyReused,
    OrderError,
    OrderExists,
    OrderInvalid,
    OrderNotFound,
    TooLate,
)
from orders.events import EventKind
from orders.history import add_event, lock_order, write_decision
from orders.idempotency import asks_for, hash_contents
from orders.identifiers import is_order_id, new_identifier
from orders.labels import DECISION_LABELS, STATUS_LABELS
from orders.models import Decision, Order, OrderLine, OutboxMessage
from orders.permissions import Actor, TerminalOperator
from orders.postgres.faults import FAULT_SENTENCES, find_fault
from orders.states import Channel, DecisionKind, Outcome, Status, TroubleCode
from orders.texts import clean_id, clean_text
from orders.troubles import clear_troubles

LONGEST_BULK_SECONDS: Final = 10.0


@dataclass(frozen=True)
class BulkResult:
    """What became of one order of a bulk decision, or, before it, what would; `order` is None for an unknown one."""

    order_id: str
    is_done: bool
    sentence: str
    order: Order | None = None


def submit_order(draft: OrderDraft, *, actor: Actor, idempotency_key: str, order_id: str = "") -> Order:
    """Take an order and have its workflow started; the same order with the same `idempotency_key` again is returned.

    Raises NotAllowed, OrderInvalid for a draft that can never be an order, OrderExists for an `order_id` that is taken,
    KeyReused for a key that has made an order with other contents, another `order_id`, or one that `actor` may not see.
    """
    permissions.check_may_submit(actor)
    draft, idempotency_key = tidy_draft(draft), clean_id(idempotency_key)
    if order_id and not is_order_id(order_id):
        raise OrderInvalid(f"{order_id!r} is no order id: it is `order-` and up to 58 letters, digits, - and _.")
    facts = asdict(draft)
    facts.pop("lines")
    facts |= {"order_id": order_id or new_identifier("order"), "payment_id": new_identifier("pay")}
    facts |= {
        "total": draft.total.minor,
        "contents_hash": hash_contents(draft),
        "submitted_by": actor.get_username(),
        "submitter_account_id": actor.pk,
    }
    lines = [OrderLine(position=position, **asdict(line)) for position, line in enumerate(draft.lines, start=1)]
    with transaction.atomic():
        if Order.objects.filter(order_id=facts["order_id"]).exclude(idempotency_key=idempotency_key).exists():
            raise OrderExists(facts["order_id"])
        try:
            order, is_new = Order.objects.get_or_create(idempotency_key=idempotency_key, defaults=facts)
        except IntegrityError as error:  # somebody took the same order_id a moment ago
            raise OrderExists(facts["order_id"]) from error
        if is_new:
            for line in lines:
                line.order = order
            OrderLine.objects.bulk_create(lines)
            add_event(order, EventKind.SUBMITTED, key="submitted", actor=actor.get_username())
            start = contracts.OrderInput(order.order_id, order.payment_id, settings.ORDER_APPROVAL_TIMEOUT)
            outbox.enqueue(order, key=f"start:{order.order_id}", name=outbox.START, payload=asdict(start))
        else:
            _check_is_repeated(order, draft, actor=actor, order_id=order_id)
    return order


def _check_is_repeated(order: Order, draft: OrderDraft, *, actor: Actor, order_id: str) -> None:
    """Raise KeyReused unless the key's order is what is asked for again, by somebody who may know of it.

    Who may not is refused in the same words whatever they ask for, or they could find out what the order holds.
    """
    if not permissions.may_know_of(actor, order):
        raise KeyReused("")
    if not asks_for(draft, order) or order_id not in {"", order.order_id}:
        raise KeyReused(order.order_id)


def approve_order(order: Order, *, actor: Actor, reason: str = "") -> OutboxMessage:
    """Approve the order, so that its payment is charged and it is shipped.

    Raises NotAllowed, OwnOrder, AlreadyDecided, TooLate, ReasonMissing for an own order.
    """
    return _decide(order, DecisionKind.APPROVE, actor=actor, reason=reason)


def cancel_order(order: Order, *, actor: Actor, reason: str = "") -> OutboxMessage:
    """Have the order cancelled, and its money returned if any was taken.

    Raises NotAllowed, AlreadyDecided, TooLate.
    """
    return _decide(order, DecisionKind.CANCEL, actor=actor, reason=reason)


def check_orders(order_ids: Sequence[str], kind: DecisionKind, *, actor: Actor) -> list[BulkResult]:
    """Tell for each order whether `actor` could decide on it now, and why not. Nothing is written."""
    orders, now = Order.objects.in_bulk(order_ids, field_name="order_id"), database_now()
    results = []
    for order_id in dict.fromkeys(order_ids):
        order = orders.get(order_id)
        try:
            if order is None:
                raise OrderNotFound(order_id)
            permissions.check_may_decide(actor, kind, order)
            check_may_be_decided(order, kind, now=now)
        except OrderError as error:
            results.append(BulkResult(order_id, is_done=False, sentence=str(error), order=order))
        else:
            results.append(BulkResult(order_id, is_done=True, sentence="", order=order))
    return results


def decide_orders(order_ids: Sequence[str], kind: DecisionKind, *, actor: Actor, reason: str = "") -> list[BulkResult]:
    """Take the same decision on several orders, each by itself, and tell what became of each.

    The relay sends them, so that nobody waits for Temporal as often as there are orders. Orders that somebody else
    holds keep nobody waiting for long either: what is left after LONGEST_BULK_SECONDS is not tried.
    """
    orders = Order.objects.in_bulk(order_ids, field_name="order_id")
    end = monotonic() + LONGEST_BULK_SECONDS
    results = []
    for order_id in dict.fromkeys(order_ids):
        try:
            if monotonic() > end:
                raise OrderError("Not tried, because the orders before it took too long. Try it again.")
            if order_id not in orders:
                raise OrderNotFound(order_id)
            message = _decide(orders[order_id], kind, actor=actor, reason=reason, sends_now=False)
            sentence = describe_delivery(message)
            is_done = find_decision(message).outcome != Outcome.TOO_LATE
        except OrderError as error:
            results.append(BulkResult(order_id, is_done=False, sentence=str(error)))
        except (DatabaseError, InterfaceError) as error:
            fault = find_fault(error)
            if fault is None:
                raise
            sentence = f"{FAULT_SENTENCES[fault]} Look at the order before you try it again."
            results.append(BulkResult(order_id, is_done=False, sentence=sentence))
        else:
            results.append(BulkResult(order_id, is_done, sentence))
    return results


def find_decision(message: OutboxMessage) -> Decision:
    """Return the decision that a message carries, with what is known by now of its outcome and its delivery."""
    message.refresh_from_db(fields=["status", "last_error"])
    decision: Decision = Decision.objects.get(decision_id=message.payload["decision_id"])
    return decision


def describe_delivery(message: OutboxMessage) -> str:
    """Say in a sentence what a person may trust after a decision: that it is known, on its way, or came too late."""
    decision = find_decision(message)
    if decision.outcome == Outcome.TOO_LATE:
        return "Too late: the order had come to its end before the decision reached it."
    done = DECISION_LABELS[DecisionKind(decision.kind)]
    if message.status == OutboxMessage.Status.PENDING:
        return f"{done}. The decision is kept and on its way to the workflow."
    if message.status == OutboxMessage.Status.REFUSED:
        return f"{done}. The decision is kept, but cannot be sent to the workflow: {message.last_error}"
    return f"{done}. The workflow has been told." if decision.outcome == Outcome.PENDING else f"{done}."


def check_may_be_decided(order: Order, kind: DecisionKind, *, now: datetime) -> None:
    """Raise AlreadyDecided or TooLate when the decision could have no effect on the order as it stands."""
    status = Status(order.status)
    if order.decision == kind and order.is_open:
        raise AlreadyDecided(f"{_who_and_when(order)}.")
    if kind == DecisionKind.APPROVE and order.is_cancel_requested:
        raise TooLate(f"Too late to approve: {_who_and_when(order)}.")
    if status not in (states.APPROVABLE if kind == DecisionKind.APPROVE else states.CANCELLABLE):
        decided = f" {_who_and_when(order)}." if order.decision else ""
        raise TooLate(f"Too late to {kind}: the order is {str(STATUS_LABELS[status]).lower()}.{decided}")
    deadline = order.approval_deadline
    if kind == DecisionKind.APPROVE and deadline is not None and deadline <= now:
        raise TooLate(f"Too late to approve: the deadline was {deadline:%d %b %Y %H:%M} UTC.")


def may_be_decided(order: Order, kind: DecisionKind, *, now: datetime) -> bool:
    """Tell whether the decision could have an effect on the order as it stands; buttons ask this."""
    try:
        check_may_be_decided(order, kind, now=now)
    except DecisionRefused:
        return False
    return True


def _decide(order: Order, kind: DecisionKind, *, actor: Actor, reason: str, sends_now: bool = True) -> OutboxMessage:
    permissions.check_may_decide(actor, kind, order)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        check_may_be_decided(locked, kind, now=database_now())
        decision = contracts.Decision(decision_id=str(uuid4()), actor=actor.get_username(), reason=clean_text(reason))
        permissions.check_has_reason(actor, kind, locked, decision.reason)
        is_terminal = isinstance(actor, TerminalOperator)
        write_decision(
            locked,
            kind,
            decision,
            channel=Channel.TERMINAL if is_terminal else Channel.CONSOLE,
            account_id=actor.pk,
            terminal_user=actor.shell_user if isinstance(actor, TerminalOperator) else "",
            is_own_order=permissions.needs_reason(actor, kind, locked),
        )
        clear_troubles(locked, [TroubleCode.MONEY_TAKEN])  # a person knows now, and has decided
        key = outbox.decision_key(decision.decision_id)
        name = contracts.SIGNALS[kind]
        return outbox.enqueue(locked, key=key, name=name, payload=asdict(decision), sends_now=sends_now)


def _who_and_when(order: Order) -> str:
    verb = "approved the order" if order.is_approved else "asked to cancel the order"
    return f"{order.decider} {verb} on {order.decided_at:%d %b %Y at %H:%M} UTC"
