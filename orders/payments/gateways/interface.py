"""What payments need of a gateway."""

from dataclasses import dataclass
from typing import Protocol

from orders.money import Money


@dataclass(frozen=True)
class ChargeRequest:
    """A charge as the gateway is asked for it; the same `idempotency_key` never moves money twice."""

    idempotency_key: str
    money: Money
    merchant_reference: str
    payer: str


@dataclass(frozen=True)
class Refund:
    """What a refund gave back: zero, and no reference, when nothing had been taken."""

    money: Money
    reference: str


class PaymentGateway(Protocol):
    """What payments need of a gateway. Every call raises OutsideWorldFailed when its outcome is unknown."""

    @property
    def name(self) -> str:
        """The gateway's name, as it is written on payments."""

    def find_charge(self, idempotency_key: str) -> str | None:
        """Return the reference of the charge that was made under this key and stands, or None."""

    def has_charged(self, idempotency_key: str) -> bool:
        """Tell whether money was ever taken under this key, also where it was given back since."""

    def charge(self, request: ChargeRequest) -> str:
        """Take the money once, and return the charge's reference.

        Raises PaymentDeclined, also when the charge was given back before: a key is good for one charge.
        """

    def refund(self, request: ChargeRequest) -> Refund:
        """Give back what was taken under the key; where nothing was, see to it that nothing can be taken later."""
