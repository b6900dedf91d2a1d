"""Who may do what: the rules over Django's permissions, and the three roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from django.utils.translation import gettext as _

from orders.errors import NotAllowed, OwnOrder, ReasonMissing
from orders.states import Channel, DecisionKind
from orders.texts import fold_name

VIEW: Final = "orders.view_order"
ADD: Final = "orders.add_order"
APPROVE: Final = "orders.approve_order"
CANCEL: Final = "orders.cancel_order"
REFUND: Final = "orders.refund_order"
STEER: Final = "orders.steer_order"
# No role includes it: anyone who can open the Temporal Web UI can terminate every workflow there.
OPEN_TEMPORAL_UI: Final = "orders.open_temporal_ui"

# The groups that the migrations make, with the codenames each brings.
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "viewer": ("view_order",),
    "clerk": ("view_order", "add_order"),
    "approver": ("view_order", "approve_order", "cancel_order", "refund_order", "steer_order"),
}


class Actor(Protocol):
    """Someone who acts on orders: a signed-in user, or the operator at the terminal."""

    @property
    def pk(self) -> int | None:
        """Return the account's id, or None for who has no account."""

    @property
    def is_superuser(self) -> bool:
        """Tell whether the actor is exempt from every rule."""

    def get_username(self) -> str:
        """Return the name to record."""

    def has_perm(self, perm: str, /) -> bool:
        """Tell whether the actor has the permission `perm`."""


@dataclass(frozen=True)
class TerminalOperator:
    """Someone with a shell on the machine. The shell is the permission; the name is a claim, and recorded as one.

    `is_named` is false for the name of the shell's account, which stands for no person in particular. `shell_user` is
    the operating system's user.
    """

    name: str
    is_named: bool = True
    shell_user: str = ""
    pk: None = None
    is_superuser: bool = True
    channel: Channel = Channel.TERMINAL

    def get_username(self) -> str:
        return self.name

    def has_perm(self, perm: str, /) -> bool:
        """Whoever has a shell may do everything."""
        return True


def find_channel(actor: Actor) -> Channel:
    """Return the channel through which the actor acts: who does not say so is at the console."""
    channel = getattr(actor, "channel", Channel.CONSOLE)
    return Channel(channel)


class OrderFacts(Protocol):
    """What the rules need to know about an order."""

    submitted_by: str
    submitter_account_id: int | None


class AddressFacts(OrderFacts, Protocol):
    """What the rule about addresses needs to know besides."""

    decision: str
    approvals_given: int


def may_view(actor: Actor) -> bool:
    """Tell whether `actor` may view orders."""
    return actor.has_perm(VIEW)


def may_submit(actor: Actor) -> bool:
    """Tell whether `actor` may submit orders."""
    return actor.has_perm(ADD)


def may_decide(actor: Actor, kind: DecisionKind) -> bool:
    """Tell whether `actor` may make this kind of decision at all, on any order."""
    return actor.has_perm(APPROVE if kind == DecisionKind.APPROVE else CANCEL)


def may_open_temporal_ui(actor: Actor) -> bool:
    """Tell whether `actor` may open the Temporal Web UI."""
    return actor.has_perm(OPEN_TEMPORAL_UI)


def is_own_order(actor: Actor, order: OrderFacts) -> bool:
    """Tell whether `actor` submitted the order.

    The account id counts even after a rename. The name counts too, because orders from the terminal have no account.
    """
    if actor.pk is not None and actor.pk == order.submitter_account_id:
        return True
    if isinstance(actor, TerminalOperator) and not actor.is_named:
        return False
    return is_same_name(actor.get_username(), order.submitted_by)


def may_withdraw(actor: Actor, order: OrderFacts) -> bool:
    """Tell whether `actor` may take the order back: whose account submitted it, and still may submit orders."""
    return may_submit(actor) and actor.pk is not None and actor.pk == order.submitter_account_id


def check_may_withdraw(actor: Actor, order: OrderFacts) -> None:
    """Raise NotAllowed unless `actor` may take the order back."""
    if not may_withdraw(actor, order):
        raise NotAllowed(_("Only whoever submitted an order may withdraw it."))


def may_correct_address(actor: Actor, order: AddressFacts) -> bool:
    """Tell whether `actor` may correct where the order goes: once somebody has decided, approvers of others' alone."""
    if not order.decision and not order.approvals_given:
        return may_submit(actor) or may_decide(actor, DecisionKind.APPROVE)
    is_fit = actor.is_superuser or not is_own_order(actor, order)
    return may_decide(actor, DecisionKind.APPROVE) and is_fit


