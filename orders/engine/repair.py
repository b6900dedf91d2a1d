"""Plans the run that follows one which ended before its order did, or of which the tables say something else.

The tables, the gateway and the carrier say where the order stands, and the earlier run what people decided. A run that
somebody ended is cleaned up after: the money goes back and the order is cancelled, unless the parcel is out. After any
other the order goes on where it stands; every step asks the outside world before it repeats anything. What nobody can
know waits for a person, with the reason on the order's page.
"""

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from orders import contracts
from orders.causes import ENDING_CAUSES
from orders.engine import runs, temporal
from orders.engine.temporal import Ending, Run
from orders.errors import OrderError, TemporalAway
from orders.events import EventKind, Fact
from orders.labels import describe_ending
from orders.lifecycle.decisions import is_bound_to_accounts
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.lifecycle.troubles import raise_trouble
from orders.models import Order, Payment
from orders.payments.charge import adopt_charge
from orders.postgres.clock import database_now
from orders.shipping import ship
from orders.states import DecisionKind, ReasonCode, Status, TroubleCode

logger = logging.getLogger(__name__)

# Somebody or something outside ended these; the order is not to go on as if nothing had been.
ENDED_FROM_OUTSIDE: Final = frozenset({Ending.TERMINATED, Ending.TIMED_OUT, Ending.CANCELLED, Ending.UNKNOWN})
# After so many runs of one order that ended before it, each next one waits longer, and people are told.
QUICK_REPAIRS: Final = 3
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)


def plan_repair(order_id: str, run: Run | None) -> contracts.OrderInput | None:
    """Write that the order gets a new run, and return what to start it with; None when it needs none, or not yet.

    Raises OrderError when the gateway or the carrier does not answer, TemporalAway.
    """
    ending = run.ending if run is not None else None
    answer = _ask_earlier_run(order_id, run)
    if ending not in ENDED_FROM_OUTSIDE:
        adopt_charge(order_id)
        ship.adopt_shipment(order_id)
    with transaction.atomic():
        order = lock_order(order_id)
        if not order.is_open or _has_to_wait(order):
            return None
        goes_on = _goes_on(order, ending, answer)
        number = order.events.filter(kind=EventKind.RUN_REPLACED).count() + 1
        run_id = run.run_id if run else order.run_id
        facts: dict[str, Fact] = {"run_id": run_id, "ending": ending or "", "goes_on": goes_on}
        add_event(order, EventKind.RUN_REPLACED, facts, key=f"repaired:{number}:{run_id}")
        new = _go_on(order, run, answer) if goes_on else _clean_up(order, ending, answer)
    then = "continues" if goes_on else "is being cancelled"
    logger.warning("%s: %s The order %s.", order_id, describe_ending(ending or ""), then)
    return new


def _ask_earlier_run(order_id: str, run: Run | None) -> contracts.StatusAnswer | None:
    """Return the last status answer of a run that was not stopped from outside, if it is still available."""
    if run is not None and run.ending == Ending.COMPLETED:
        return runs.read_ending(order_id, run.run_id)
    if run is None or run.ending != Ending.FAILED:
        return None
    try:
        return temporal.query_status(order_id)
    except TemporalAway:
        raise
    except OrderError as error:  # its history may be what failed it
        logger.info("%s: the failed run is not answering: %s", order_id, error)
        return None


def _has_to_wait(order: Order) -> bool:
    """Tell whether run after run of the order ends before it, so that the next one is not due yet."""
    repairs = order.events.filter(kind=EventKind.RUN_REPLACED).order_by("-id")
    count, latest = repairs.count(), repairs.first()
    if count < QUICK_REPAIRS or latest is None:
        return False
    raise_trouble(order, TroubleCode.RUN_LOST)
    pause = min(FIRST_PAUSE * 2 ** min(count - QUICK_REPAIRS, 10), LONGEST_PAUSE)
    return bool(latest.at + pause > database_now())


def _goes_on(order: Order, ending: Ending | None, answer: contracts.StatusAnswer | None) -> bool:
    if ending in ENDED_FROM_OUTSIDE:
        return order.status == Status.DISPATCHED
    if order.is_cancel_requested or order.status == Status.CANCELLING:
        return False
    return answer is None or answer.status != Status.CANCELLED


def _go_on(order: Order, run: Run | None, answer: contracts.StatusAnswer | None) -> contracts.OrderInput:
    """Describe the order as it stands, for a run that passes over what was done."""
    decision = _find_approval(order, run, answer)
    has_payment = Payment.objects.filter(order=order).exclude(status=Payment.Status.NOTHING_DUE).exists()
    if decision is None and has_payment:
        raise_trouble(order, TroubleCode.MONEY_TAKEN)
    known = order.approval_deadline.isoformat() if order.approval_deadline else ""
    return contracts.OrderInput(
        order.order_id,
        order.payment_id,
        approval_seconds=settings.ORDER_APPROVAL_TIMEOUT,
        deadline=known or (answer.deadline if answer and answer.deadline else ""),
        decision=decision,
        is_refund_due=has_payment,
        total=order.total,
        currency=order.currency,
    )


def _find_approval(order: Order, run: Run | None, answer: contracts.StatusAnswer | None) -> contracts.Decision | None:
    """Return the approval that the row knows, or else the earlier run."""
    if order.is_approved:
        decision = order.decisions.get(decision_id=order.decision_id)
        return contracts.Decision(decision.decision_id, decision.actor, decision.reason)
    if run is None or answer is None or not answer.approved or not settings.ACCEPT_OUTSIDE_DECISIONS:
        return None
    if is_bound_to_accounts(order):
        return None
    last = answer.last_decision
    if last is not None and last.kind == DecisionKind.APPROVE:
        return contracts.Decision(last.decision_id, last.actor, last.reason)
    return contracts.Decision(f"run-{run.run_id}", contracts.EARLIER_RUN_ACTOR)


def _clean_up(order: Order, ending: Ending | None, answer: contracts.StatusAnswer | None) -> contracts.OrderInput:
    """Describe a run that gives the money back and cancels the order, for the reason that is known best."""
    code, cause, reason, decision = ReasonCode.STAFF, "", "", None
    if order.status == Status.CANCELLING:
        code, cause, reason = ReasonCode(order.reason_code), order.cause, order.reason
    elif order.is_cancel_requested:
        reason = order.decisions.get(decision_id=order.decision_id).reason
    elif ending == Ending.COMPLETED and answer is not None and answer.reason_code in set(ReasonCode):
        code, cause, reason = ReasonCode(answer.reason_code), answer.cause, answer.reason_text
        last = answer.last_decision
        if last is not None and last.kind == DecisionKind.CANCEL and last.outcome != contracts.Answer.TOO_LATE:
            decision = contracts.Decision(last.decision_id, last.actor, last.reason)
    return contracts.OrderInput(
        order.order_id,
        order.payment_id,
        decision=decision,
        compensate_for=reason,
        compensate_code=code,
        compensate_cause=cause or ("" if reason else ENDING_CAUSES[ending or ""]),
        total=order.total,
        currency=order.currency,
    )
