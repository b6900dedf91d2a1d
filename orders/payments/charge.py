"""The charge of an order's payment.

A charge cannot be one transaction, because the gateway is not part of it. It is two: first the payment and the attempt
are written, then the gateway is called with the payment_id as idempotency key, then the answer is written. An attempt
whose answer never came leaves the payment UNKNOWN, and the next one asks the gateway before it charges. The gateway's
own id of the payment is written before any money may move under it. Where the shop had the payment authorised, that is
captured in place of a charge.

An order whose total is zero has a payment too, which says so; no gateway is called for it.
"""

from dataclasses import asdict, dataclass, replace
from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import contracts
from orders.errors import OutsideWorldFailed, PaymentDeclined, PaymentUndecided
from orders.events import EventKind
from orders.lifecycle.decisions import accept_approval, judge_approval, record_decision, refuse_approval
from orders.lifecycle.history import Event, add_event, write_events
from orders.lifecycle.lookup import (
    LINES,
    Question,
    check_is_open,
    lock_open_order,
    lock_order,
    lock_order_and_ask,
    read_lines,
    read_order,
)
from orders.lifecycle.statuses import advance
from orders.lifecycle.troubles import clear_troubles, raise_trouble
from orders.models import Order, Payment, PaymentAttempt
from orders.payments.attempts import (
    MISMATCH,
    UNDECIDED,
    Call,
    accept_authorisation,
    ask_payment,
    call_gateway,
    close_free_payment,
    describe_payment,
    facts_of,
    find_mismatch,
    is_authorised_by_shop,
    new_payment,
    open_payment,
    prepare_call,
    read_payment,
)
from orders.payments.gateways import registry
from orders.payments.gateways.interface import Charge, Outcome, PaymentGateway
from orders.policy.approvals import find_counting
from orders.postgres.parts import Part, execute, insert, update
from orders.states import DecisionKind, Status, TroubleCode, is_at_or_past
from orders.texts import LONGEST_REFERENCE, clean_id, clean_line

# What asks the gateway to take or to hold money.
TAKING: Final = (PaymentAttempt.Kind.CHARGE, PaymentAttempt.Kind.AUTHORISE, PaymentAttempt.Kind.CAPTURE)
WAS_TRIED: Final = "EXISTS (SELECT FROM orders_paymentattempt WHERE payment_id = %s AND kind = ANY(%s))"
# For which order a decision is written down.
OWNER: Final = "(SELECT order_id FROM orders_decision WHERE decision_id = %s)"


@dataclass(frozen=True)
class NotEnough:
    """Nothing is charged yet: these approvals count, by their ids, and they are not as many as are needed."""

    counting: tuple[str, ...]
    approvals_needed: int


def charge_payment(command: contracts.ChargePayment) -> contracts.PaymentCharged:
    """Charge the order's payment exactly once, however often this is called, unless its approval does not count.

    Raises PaymentDeclined when the gateway refuses for good, PaymentUndecided while it does not know yet,
    OutsideWorldFailed when the outcome is unknown, OrderNotFound, OrderClosed, IllegalTransition.
    """
    call = _begin_charge(command)
    if isinstance(call, NotEnough):
        return contracts.PaymentCharged(command.payment_id, 0, "", "", is_approval_refused=True, **asdict(call))
    if call is None:
        return _charged(Payment.objects.get(payment_id=command.payment_id))
    charge, finished = call_gateway(call, lambda gateway: _charge_once(call, gateway))
    if charge.outcome == Outcome.CHARGED:
        return _write_charge(command, charge, finished)
    execute(finished)
    if charge.outcome in {Outcome.DECLINED, Outcome.CLOSED}:
        _write_decline(command, charge)
        raise PaymentDeclined(charge.text or _("The gateway declined the charge."))
    _write_wait(command, charge)
    raise PaymentUndecided(_("The gateway has not decided on the charge yet."))


