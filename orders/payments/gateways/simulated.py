"""A simulated payment gateway with its own ledger."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils.translation import gettext_noop

from orders.identifiers import new_identifier
from orders.money import DECIMALS, Money
from orders.payments.gateways.interface import (
    AUTHORISATION_UNKNOWN,
    BookEntry,
    Charge,
    Outcome,
    PaymentRequest,
    RefundAnswer,
    RefundRequest,
)
from orders.payments.gateways.ledgers import Kind, Ledger, Movement, TableLedger
from orders.simulated.fault_injection import (
    ACTION_METHOD,
    AUTHORISATION_PREFIX,
    DECLINED_MARK,
    EXPIRED_MARK,
    PENDING_METHOD,
    call_outside_world,
)

NAME: Final = "payment gateway"
KEY_REUSED: Final = "idempotency_key_reused"
DECLINED: Final = Charge(
    Outcome.DECLINED, code="card_declined", text=gettext_noop("The customer's bank declined the card.")
)


class SimulatedGateway:
    """A gateway that keeps its own ledger, apart from our payments, and is as unreliable as the settings say.

    An e-mail whose local part ends in `+declined` stands for a card that is refused.
    """

    name: Final = "simulated"
    authorisation_lasts: Final = timedelta(days=7)

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger or TableLedger()

    def open(self, request: PaymentRequest) -> str:
        """Return nothing: this gateway gives a payment its id with the charge."""
        return ""

    def find(self, request: PaymentRequest, reference: str) -> Charge | None:
        """Return what the ledger says.

        Lookups never fail: the failure rates are per attempt, and one that looks up first would be hit twice.
        """
        return self._judge(self._ledger.read(request.idempotency_key))

    def charge(self, request: PaymentRequest, reference: str) -> Charge:
        """Take the money once."""
        return self._ask(request, lambda known: self._take(request, known, Kind.CHARGE))

    def authorise(self, request: PaymentRequest, reference: str) -> Charge:
        """Hold the money once."""
        return self._ask(request, lambda known: self._take(request, known, Kind.AUTHORISE))

    def names_authorisation(self, payment_method: str) -> bool:
        """Tell whether it looks like one of the simulated checkout."""
        return payment_method.startswith(AUTHORISATION_PREFIX)

    def accept(self, request: PaymentRequest, reference: str) -> Charge:
        """Note that what the checkout authorised is held under the key, once."""
        return self._ask(request, lambda known: self._accept(request, known))

    def capture(self, request: PaymentRequest, reference: str) -> Charge:
        """Take what is held, once."""
        return self._ask(request, lambda known: self._capture(request, known))

    def void(self, request: PaymentRequest, reference: str) -> Charge:
        """Close the key, so that a late charge is declined; where money was taken, say so."""
        return self._ask(request, lambda known: self._void(request, known))

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give back a charge or a part of it, once for each refund_key."""
        return call_outside_world(NAME, lambda: self._refund(request))

    def read_books(self) -> Iterable[BookEntry]:
        """Return what the ledger says of each order."""
        return self._ledger.read_books()

    def _ask(self, request: PaymentRequest, effect: "Callable[[Charge | None], Charge]") -> Charge:
        """Carry out what is asked on what is known of the key, unless the key was used for something else."""

        def act() -> Charge:
            with self._ledger.locked(request.idempotency_key):
                movements = self._ledger.read(request.idempotency_key)
                if any(
                    _sum_of(movement) != (request.money.minor, request.money.currency) for movement in movements[:1]
                ):
                    return Charge(
                        Outcome.DECLINED, code=KEY_REUSED, text=gettext_noop("The key was used for another amount.")
                    )
                return effect(self._judge(movements))

        return call_outside_world(NAME, act)

    @staticmethod
    def _judge(movements: Sequence[Movement]) -> Charge | None:
        """Return what became of a payment by its movements, or None where there are none."""
        kinds = {movement.kind: movement for movement in movements}
        refunded = sum(movement.amount for movement in movements if movement.kind == Kind.REFUND)
        if Kind.CHARGE in kinds:
            charge = kinds[Kind.CHARGE]
            if refunded >= charge.amount:
                text = gettext_noop("The payment has already been charged and refunded.")
                return Charge(Outcome.CLOSED, charge.reference, "refunded", text, charge.amount, refunded)
            return Charge(Outcome.CHARGED, charge.reference, charged=charge.amount, refunded=refunded)
        if Kind.VOID in kinds:
            return Charge(
                Outcome.CLOSED, code="voided", text=gettext_noop("The payment was closed before it was charged.")
            )
        return Charge(Outcome.AUTHORISED, kinds[Kind.AUTHORISE].reference) if kinds else None

    def _book(self, request: PaymentRequest | RefundRequest, kind: str) -> str:
        """Add a movement, and return its reference."""
        refund_key = request.refund_key if isinstance(request, RefundRequest) else ""
        money, reference = request.money, new_identifier("sim")
        what = (request.idempotency_key, kind, money.minor, money.currency, request.order_id, reference, refund_key)
        self._ledger.add(Movement(*what))
        return reference

    def _take(self, request: PaymentRequest, known: Charge | None, kind: str) -> Charge:
        if known is not None:
            return known
        if is_declining(request):
            return DECLINED
        if request.payment_method == ACTION_METHOD:
            return Charge(Outcome.REQUIRES_ACTION)
        if request.payment_method == PENDING_METHOD:
            return Charge(Outcome.PENDING)
        reference = self._book(request, kind)
        if kind == Kind.CHARGE:
            return Charge(Outcome.CHARGED, reference, charged=request.money.minor)
        return Charge(Outcome.AUTHORISED, reference)

    def _accept(self, request: PaymentRequest, known: Charge | None) -> Charge:
        until = datetime.now(UTC) + self.authorisation_lasts  # noqa: TID251 - a gateway has a clock of its own
        if known is not None:
            return (
                replace(known, held=request.money, held_until=until) if known.outcome == Outcome.AUTHORISED else known
            )
        amount, currency, mark = f"{request.payment_method.removeprefix(AUTHORISATION_PREFIX)}__".split("_")[:3]
        if not (amount.isdecimal() and amount.isascii() and currency in DECIMALS):
            return AUTHORISATION_UNKNOWN
        if is_declining(request):
            return DECLINED
        if mark == EXPIRED_MARK:
            return Charge(
                Outcome.CLOSED, code="authorisation_expired", text=gettext_noop("The authorisation has expired.")
            )
        held = Money(int(amount), currency)
        reference = self._book(request, Kind.AUTHORISE) if held == request.money else ""
        return Charge(Outcome.AUTHORISED, reference, held=held, held_until=until)

    def _capture(self, request: PaymentRequest, known: Charge | None) -> Charge:
        if known is None:
            return Charge(
                Outcome.DECLINED, code="not_authorised", text=gettext_noop("The payment was never authorised.")
            )
        if known.outcome != Outcome.AUTHORISED:
            return known
        return Charge(Outcome.CHARGED, self._book(request, Kind.CHARGE), charged=request.money.minor)

    def _void(self, request: PaymentRequest, known: Charge | None) -> Charge:
        if known is not None and known.outcome in {Outcome.CHARGED, Outcome.CLOSED}:
            return known
        self._book(request, Kind.VOID)
        return Charge(Outcome.CLOSED, code="voided")

    def _refund(self, request: RefundRequest) -> RefundAnswer:
        with self._ledger.locked(request.idempotency_key):
            movements = self._ledger.read(request.idempotency_key)
            same = next((movement for movement in movements if movement.refund_key == request.refund_key), None)
            if same is not None:
                if _sum_of(same) == (request.money.minor, request.money.currency):
                    return RefundAnswer(True, same.reference)
                return RefundAnswer(False, code=KEY_REUSED, text=gettext_noop("The key was used for another amount."))
            known = self._judge(movements)
            left = known.charged - known.refunded if known is not None else 0
            if request.money.minor > left:
                return RefundAnswer(
                    False, code="exceeds_charge", text=gettext_noop("The refund is more than is left of the charge.")
                )
            return RefundAnswer(True, self._book(request, Kind.REFUND))


def is_declining(request: PaymentRequest) -> bool:
    """Tell whether the customer's card is one that is refused."""
    return request.customer.email.partition("@")[0].endswith(DECLINED_MARK)


def _sum_of(movement: Movement) -> tuple[int, str]:
    return movement.amount, movement.currency
