"""Which decisions an order takes as it stands: asked by the verbs, by every button and by every box to tick."""

from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final, Protocol

from django.utils import dateformat
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from orders import states
from orders.errors import (
    AlreadyDecided,
    ApprovalRefused,
    DecisionRefused,
    TooLate,
)
from orders.labels.statuses import name_status
from orders.models import Order
from orders.policy.approvals import Standing
from orders.states import DecisionKind


class DecisionFacts(Protocol):
    """What the rule looks at in an order."""

    @property
    def status(self) -> str:
        """Where the order is."""

    @property
    def decision(self) -> str:
        """The latest decision that counts, or an empty text."""

    @property
    def approval_deadline(self) -> datetime | None:
        """Until when it may be approved."""


class Obstacle(Enum):
    """Why a decision could have no effect, on the order or by this person."""

    SAME_DECISION = auto()
    CANCELLATION = auto()
    STATUS = auto()
    DEADLINE = auto()
    APPROVED_BY_YOU = auto()
    OWN_OF_TWO = auto()
    NO_ACCOUNT = auto()
    LEVEL = auto()
    LIMIT = auto()


# What only some people meet.
PERSONAL: Final = frozenset(
    {Obstacle.APPROVED_BY_YOU, Obstacle.OWN_OF_TWO, Obstacle.NO_ACCOUNT, Obstacle.LEVEL, Obstacle.LIMIT}
)


def find_obstacle(
    facts: DecisionFacts, kind: DecisionKind, *, now: datetime, standing: Standing | None = None
) -> Obstacle | None:
    """Return why the decision could have no effect on the order as it stands; None when it could have one.

    `standing` says what the policy has against an approval by whoever would decide; without it, nobody in particular
    is asked about.
    """
    if facts.decision == kind and facts.status in states.OPEN:
        return Obstacle.SAME_DECISION
    if kind == DecisionKind.APPROVE and facts.decision == DecisionKind.CANCEL:
        return Obstacle.CANCELLATION
    if facts.status not in (states.APPROVABLE if kind == DecisionKind.APPROVE else states.CANCELLABLE):
        return Obstacle.STATUS
    deadline = facts.approval_deadline
    if kind == DecisionKind.CANCEL:
        return None
    if deadline is not None and deadline <= now:
        return Obstacle.DEADLINE
    return _find_personal(standing) if standing is not None else None


def _find_personal(standing: Standing) -> Obstacle | None:
    """Return why an approval by one person would not count, where it would by another."""
    found = (
        (standing.has_approved, Obstacle.APPROVED_BY_YOU),
        (standing.is_own_of_two, Obstacle.OWN_OF_TWO),
        (standing.has_no_account, Obstacle.NO_ACCOUNT),
        (bool(standing.missing_levels), Obstacle.LEVEL),
        (standing.is_above_limit, Obstacle.LIMIT),
    )
    return next((obstacle for is_there, obstacle in found if is_there), None)


def may_be_decided(facts: DecisionFacts, kind: DecisionKind, *, now: datetime) -> bool:
    """Tell whether the decision could have an effect on the order as it stands."""
    return find_obstacle(facts, kind, now=now) is None


def check_may_be_decided(order: Order, kind: DecisionKind, *, now: datetime, standing: Standing | None = None) -> None:
    """Raise AlreadyDecided, TooLate or ApprovalRefused when the decision would have no effect."""
    obstacle = find_obstacle(order, kind, now=now, standing=standing)
    if obstacle is not None and standing is not None and obstacle in PERSONAL:
        raise describe_personal(order, obstacle, standing)
    if obstacle is not None:
        raise _describe_refusal(order, kind, obstacle)


def describe_personal(order: Order, obstacle: Obstacle, standing: Standing) -> DecisionRefused:
    """Return the refusal of an approval that would count by another person."""
    needed = order.approvals_needed
    match obstacle:
        case Obstacle.APPROVED_BY_YOU:
            missing = needed - order.approvals_given
            sentence = _(
                "You have approved this order. It needs %(needed)s approvals: %(given)s given, "
                "%(missing)s more by someone else."
            )
            return AlreadyDecided(sentence % {"needed": needed, "given": order.approvals_given, "missing": missing})
        case Obstacle.OWN_OF_TWO:
            sentence = _("You submitted this order, so your approval is not one of the %(needed)s it needs.")
            return ApprovalRefused(sentence % {"needed": needed})
        case Obstacle.NO_ACCOUNT:
            sentence = _("This order needs %(needed)s approvals by people with an account. Approve it in the console.")
            return ApprovalRefused(sentence % {"needed": needed})
        case Obstacle.LEVEL:
            groups = get_text_list(list(standing.missing_levels), _("and"))
            return ApprovalRefused(_("Only members of %(groups)s may approve this order.") % {"groups": groups})
        case Obstacle.LIMIT if standing.limit is None:
            sentence = _("You have no approval limit for %(currency)s, so you cannot approve this order.")
            return ApprovalRefused(sentence % {"currency": order.currency})
    sentence = _("The total of %(total)s is above your approval limit of %(limit)s.")
    return ApprovalRefused(sentence % {"total": order.total_money, "limit": standing.limit})


def _describe_refusal(order: Order, kind: DecisionKind, obstacle: Obstacle) -> DecisionRefused:
    decided = describe_decision(order) if order.decision else ""
    if obstacle is Obstacle.SAME_DECISION:
        # Names stay as they are written; "the policy" and "someone using Temporal" begin the sentence.
        is_name = order.decider == order.decided_by
        return AlreadyDecided(f"{decided if is_name else decided[:1].upper() + decided[1:]}.")
    if obstacle is Obstacle.CANCELLATION:
        return TooLate(_("Too late to approve: %(decided)s.") % {"decided": decided})
    if obstacle is Obstacle.DEADLINE:
        sentence = _("Too late to approve: the deadline was %(deadline)s.")
        return TooLate(sentence % {"deadline": write_moment(order.approval_deadline)})
    is_approval = kind == DecisionKind.APPROVE
    sentence = (
        _("Too late to approve: the order is %(status)s.")
        if is_approval
        else _("Too late to cancel: the order is %(status)s.")
    )
    return TooLate(f"{sentence % {'status': name_status(order.status)}}{f' {decided}.' if decided else ''}")


def describe_decision(order: Order) -> str:
    """Return who decided what, and when, without a full stop."""
    sentence = (
        _("%(name)s approved the order on %(day)s at %(time)s UTC")
        if order.is_approved
        else _("%(name)s requested cancellation on %(day)s at %(time)s UTC")
    )
    day, time = (_write(order.decided_at, form) for form in ("d M Y", "H:i"))
    return sentence % {"name": order.decider, "day": day, "time": time}


def write_moment(at: datetime | None) -> str:
    """Return a time to the minute, as sentences name it; nothing for none."""
    return _write(at, "d M Y H:i e")


def _write(at: datetime | None, form: str) -> str:
    return dateformat.format(at.astimezone(UTC), form) if at is not None else ""
