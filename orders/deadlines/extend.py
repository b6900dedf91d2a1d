"""Extending the deadline of an order that waits for a decision, with a reason.

An extension counts from the moment its row is written. Its signal follows through the outbox and has the workflow ask
the tables; a run that never hears of it learns of it when its own deadline has passed.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from orders import contracts, permissions
from orders.decisions.rules import describe_decision, write_moment
from orders.engine import outbox
from orders.errors import DecisionRefused, OrderInvalid, TooLate
from orders.events import EventKind, Fact
from orders.labels.statuses import name_status
from orders.lifecycle.history import Event, write_events
from orders.lifecycle.lookup import Question, lock_order_and_ask, read_open_order
from orders.models import Order, OutboxMessage, Payment
from orders.payments.authorise import CAPTURE_TAKES
from orders.permissions import Actor, TerminalOperator
from orders.postgres.clock import NOW
from orders.states import APPROVABLE, Status
from orders.texts import clean_text

# What is left for charging and shipping before Temporal closes a run, see ORDER_WORKFLOW_TIMEOUT.
LEFT_TO_FINISH: Final = timedelta(days=1)
HELD_UNTIL: Final = "(SELECT authorised_until FROM orders_payment WHERE order_id = orders_order.id)"
QUESTIONS: Final = tuple(map(Question, (NOW, HELD_UNTIL, outbox.HAS_MESSAGES)))
MOST_HOURS: Final = 10_000


def extend_deadline(
    order: Order,
    *,
    actor: Actor,
    reason: str,
    hours: int | None = None,
    until: datetime | None = None,
    seen: datetime | None = None,
    sends_now: bool = True,
) -> OutboxMessage:
    """Have the order wait longer for its decision: so many `hours` more, or `until` then.

    `seen` is the deadline that the person knew. Raises NotAllowed, OrderInvalid for a time or a reason that cannot be
    meant, TooLate once the order is decided or its deadline has passed, DecisionRefused before it waits for a decision
    and where somebody else was faster.
    """
    permissions.check_may_extend(actor, order)
    said = clean_text(reason)
    if not said:
        raise _invalid("reason", _("Say why the deadline is extended."))
    with transaction.atomic():
        locked, (now, held_until, has_messages) = lock_order_and_ask(order.order_id, *QUESTIONS)
        refusal = find_refusal(locked, now=now)
        if refusal is not None:
            raise refusal
        if seen is not None and seen != locked.approval_deadline:
            sentence = _("Somebody has extended the deadline to %(deadline)s since you opened this page.")
            raise DecisionRefused(sentence % {"deadline": write_moment(locked.approval_deadline)})
        new = _read_deadline(locked, hours=hours, until=until)
        latest, is_held = find_latest(locked, held_until)
        if new > latest:
            raise _invalid("hours" if until is None else "until", _describe_latest(latest, is_held=is_held))
        return _write_extension(locked, new, actor, said, sends_now=sends_now, is_alone=not has_messages)


def find_refusal(order: Order, *, now: datetime) -> DecisionRefused | None:
    """Return why the order's deadline cannot be extended, whoever asks, or None when it can."""
    if order.decision:
        return TooLate(_("Too late to extend the deadline: %(decided)s.") % {"decided": describe_decision(order)})
    if order.status not in APPROVABLE:
        sentence = _("Too late to extend the deadline: the order is %(status)s.")
        return TooLate(sentence % {"status": name_status(order.status)})
    if order.status != Status.PENDING_MANUAL_APPROVAL or order.approval_deadline is None:
        return DecisionRefused(_("The order does not wait for a decision yet, so it has no deadline to extend."))
    if order.approval_deadline <= now:
        sentence = _("Too late to extend the deadline: it was %(deadline)s.")
        return TooLate(sentence % {"deadline": write_moment(order.approval_deadline)})
    return None


def find_latest(order: Order, held_until: datetime | None) -> tuple[datetime, bool]:
    """Return the latest deadline that the order can have, and whether that is because of what is held for it."""
    latest = order.created_at + timedelta(seconds=settings.ORDER_WORKFLOW_TIMEOUT) - LEFT_TO_FINISH
    if held_until is not None and held_until - CAPTURE_TAKES < latest:
        return held_until - CAPTURE_TAKES, True
    return latest, False


def _describe_latest(latest: datetime, *, is_held: bool) -> str:
    """Say until when the order can wait at most, and why."""
    sentence = (
        _("The deadline can be %(latest)s at most: the customer's money is held for little longer.")
        if is_held
        else _("The deadline can be %(latest)s at most: no order waits longer.")
    )
    return sentence % {"latest": write_moment(latest)}


def find_hold(order: Order) -> datetime | None:
    """Return until when the customer's money is held for the order; None where it is not."""
    return Payment.objects.filter(order=order).values_list("authorised_until", flat=True).first()


def read_until(text: str) -> datetime:
    """Return the time that somebody wrote by ISO 8601; without a zone it is in UTC. Raises OrderInvalid."""
    try:
        time = datetime.fromisoformat(text.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _invalid("until", _("Write the time as 2026-11-30T18:00, in UTC, or with its zone.")) from error


def confirm_deadline(command: contracts.ConfirmDeadline) -> contracts.DeadlineConfirmed:
    """Answer until when the order waits for a decision. Raises OrderNotFound, OrderClosed."""
    deadline = read_open_order(command.order_id).approval_deadline
    return contracts.DeadlineConfirmed(deadline.isoformat() if deadline is not None else "")


def _read_deadline(order: Order, *, hours: int | None, until: datetime | None) -> datetime:
    """Return the new deadline. Raises OrderInvalid for one that is not later than the order's."""
    old = order.approval_deadline or order.created_at
    if (hours is None) == (until is None):
        raise _invalid("hours", _("Say by how many hours, or until when, and not both."))
    if until is None:
        if hours is None or not 1 <= hours <= MOST_HOURS:
            raise _invalid("hours", _("Enter a whole number of hours, at least 1."))
        return old + timedelta(hours=hours)
    if until <= old:
        sentence = _("Enter a time later than the deadline that the order has, %(deadline)s.")
        raise _invalid("until", sentence % {"deadline": write_moment(old)})
    return until


def _write_extension(
    order: Order, new: datetime, actor: Actor, reason: str, *, sends_now: bool, is_alone: bool
) -> OutboxMessage:
    """Write the new deadline, its event, and the message that has the workflow ask for it."""
    key, name = f"extended:{uuid4()}", actor.get_username()
    message, written = outbox.prepare(
        order,
        key=key,
        name=contracts.EXTEND_SIGNAL,
        payload=asdict(contracts.DeadlineExtended(new.isoformat(), name, reason)),
        sends_now=sends_now,
        is_alone=is_alone,
    )
    old = order.approval_deadline
    facts: dict[str, Fact] = {
        "channel": permissions.find_channel(actor).value,
        "old": old.isoformat() if old is not None else "",
        "new": new.isoformat(),
        "reason": reason,
    }
    if isinstance(actor, TerminalOperator) and actor.shell_user:
        facts["terminal_user"] = actor.shell_user
    event = Event(EventKind.DEADLINE_EXTENDED, key, facts, name)
    write_events(order, [event], changes={"approval_deadline": new}, parts=[written])
    return message


def _invalid(field: str, sentence: str) -> OrderInvalid:
    return OrderInvalid(sentence, fields={field: sentence})
