"""Who may do what: the rules over Django's permissions, and the three roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from orders.errors import NotAllowed, OwnOrder
from orders.states import DecisionKind

VIEW: Final = "orders.view_order"
ADD: Final = "orders.add_order"
APPROVE: Final = "orders.approve_order"
CANCEL: Final = "orders.cancel_order"

# The groups that the migration makes, with the codenames each brings.
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "viewer": ("view_order",),
    "clerk": ("view_order", "add_order"),
    "approver": ("view_order", "approve_order", "cancel_order"),
}


class Actor(Protocol):
    """Somebody who acts on orders: a signed-in user, or the operator at the terminal."""

    @property
    def is_superuser(self) -> bool:
        """Tell whether every rule is waived."""

    def get_username(self) -> str:
        """Return the name that is written down."""

    def has_perm(self, perm: str, /) -> bool:
        """Tell whether the actor has the permission `perm`."""


@dataclass(frozen=True)
class TerminalOperator:
    """Somebody with a shell on the machine. The shell is the permission; the name is written down."""

    name: str
    is_superuser: bool = True

    def get_username(self) -> str:
        """Return the name that is written down."""
        return self.name

    def has_perm(self, perm: str, /) -> bool:
        """Tell that a shell may do everything."""
        return True


class OrderFacts(Protocol):
    """What the rules look at in an order."""

    submitted_by: str


def may_view(actor: Actor) -> bool:
    """Tell whether `actor` may look at orders."""
    return actor.has_perm(VIEW)


def may_submit(actor: Actor) -> bool:
    """Tell whether `actor` may submit orders."""
    return actor.has_perm(ADD)


def may_decide(actor: Actor, kind: DecisionKind) -> bool:
    """Tell whether `actor` may take this kind of decision at all, whichever the order."""
    return actor.has_perm(APPROVE if kind == DecisionKind.APPROVE else CANCEL)


def is_own_order(actor: Actor, order: OrderFacts) -> bool:
    """Tell whether `actor` submitted the order, and so may not approve it. Superusers are the way out at night."""
    return order.submitted_by == actor.get_username() and not actor.is_superuser


def check_may_submit(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may submit orders."""
    if not may_submit(actor):
        raise NotAllowed("You may look at orders, but not submit them.")


def check_may_decide(actor: Actor, kind: DecisionKind, order: OrderFacts) -> None:
    """Raise NotAllowed unless `actor` may take this decision, OwnOrder when it would be on an order of their own."""
    if not may_decide(actor, kind):
        raise NotAllowed(f"You may look at orders, but not {kind} them.")
    if kind == DecisionKind.APPROVE and is_own_order(actor, order):
        raise OwnOrder
