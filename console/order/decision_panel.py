"""The decision panel: what a user may decide on an order, the consequence, and what was decided."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from console.order.facts import PageFacts
from orders import permissions
from orders.deadlines.extend import find_refusal
from orders.decisions.rules import describe_personal, find_obstacle, may_be_decided
from orders.decisions.withdraw import may_be_withdrawn
from orders.errors import OwnOrder
from orders.events import EventKind
from orders.models import Order, OrderEvent, Payment, Shipment
from orders.payments.attempts import UNDECIDED
from orders.states import WITHDRAWN, DecisionKind


@dataclass(frozen=True)
class DecisionPanel:
    """What the user may decide on the order now, the consequence, and what was decided."""

    may_approve: bool
    needs_reason: bool
    may_cancel: bool
    may_withdraw: bool
    may_extend: bool
    why_not_approve: str
    consequence: str
    is_decided: bool
    is_approved: bool
    is_withdrawn: bool
    own_reason: str
    hint: str
    next_order: Order | None = None
    escalated: OrderEvent | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether the panel has nothing else to say."""
        return not (self.is_decided or self.may_approve or self.may_cancel or self.may_withdraw or self.hint)


def build_decision_panel(facts: PageFacts, user: User) -> DecisionPanel:
    """Return the panel for `user`, with only what they may do."""
    order, now = facts.order, facts.status.now
    has_approve = permissions.may_decide(user, DecisionKind.APPROVE)
    is_undecided = may_be_decided(order, DecisionKind.APPROVE, now=now)
    is_approvable = has_approve and is_undecided
    needs_reason = permissions.needs_reason(user, DecisionKind.APPROVE, order)
    refusal = _find_refusal(facts, user) if is_approvable else ""
    is_cancellable = may_be_decided(order, DecisionKind.CANCEL, now=now)
    may_cancel = permissions.may_decide(user, DecisionKind.CANCEL) and is_cancellable
    may_withdraw = not may_cancel and may_be_withdrawn(order, user)
    hint = _("An approver decides on this order.") if is_undecided and not has_approve else ""
    return DecisionPanel(
        may_approve=is_approvable and not refusal,
        needs_reason=needs_reason,
        may_cancel=may_cancel,
        may_withdraw=may_withdraw,
        may_extend=permissions.may_extend(user, order) and find_refusal(order, now=now) is None,
        why_not_approve=refusal,
        consequence=describe_consequence(order, facts.payment, facts.shipment) if may_cancel or may_withdraw else "",
        is_decided=bool(order.decision),
        is_approved=order.is_approved,
        is_withdrawn=order.decision_reason_code == WITHDRAWN,
        own_reason="" if facts.own_reason is None else facts.own_reason or _("no reason given"),
        hint=hint,
        next_order=facts.next_order,
        escalated=_find_escalation(facts) if order.is_awaiting_decision else None,
    )


def _find_escalation(facts: PageFacts) -> OrderEvent | None:
    """Return the event that says to whom the order was escalated, if it was."""
    return next((event for event in facts.events if event.kind == EventKind.ESCALATED), None)


def _find_refusal(facts: PageFacts, user: User) -> str:
    """Say why an approval by the user would be refused where another person's would not; empty when it would count."""
    order, standing = facts.order, facts.approvals.standing
    if permissions.needs_reason(user, DecisionKind.APPROVE, order) and not user.is_superuser:
        return str(OwnOrder())
    obstacle = find_obstacle(order, DecisionKind.APPROVE, now=facts.status.now, standing=standing)
    return str(describe_personal(order, obstacle, standing)) if obstacle is not None and standing is not None else ""


def describe_consequence(order: Order, payment: Payment | None, shipment: Shipment | None) -> str:
    """Say what cancelling the order now does to the customer's money and parcel."""
    if order.is_free:
        sentences = [_("The order total is zero, so there is nothing to refund.")]
    elif payment is not None and payment.status == Payment.Status.CHARGED:
        sentences = [_("%(money)s will be refunded to the customer.") % {"money": payment.amount_money}]
    elif payment is not None and payment.status == Payment.Status.AUTHORISED:
        sentence = _("The authorisation of %(money)s will be released. Nothing has been charged.")
        sentences = [sentence % {"money": payment.amount_money}]
    elif order.is_approved and (payment is None or payment.status in UNDECIDED):
        sentence = _("The charge is in progress. If it goes through, %(money)s will be refunded.")
        sentences = [sentence % {"money": order.total_money}]
    else:
        sentences = [_("No money has been taken, so there is nothing to refund.")]
    if shipment is not None and shipment.status == Shipment.Status.DISPATCHED:
        sentences.append(_("The carrier will be asked to return the parcel."))
    elif shipment is not None and shipment.status == Shipment.Status.PREPARED:
        sentences.append(_("The package will not be sent."))
    return " ".join(sentences)