def adopt_charge(order_id: str) -> None:
    """Record a charge that the gateway has and the tables lack, as after a restore from an older copy.

    It stands as an attempt without an answer, so that the next charge asks the gateway first and a refund finds it.
    """
    order = read_order(order_id)
    if order.is_free or Payment.objects.filter(order=order).exists():
        return
    name = next((name for name in registry.list_gateways() if _has_charged(name, order)), "")
    if not name:
        return
    with transaction.atomic():
        order = lock_open_order(order_id)
        payment = new_payment(order, order.payment_id, gateway=name)
        execute(insert(payment, unless_known=True))
        if not PaymentAttempt.objects.filter(payment=payment, kind__in=TAKING).exists():
            kind = PaymentAttempt.Kind.CHARGE
            PaymentAttempt.objects.create(
                payment=payment, kind=kind, request_hash=payment.request_hash, finished_at=Now()
            )
            add_event(order, EventKind.CHARGE_FOUND, key=f"adopted:{payment.payment_id}")


def _has_charged(name: str, order: Order) -> bool:
    """Tell whether the gateway ever took money for the order's payment, also where it was given back since."""
    request = describe_payment(order, Payment(payment_id=order.payment_id))
    charge = registry.find_gateway(name).find(request, "")
    return charge is not None and charge.charged > 0


@transaction.atomic
def _begin_charge(command: contracts.ChargePayment) -> Call | NotEnough | None:
    """Write the approval, the payment and the attempt; None when the payment is charged, or there is nothing due.

    Where the approval does not count, or is not enough, that is written, and which count is returned.
    """
    claimed, key = clean_id(command.decision.decision_id), command.payment_id
    order, (known, was_tried, lines, owner) = lock_order_and_ask(
        command.order_id, ask_payment(key), Question(WAS_TRIED, (key, [*TAKING])), LINES, Question(OWNER, (claimed,))
    )
    check_is_open(order)
    if order.status == Status.CANCELLING:
        raise PaymentDeclined(_("The order is being cancelled."))
    refusal = judge_approval(order, command.decision)
    if refusal is not None:
        refuse_approval(order, command.decision, refusal)
        return _describe_missing(order)
    is_recorded = owner == order.pk
    accepted = accept_approval(
        order, claimed if is_recorded else record_decision(order, DecisionKind.APPROVE, command.decision)
    )
    if order.approvals_needed > 1 and not order.is_approved:
        execute(accepted)
        return _describe_missing(order)
    payment, opened = read_payment(known), []
    if payment is None:
        # INSERT ... ON CONFLICT DO NOTHING: the payment_id was fixed when the order was submitted.
        payment = new_payment(order, command.payment_id)
        opened = [insert(payment, unless_known=True)]
    if order.is_free or payment.status == Payment.Status.CHARGED:
        advance(order, Status.CHARGING_PAYMENT, parts=[accepted, *opened])
        if order.is_free:
            _close_free_order(order, payment)
        return None
    is_held = payment.status == Payment.Status.AUTHORISED or is_authorised_by_shop(order)
    kind = PaymentAttempt.Kind.CAPTURE if is_held else PaymentAttempt.Kind.CHARGE
    call = prepare_call(order, payment, kind, read_lines(order, lines), is_first=not was_tried)
    advance(order, Status.CHARGING_PAYMENT, parts=[accepted, *opened, insert(call.attempt)])
    return call


def _describe_missing(order: Order) -> NotEnough:
    """Return which approvals count so far; where one is needed there is none."""
    counting = find_counting(order) if order.approvals_needed > 1 else ()
    return NotEnough(tuple(each.decision_id for each in counting), order.approvals_needed)


def _close_free_order(order: Order, payment: Payment) -> None:
    """Write that an order costs nothing, and that it is paid with that."""
    close_free_payment(payment)
    nothing_due = Event(EventKind.NOTHING_TO_CHARGE, f"charged:{payment.payment_id}")
    advance(order, Status.PAID, after=[nothing_due])


def _charge_once(call: Call, gateway: PaymentGateway) -> Charge:
    """Charge, or capture what the shop had authorised; the amount that was taken is the order's total."""
    is_held = registry.find_holder(call.request.payment_method) is not None
    charge = _capture(call, gateway) if is_held else _charge(call, gateway)
    if charge.outcome == Outcome.CHARGED and charge.charged != call.request.money.minor:
        sentence = _("The gateway answered with a charge of %(amount)s minor units.")
        raise OutsideWorldFailed(sentence % {"amount": charge.charged})
    return charge


