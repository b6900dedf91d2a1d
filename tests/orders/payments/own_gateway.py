"""A gateway as a shop might write one, in some thirty lines, with its books in memory."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from orders.payments.gateways.interface import (
    BookEntry,
    Charge,
    Movements,
    Outcome,
    PaymentRequest,
    RefundAnswer,
    RefundRequest,
)

OWN: Final = f"{__name__}.OwnGateway"
DECLINED_METHOD: Final = "own_declined"
REUSED: Final = "idempotency_key_reused"


class OwnGateway:
    """Charges whatever it is asked for, unless the payment method is one that it declines."""

    name: Final = "own"
    authorisation_lasts: timedelta | None = None
    charges: dict[str, PaymentRequest] = {}
    refunds: dict[str, RefundRequest] = {}
    voided: set[str] = set()

    @classmethod
    def forget(cls) -> None:
        for book in (cls.charges, cls.refunds, cls.voided):
            book.clear()

    def open(self, request: PaymentRequest) -> str:
        return f"own-{request.idempotency_key}"

    def find(self, request: PaymentRequest, reference: str) -> Charge | None:
        key = request.idempotency_key
        refunded = sum(refund.money.minor for refund in self.refunds.values() if refund.idempotency_key == key)
        if key in self.charges:
            return Charge(Outcome.CHARGED, f"own-{key}", charged=self.charges[key].money.minor, refunded=refunded)
        return Charge(Outcome.CLOSED, reference) if key in self.voided else None

    def charge(self, request: PaymentRequest, reference: str) -> Charge:
        if self.charges.get(request.idempotency_key, request).money != request.money:
            return Charge(Outcome.DECLINED, reference, code=REUSED)
        if request.payment_method == DECLINED_METHOD:
            return Charge(Outcome.DECLINED, reference, code="card_declined")
        if request.idempotency_key not in self.voided:
            self.charges.setdefault(request.idempotency_key, request)
        return self.find(request, reference) or Charge(Outcome.CLOSED)

    authorise = capture = charge

    def void(self, request: PaymentRequest, reference: str) -> Charge:
        self.voided.add(request.idempotency_key)
        return self.find(request, reference) or Charge(Outcome.CLOSED)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        others = [each for key, each in self.refunds.items() if key != request.refund_key]
        given_back = sum(each.money.minor for each in others if each.idempotency_key == request.idempotency_key)
        if self.refunds.get(request.refund_key, request).money != request.money:
            return RefundAnswer(False, code=REUSED)
        if given_back + request.money.minor > self.charges[request.idempotency_key].money.minor:
            return RefundAnswer(False, code="exceeds_charge")
        self.refunds[request.refund_key] = request
        return RefundAnswer(True, request.refund_key)

    def read_books(self) -> Iterable[BookEntry]:
        movements = Movements()
        for charge in self.charges.values():
            movements.add(charge.order_id, charged=charge.money.minor)
        for refund in self.refunds.values():
            movements.add(refund.order_id, refunded=refund.money.minor)
        return movements.entries()