def check_may_correct_address(actor: Actor, order: AddressFacts) -> None:
    """Raise NotAllowed unless `actor` may correct where the order goes."""
    if may_correct_address(actor, order):
        return
    if may_submit(actor) or may_decide(actor, DecisionKind.APPROVE):
        raise NotAllowed(
            _("The order has been decided, so an approver who did not submit it has to correct the address.")
        )
    raise NotAllowed(_("Your account can view orders but not correct their addresses."))


def may_extend(actor: Actor, order: OrderFacts) -> bool:
    """Tell whether `actor` may have the order wait longer for its decision: approvers, of others' orders."""
    is_own = is_own_order(actor, order) and not actor.is_superuser
    return may_decide(actor, DecisionKind.APPROVE) and not is_own


def check_may_extend(actor: Actor, order: OrderFacts) -> None:
    """Raise NotAllowed unless `actor` may have the order wait longer for its decision."""
    if may_extend(actor, order):
        return
    if may_decide(actor, DecisionKind.APPROVE):
        raise NotAllowed(_("You submitted this order, so someone else has to extend its deadline."))
    raise NotAllowed(_("Your account cannot extend deadlines. Ask an approver to do it."))


def may_know_of(actor: Actor, order: OrderFacts) -> bool:
    """Tell whether `actor` may know that the order exists: viewers may, and so may its submitter."""
    return may_view(actor) or is_own_order(actor, order)


def is_same_name(one: str, other: str) -> bool:
    """Tell whether two names look the same, ignoring case."""
    return fold_name(one) == fold_name(other)


def check_may_view(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may look at orders."""
    if not may_view(actor):
        raise NotAllowed(_("Your account cannot view orders. Ask an administrator for a role."))


def check_may_submit(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may submit orders."""
    if not may_submit(actor):
        raise NotAllowed(_("Your account cannot submit orders. Ask a clerk to do it."))


def may_comment(actor: Actor) -> bool:
    """Tell whether `actor` may comment on orders: whoever works on them, and not who only looks."""
    return may_view(actor) and any(actor.has_perm(each) for each in (ADD, APPROVE, CANCEL, REFUND))


def check_may_comment(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may comment on orders."""
    if not may_comment(actor):
        raise NotAllowed(_("Your account can view orders but not comment on them."))


def may_tag(actor: Actor) -> bool:
    """Tell whether `actor` may add and remove tags: whoever may decide in some way."""
    return may_view(actor) and any(may_decide(actor, kind) for kind in DecisionKind)


def check_may_tag(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may add and remove tags."""
    if not may_tag(actor):
        raise NotAllowed(_("Your account can view orders but not tag them."))


def check_is_decider(actor: Actor, kind: DecisionKind) -> None:
    """Raise NotAllowed unless `actor` may take this kind of decision at all."""
    if not may_decide(actor, kind):
        raise NotAllowed(
            _("Your account can view orders but not approve them.")
            if kind == DecisionKind.APPROVE
            else _("Your account can view orders but not cancel them.")
        )


def may_refund(actor: Actor) -> bool:
    """Tell whether `actor` may refund what orders paid."""
    return actor.has_perm(REFUND)


def check_may_refund(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may refund a part of what an order paid."""
    if not may_refund(actor):
        raise NotAllowed(_("Your account cannot refund orders. Ask an approver to do it."))


def may_steer(actor: Actor) -> bool:
    """Tell whether `actor` may retry, pause and resume the steps of orders."""
    return actor.has_perm(STEER)


def check_may_steer(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may retry, pause and resume the steps of orders."""
    if not may_steer(actor):
        raise NotAllowed(_("Your account cannot retry or pause the steps of orders. Ask an approver to do it."))


def check_may_decide(actor: Actor, kind: DecisionKind, order: OrderFacts) -> None:
    """Raise NotAllowed unless `actor` may make this decision, OwnOrder when they submitted the order themselves.

    Superusers are the exception, for nights when nobody else is there; see `check_has_reason`.
    """
    check_is_decider(actor, kind)
    if needs_reason(actor, kind, order) and not actor.is_superuser:
        raise OwnOrder


def needs_reason(actor: Actor, kind: DecisionKind, order: OrderFacts) -> bool:
    """Tell whether the decision would approve the actor's own order, which is marked in its history."""
    return kind == DecisionKind.APPROVE and is_own_order(actor, order)


def check_has_reason(actor: Actor, kind: DecisionKind, order: OrderFacts, reason: str) -> None:
    """Raise ReasonMissing when someone approves their own order without a reason."""
    if needs_reason(actor, kind, order) and not reason:
        raise ReasonMissing
