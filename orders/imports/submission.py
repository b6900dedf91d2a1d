"""Goes through the orders of a file: checks them, and submits each once, however often its file is imported."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop

from orders.errors import KeyReused, OrderError
from orders.imports.layout import NUMBER, Layout
from orders.imports.reading import CellError, Reading, pick, put_together, read_rows_of_order
from orders.imports.sheets import Row, read_rows
from orders.intake.submission import submit_order
from orders.models import Order, Shop
from orders.permissions import Actor

OTHER_CONTENTS: Final = gettext_noop(
    "An order with this number was submitted before, with other contents. Give this one a number of its own, or remove "
    "it."
)
APART: Final = gettext_noop(
    "Rows of another order stand between those of this number. Sort the file by the order number."
)


@dataclass(frozen=True)
class FileOrder:
    """One order of a file: its rows, and what they come to."""

    rows: Sequence[Row]
    reading: Reading


def read_orders(contents: bytes, layout: Layout) -> Iterator[FileOrder]:
    """Yield the orders of a file, right ones and wrong ones. Raises FileRefused where the file ends to be readable."""
    rows = read_rows(contents, layout)
    next(rows, None)  # names the columns
    seen: set[str] = set()
    for together in put_together(rows, layout):
        number = pick(together[0][1], NUMBER, layout)
        if number and number in seen:
            yield FileOrder(together, Reading(None, (CellError(together[0][0], NUMBER, APART),)))
            continue
        seen.add(number)
        yield FileOrder(together, read_rows_of_order(together, layout))


def find_key(number: str, shop: Shop | None) -> str:
    """Return the idempotency key of the order that the shop, or nobody in particular, calls so."""
    digest = hashlib.sha256(number.encode()).hexdigest()[:40]
    return f"import-{shop.pk if shop else 0}:{digest}"


def submit_once(found: FileOrder, *, actor: Actor, shop: Shop | None) -> tuple[Order, bool] | CellError:
    """Submit an order that was read right; return it and whether it is new, or why it was refused.

    The shop's own number makes the idempotency key, so that the same order in another file is the same order.
    """
    draft = found.reading.draft
    if draft is None:
        return found.reading.errors[0]
    key = find_key(draft.shop_order_number, shop)
    is_known = Order.objects.filter(idempotency_key=key).exists()
    try:
        order = submit_order(draft, actor=actor, idempotency_key=key, shop=shop, sends_now=False)
    except KeyReused:
        return CellError(found.rows[0][0], NUMBER, OTHER_CONTENTS)
    except OrderError as error:
        return CellError(found.rows[0][0], NUMBER, str(error))
    return order, not is_known