def _capture(call: Call, gateway: PaymentGateway) -> Charge:
    """Capture what is held, once the gateway has said that it is, and for how much."""
    known = accept_authorisation(call, gateway)
    if known.outcome != Outcome.AUTHORISED:
        return known
    if mismatch := find_mismatch(known.held, call.request.money):
        return replace(known, outcome=Outcome.DECLINED, code=MISMATCH, text=mismatch)
    return gateway.capture(call.request, call.reference or known.reference)


def _charge(call: Call, gateway: PaymentGateway) -> Charge:
    """Charge, but ask the gateway first when an earlier attempt may have taken effect."""
    known = None if call.is_first else gateway.find(call.request, call.reference)
    if known is None or known.outcome == Outcome.OPEN:
        try:
            reference = call.reference or open_payment(call.request, gateway, known)
        except PaymentDeclined as refusal:
            return Charge(Outcome.DECLINED, code=refusal.code, text=str(refusal))
        return gateway.charge(call.request, reference)
    if known.outcome == Outcome.AUTHORISED:
        return gateway.capture(call.request, call.reference or known.reference)
    return known


@transaction.atomic
def _write_charge(command: contracts.ChargePayment, charge: Charge, finished: Part) -> contracts.PaymentCharged:
    """Write the charge, unless the order was cancelled while the gateway took its time: then the refund knows more."""
    order, (known,) = lock_order_and_ask(command.order_id, ask_payment(command.payment_id))
    payment, events, parts = read_payment(known), [], [finished]
    if payment is None:
        raise Payment.DoesNotExist(command.payment_id)
    found_by = ""
    was_waiting = payment.status == Payment.Status.REQUIRES_ACTION
    if payment.status in UNDECIDED:
        found_by = "" if payment.gateway_reference else clean_line(charge.reference, LONGEST_REFERENCE)
        reference = payment.gateway_reference or found_by
        payment.status, payment.gateway_reference = Payment.Status.CHARGED, reference
        answer = {"status": payment.status, "gateway_reference": reference, "updated_at": Now()}
        parts.append(update(Payment, answer, payment_id=payment.payment_id))
        facts = facts_of(payment.amount_money, reference)
        events.append(Event(EventKind.CHARGED, f"charged:{payment.payment_id}", facts))
    if is_at_or_past(Status(order.status), Status.CANCELLING):
        write_events(order, events, found_by=found_by, parts=parts)
    else:
        advance(order, Status.PAID, after=events, found_by=found_by, parts=parts)
    if was_waiting:
        clear_troubles(order, [TroubleCode.CUSTOMER_ACTION])
    return _charged(payment)


@transaction.atomic
def _write_decline(command: contracts.ChargePayment, charge: Charge) -> None:
    order = lock_order(command.order_id)
    declined = Payment.objects.filter(payment_id=command.payment_id, status__in=UNDECIDED)
    # What is held even so is released by the cancellation that follows.
    if charge.held is not None or declined.update(status=Payment.Status.DECLINED, updated_at=Now()):
        facts = {"error": charge.text, "code": charge.code}
        add_event(order, EventKind.CHARGE_DECLINED, facts, key=f"declined:{command.payment_id}")
        clear_troubles(order, [TroubleCode.CUSTOMER_ACTION])


@transaction.atomic
def _write_wait(command: contracts.ChargePayment, charge: Charge) -> None:
    """Write that the gateway has not decided, and tell people when it waits for the customer."""
    order = lock_order(command.order_id)
    needs_customer = charge.outcome == Outcome.REQUIRES_ACTION
    status = Payment.Status.REQUIRES_ACTION if needs_customer else Payment.Status.PENDING
    waiting = Payment.objects.filter(payment_id=command.payment_id, status__in=UNDECIDED).exclude(status=status)
    if waiting.update(status=status, updated_at=Now()) and needs_customer and order.is_open:
        raise_trouble(order, TroubleCode.CUSTOMER_ACTION)


def _charged(payment: Payment) -> contracts.PaymentCharged:
    return contracts.PaymentCharged(payment.payment_id, payment.amount, payment.currency, payment.gateway_reference)
