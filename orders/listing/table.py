"""Orders as a table for other programs: one row for each, in batches, so that memory holds a batch however many."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from django.utils import timezone

from orders.models import Order
from orders.reading.pages import Ordering, Search, cut_page
from orders.reading.querysets import OrderQuerySet

BATCH: Final = 2000
# A spreadsheet takes a cell that begins so for a formula, and carries it out.
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
# A spreadsheet takes a file for UTF-8 only when it begins with this.
UTF8_MARK: Final = "\ufeff"


def _moment(at: datetime | None) -> str:
    """Return a time to the second with its zone."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


def _of_payment(name: str) -> Callable[[Order], Any]:
    return lambda order: getattr(order.payment, name) if hasattr(order, "payment") else ""


def _of_shipment(name: str) -> Callable[[Order], Any]:
    return lambda order: getattr(order.shipment, name) if hasattr(order, "shipment") else ""


def _of_order(*names: str) -> dict[str, Callable[[Order], Any]]:
    return {name: attrgetter(name) for name in names}


COLUMNS: Final[dict[str, Callable[[Order], Any]]] = {
    **_of_order("order_id", "status", "reason_code", "reason", "submitted_by"),
    "submitted_at": lambda order: _moment(order.created_at),
    **_of_order("customer_name", "customer_company", "customer_email", "customer_phone"),
    **_of_order("address_line", "address_line2", "address_postcode"),
    **_of_order("address_city", "address_state", "address_country", "currency"),
    "total": lambda order: order.total_money.amount,
    **_of_order("decision", "decided_by", "decision_channel", "decision_reason_code"),
    "decided_at": lambda order: _moment(order.decided_at),
    "approval_deadline": lambda order: _moment(order.approval_deadline),
    "payment_id": attrgetter("payment_id"),
    "payment_status": _of_payment("status"),
    "carrier": _of_shipment("carrier"),
    "tracking_number": _of_shipment("tracking_number"),
}


def without_formula(value: Any) -> Any:
    """Return the value so that no spreadsheet carries it out; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value


def read_table(orders: OrderQuerySet, ordering: Ordering, search: Search | None) -> Iterator[list[Any]]:
    """Yield the names of the columns, then a row for each order, as it is when its batch is read."""
    yield list(COLUMNS)
    rows, cursor = read_page(orders, ordering, search, cursor="", size=BATCH)
    yield from rows
    while cursor:
        rows, cursor = read_page(orders, ordering, search, cursor=cursor, size=BATCH)
        yield from rows


def read_page(
    orders: OrderQuerySet, ordering: Ordering, search: Search | None, *, cursor: str, size: int
) -> tuple[list[list[Any]], str]:
    """Return the rows of one page, and the cursor of the next one, empty behind the last."""
    wanted = orders.select_related("payment", "shipment")
    page = cut_page(wanted, ordering, search=search, cursor=cursor, size=size)
    if page.is_instead:  # what there was behind the cursor has left the list
        return [], ""
    return [[read(order) for read in COLUMNS.values()] for order in page.rows], page.next


class _Echo:
    """Gives each line back to whoever writes it."""

    def write(self, line: str) -> str:
        return line


def write_csv(rows: Iterator[list[Any]], *, is_first: bool = True) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180) that spreadsheets read as UTF-8, or more lines of one."""
    writer = csv.writer(_Echo())
    if is_first:
        yield UTF8_MARK
    for row in rows:
        yield writer.writerow([without_formula(value) for value in row])
