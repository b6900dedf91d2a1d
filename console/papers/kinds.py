"""The papers that can be printed of orders."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy

from orders.labels import Label
from orders.states import Status


@dataclass(frozen=True)
class Kind:
    """One kind of paper, with its words for one order and for several, and what stands on it.

    `ships` is true where it is about goods that leave.
    """

    name: str
    words: Label
    label: Label
    about: Label
    ships: bool

    @property
    def template(self) -> str:
        return f"papers/{self.name.replace('-', '_')}.html"


# Of orders in these statuses nothing is shipped.
STOPPED: Final = frozenset({Status.CANCELLING, Status.CANCELLED})
KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            "order-sheet",
            gettext_lazy("Order sheet"),
            gettext_lazy("Order sheets"),
            gettext_lazy("Everything about the order, with prices"),
            ships=False,
        ),
        Kind(
            "packing-slip",
            gettext_lazy("Packing slip"),
            gettext_lazy("Packing slips"),
            gettext_lazy("Address and goods, without prices"),
            ships=True,
        ),
        Kind(
            "pick-list",
            gettext_lazy("Pick list"),
            gettext_lazy("Pick list"),
            gettext_lazy("Each article once, with its orders"),
            ships=True,
        ),
    )
}
