"""A simulated payment gateway with its own ledger."""

from typing import Final

from django.db import connection, transaction

from orders.errors import PaymentDeclined
from orders.identifiers import new_identifier
from orders.models import GatewayMovement
from orders.money import Money
from orders.payments.gateways.interface import ChargeRequest, Refund
from orders.simulated.fault_injection import DECLINED_MARK, call_outside_world


class SimulatedGateway:
    """A gateway that keeps its own ledger, apart from our payments, and is as unreliable as the settings say."""

    name: Final = "simulated"

    def find_charge(self, idempotency_key: str) -> str | None:
        """Return the reference of the charge that was made under this key and was not given back, or None.

        Lookups never fail: the failure rates are per attempt, and one that looks up first would be hit twice.
        """
        if self._reference_of(idempotency_key, "REFUND"):
            return None
        return self._reference_of(idempotency_key, "CHARGE")

    def has_charged(self, idempotency_key: str) -> bool:
        """Tell whether money was ever taken under this key, also where it was given back since."""
        return self._reference_of(idempotency_key, "CHARGE") is not None

    def charge(self, request: ChargeRequest) -> str:
        """Take the money once; an e-mail whose local part ends in `+declined` stands for a card that is refused."""
        return call_outside_world("payment gateway", lambda: self._charge(request))

    def refund(self, request: ChargeRequest) -> Refund:
        """Give the money back once; without a charge, close the key, so that a late charge is declined."""
        return call_outside_world("payment gateway", lambda: self._refund(request))

    @staticmethod
    def _reference_of(idempotency_key: str, kind: str) -> str | None:
        movement = GatewayMovement.objects.filter(idempotency_key=idempotency_key, kind=kind).first()
        return movement.reference if movement else None

    @staticmethod
    def _lock(idempotency_key: str) -> None:
        """Let calls with the same key follow one another until the transaction ends."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"gateway:{idempotency_key}"])

    @staticmethod
    def _book(request: ChargeRequest, kind: str) -> str:
        return GatewayMovement.objects.create(
            idempotency_key=request.idempotency_key,
            kind=kind,
            amount=request.money.minor,
            currency=request.money.currency,
            merchant_reference=request.merchant_reference,
            reference=new_identifier("sim"),
        ).reference

    def _charge(self, request: ChargeRequest) -> str:
        with transaction.atomic():
            self._lock(request.idempotency_key)
            movements = GatewayMovement.objects.filter(idempotency_key=request.idempotency_key)
            known = dict(movements.values_list("kind", "reference"))
            if "VOID" in known:
                raise PaymentDeclined("The payment was closed before it was charged.")
            if "REFUND" in known:
                raise PaymentDeclined("The payment has already been charged and refunded.")
            if "CHARGE" in known:
                return known["CHARGE"]
            if request.payer.partition("@")[0].endswith(DECLINED_MARK):
                raise PaymentDeclined("The customer's bank declined the card.")
            return self._book(request, "CHARGE")

    def _refund(self, request: ChargeRequest) -> Refund:
        with transaction.atomic():
            self._lock(request.idempotency_key)
            if not self._reference_of(request.idempotency_key, "CHARGE"):
                if not self._reference_of(request.idempotency_key, "VOID"):
                    self._book(request, "VOID")
                return Refund(Money(0, request.money.currency), "")
            reference = self._reference_of(request.idempotency_key, "REFUND") or self._book(request, "REFUND")
            return Refund(request.money, reference)
