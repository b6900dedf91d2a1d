"""Leases: work that one process at a time does, without a lock that needs a database session.

A lease is a row with a holder and a time until which it is held, by PostgreSQL's own clock. It works through any
connection pooler, and a holder that died, hangs or was stopped loses it when that time has come.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from uuid import uuid4

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from orders.errors import OrderError


class LeaseLost(OrderError):
    """Another process holds the lease by now; what was done under it has to end."""


class Lease(models.Model):
    """A piece of work and who does it. Written by this module alone."""

    name = models.CharField(max_length=50, primary_key=True)
    holder = models.CharField(max_length=150, help_text=_("Host, process and a number of its own for each holding."))
    expires_at = models.DateTimeField(help_text=_("By PostgreSQL's clock."))

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder}"


class HeldLease:
    """A lease that this process holds, as long as it renews it."""

    def __init__(self, name: str, holder: str, seconds: float) -> None:
        self.name = name
        self._holder = holder
        self._seconds = seconds
        self._renew_at = monotonic() + seconds / 3

    def renew(self) -> None:
        """Hold it for its whole time again. To be called between the steps of the work, and cheap to call.

        Raises LeaseLost when somebody else has taken it in the meantime.
        """
        if monotonic() < self._renew_at:
            return
        renew_at = monotonic() + self._seconds / 3
        if not _take(self.name, self._holder, self._seconds):
            raise LeaseLost(f"Another process holds the lease {self.name}.")
        self._renew_at = renew_at


@contextmanager
def hold_lease(name: str, *, seconds: float) -> Iterator[HeldLease | None]:
    """Hold the lease `name` for the block, or yield None while another process holds it.

    It runs out after `seconds` without a call of `renew`, and is given back at the end of the block.
    """
    holder = f"{socket.gethostname()[:80]}:{os.getpid()}:{uuid4().hex[:12]}"
    if not _take(name, holder, seconds):
        yield None
        return
    try:
        yield HeldLease(name, holder, seconds)
    finally:
        Lease.objects.filter(name=name, holder=holder).delete()


def _take(name: str, holder: str, seconds: float) -> bool:
    """Take the lease unless another holder's time still runs, in one statement; tell whether it is ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO orders_lease (name, holder, expires_at)
            VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
            WHERE orders_lease.holder = excluded.holder OR orders_lease.expires_at <= clock_timestamp()
            """,
            [name, holder, seconds],
        )
        return bool(cursor.rowcount)
