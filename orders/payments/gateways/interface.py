"""What payments need of a gateway. docs/gateways.md says how to write one.

A gateway keeps one promise: under one idempotency key money is taken once at most. Every call may be made again with
the same key, and raises OutsideWorldFailed when its outcome is unknown, as after the adapter's own timeout, which has
to be shorter than the five seconds of an activity's attempt.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable

from django.utils.translation import gettext_noop

from orders.money import Money
from orders.order_facts import Address, Customer, Line


class Outcome(StrEnum):
    """What a gateway says became of a payment."""

    OPEN = "OPEN"  # it is known there, and nothing was asked of the customer's bank
    AUTHORISED = "AUTHORISED"  # the money is held for us, and not taken
    CHARGED = "CHARGED"  # the money was taken, also where some of it was given back since
    PENDING = "PENDING"  # the gateway will know later
    REQUIRES_ACTION = "REQUIRES_ACTION"  # the customer has to confirm it
    DECLINED = "DECLINED"  # refused for good
    CLOSED = "CLOSED"  # nothing can be taken under this key any more: it was voided, or all was given back


@dataclass(frozen=True)
class PaymentRequest:
    """A payment as the gateway is asked for it; the same `idempotency_key` never moves money twice.

    `payment_method` is what intake was given, such as a gateway's own id of a card; no card data passes through here.
    """

    idempotency_key: str
    order_id: str
    money: Money
    customer: Customer
    shipping_address: Address
    payment_method: str = ""
    lines: tuple[Line, ...] = ()

    @property
    def hash(self) -> str:
        """The SHA-256 of what is asked for under the key, in hex; the database computes the same."""
        money = (str(self.money.minor), self.money.currency)
        asked = "\n".join((self.idempotency_key, self.order_id, *money, self.payment_method))
        return hashlib.sha256(asked.encode()).hexdigest()


@dataclass(frozen=True)
class Charge:
    """What a gateway says of a payment.

    `code` and `text` are the gateway's own, and say why it was declined; `charged` and `refunded` are in minor units.
    `held` is what an authorisation is for, and `held_until` when it ends; only `accept` has to say that.
    """

    outcome: Outcome
    reference: str = ""
    code: str = ""
    text: str = ""
    charged: int = 0
    refunded: int = 0
    held: Money | None = None
    held_until: datetime | None = None


# What is said of an authorisation under which nothing is held for the order.
AUTHORISATION_UNKNOWN: Final = Charge(
    Outcome.DECLINED, code="authorisation_unknown", text=gettext_noop("The gateway does not know the authorisation.")
)
AUTHORISATION_IN_USE: Final = Charge(
    Outcome.DECLINED, code="authorisation_in_use", text=gettext_noop("The authorisation belongs to another order.")
)


@dataclass(frozen=True)
class RefundRequest:
    """A refund of a charge, whole or in part; the same `refund_key` never gives back twice."""

    refund_key: str
    idempotency_key: str
    order_id: str
    money: Money
    charge_reference: str
    reason_code: str = ""


@dataclass(frozen=True)
class RefundAnswer:
    """What became of a refund; `code` and `text` say why the gateway refuses it for good."""

    is_done: bool
    reference: str = ""
    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class BookEntry:
    """What a gateway's own books say of one order: how often it was charged, how much, and how much was given back."""

    order_id: str
    charges: int = 0
    charged: int = 0
    refunds: int = 0
    refunded: int = 0


@dataclass
class Movements:
    """Adds up single movements into entries, for gateways that list those."""

    _sums: dict[str, list[int]] = field(default_factory=dict)

    def add(self, order_id: str, *, charged: int = 0, refunded: int = 0) -> None:
        """Count a charge or a refund of an order, in minor units."""
        sums = self._sums.setdefault(order_id, [0, 0, 0, 0])
        if charged:
            sums[0], sums[1] = sums[0] + 1, sums[1] + charged
        if refunded:
            sums[2], sums[3] = sums[2] + 1, sums[3] + refunded

    def entries(self) -> Iterator[BookEntry]:
        """Return one entry an order."""
        return (BookEntry(order_id, *sums) for order_id, sums in self._sums.items())


class PaymentGateway(Protocol):
    """What payments need of a gateway. `reference` is the gateway's own id of the payment, empty while we have none."""

    @property
    def name(self) -> str:
        """The gateway's name, as it is written on payments."""

    @property
    def authorisation_lasts(self) -> timedelta | None:
        """How long an authorisation holds the money; None for a gateway that cannot authorise."""

    def open(self, request: PaymentRequest) -> str:
        """Return the gateway's own id for the payment, which is stored before any money may move; empty for none.

        Raises PaymentDeclined where the gateway refuses such a payment for good.
        """

    def find(self, request: PaymentRequest, reference: str) -> Charge | None:
        """Return what became of the payment, or None where the gateway knows nothing of it."""

    def charge(self, request: PaymentRequest, reference: str) -> Charge:
        """Take the money once. The same key with another amount is DECLINED."""

    def authorise(self, request: PaymentRequest, reference: str) -> Charge:
        """Hold the money, once, to be taken by `capture` or let go by `void`."""

    def capture(self, request: PaymentRequest, reference: str) -> Charge:
        """Take the money that was authorised, once."""

    def void(self, request: PaymentRequest, reference: str) -> Charge:
        """See to it that nothing can be taken any more, and return CLOSED; or CHARGED, where money was taken."""

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give back what the request says, once."""

    def read_books(self) -> Iterable[BookEntry]:
        """Return all that the gateway's own books hold, order by order."""


@runtime_checkable
class AuthorisingGateway(PaymentGateway, Protocol):
    """What a gateway has besides, that captures what the customer authorised at the shop's checkout."""

    def names_authorisation(self, payment_method: str) -> bool:
        """Tell by its form whether an order's payment method is an authorisation of this gateway."""

    def accept(self, request: PaymentRequest, reference: str) -> Charge:
        """Bind the authorisation that the request's payment method names to its key, once, and say what became of it.

        AUTHORISED says what is `held`, whatever the request asks for: who calls compares. One that is unknown, or bound
        to another key, is DECLINED. `reference` is empty until the authorisation was accepted.
        """


@dataclass(frozen=True)
class Notice:
    """An event that a gateway sends: that something happened to a payment, which we then ask it about.

    `payment_id` is our key and `reference` the gateway's own id; either is empty where the event does not say.
    """

    event_id: str
    kind: str
    payment_id: str
    reference: str
    payload: dict[str, Any]


@runtime_checkable
class NotifyingGateway(Protocol):
    """What a gateway has besides, whose events are taken at /webhooks/<its name>/."""

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Return the event, once its signature is verified. Raises EventRefused."""
