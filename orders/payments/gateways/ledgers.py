"""Where the simulated gateway keeps its movements: behind a small interface, and in a table of ours by default."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from orders.models import GatewayMovement
from orders.payments.gateways.interface import BookEntry

Kind = GatewayMovement.Kind


@dataclass(frozen=True)
class Movement:
    """Money that the gateway moved or held under a key, in minor units, or a key that it closed."""

    idempotency_key: str
    kind: str
    amount: int
    currency: str
    order_id: str
    reference: str
    refund_key: str = ""


class Ledger(Protocol):
    """What the simulated gateway needs of its records. Movements are only ever added."""

    def locked(self, idempotency_key: str) -> AbstractContextManager[None]:
        """Let calls with the same key follow one another; what is added in the block stands when it has ended."""

    def read(self, idempotency_key: str) -> Sequence[Movement]:
        """Return what happened under a key, oldest first."""

    def add(self, movement: Movement) -> None:
        """Write one more movement."""

    def read_books(self) -> Iterable[BookEntry]:
        """Return what was taken and given back, order by order."""


class TableLedger:
    """The movements as rows of a table that nothing else in the console refers to."""

    @contextmanager
    def locked(self, idempotency_key: str) -> Iterator[None]:
        """Hold an advisory lock on the key until the transaction ends."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"gateway:{idempotency_key}"])
            yield

    def read(self, idempotency_key: str) -> Sequence[Movement]:
        """Return the rows of a key."""
        rows = GatewayMovement.objects.filter(idempotency_key=idempotency_key).order_by("id")
        return [
            Movement(
                row.idempotency_key,
                row.kind,
                row.amount,
                row.currency,
                row.merchant_reference,
                row.reference,
                row.refund_key,
            )
            for row in rows
        ]

    def add(self, movement: Movement) -> None:
        """Write a row."""
        GatewayMovement.objects.create(
            idempotency_key=movement.idempotency_key,
            refund_key=movement.refund_key,
            kind=movement.kind,
            amount=movement.amount,
            currency=movement.currency,
            merchant_reference=movement.order_id,
            reference=movement.reference,
        )

    def read_books(self) -> Iterator[BookEntry]:
        """Have the database add up."""
        is_charge, is_refund = Q(kind=Kind.CHARGE), Q(kind=Kind.REFUND)
        rows = GatewayMovement.objects.filter(is_charge | is_refund).order_by().values("merchant_reference")
        found = rows.annotate(
            charges=Count("pk", filter=is_charge),
            charged=Coalesce(Sum("amount", filter=is_charge), 0),
            refunds=Count("pk", filter=is_refund),
            refunded=Coalesce(Sum("amount", filter=is_refund), 0),
        )
        for row in found:
            sums = (row["charges"], row["charged"], row["refunds"], row["refunded"])
            yield BookEntry(row["merchant_reference"], *sums)
