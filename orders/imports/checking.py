"""Checks the whole file of an import before anything is submitted: a dry run, which writes down every order of it.

A workbook can only be read from its beginning, so one attempt reads the file to its end. What is written down has the
row that it came to with it, in one transaction: an attempt that is repeated goes on there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from orders import contracts
from orders.errors import FileRefused, ImportNotFound
from orders.imports.jobs import read_layout
from orders.imports.layout import NUMBER, Layout
from orders.imports.reading import CellError, pick
from orders.imports.submission import OTHER_CONTENTS, FileOrder, find_key, read_orders
from orders.intake.idempotency import asks_for
from orders.models import ImportedOrder, ImportFile, Order, OrderImport
from orders.states import ImportResult, ImportState
from orders.translation import in_english

CHUNK: Final = 200
LONGEST_NUMBER: Final = 200


def check_import(command: contracts.CheckImport, *, beat: Callable[[], None]) -> contracts.ImportAdvanced:
    """Read the file to its end, unless the import has moved on; `beat` is called now and then.

    What is written down is English, whoever calls; pages show it in the language of the reader. Raises ImportNotFound.
    """
    with in_english():
        return _check(command, beat)


def _check(command: contracts.CheckImport, beat: Callable[[], None]) -> contracts.ImportAdvanced:
    importing = OrderImport.objects.select_related("shop").filter(import_id=command.import_id).first()
    if importing is None:
        raise ImportNotFound(command.import_id)
    file = ImportFile.objects.filter(of=importing).first()
    if importing.state != ImportState.CHECKING or file is None:
        return contracts.ImportAdvanced(importing.state)
    layout, count = read_layout(importing), 0
    try:
        orders = read_orders(bytes(file.contents), layout)
        for chunk in _cut(orders):
            beat()
            if not _write(importing, layout, chunk):
                break
            count += len(chunk)
        else:
            _end(importing, ImportState.CHECKED)
    except FileRefused as error:
        _end(importing, ImportState.CHOOSING, trouble=str(error))
    importing.refresh_from_db(fields=["state"])
    return contracts.ImportAdvanced(importing.state, count)


def _cut(orders: Iterator[FileOrder]) -> Iterator[list[FileOrder]]:
    while chunk := list(islice(orders, CHUNK)):
        yield chunk


@transaction.atomic
def _write(importing: OrderImport, layout: Layout, chunk: Sequence[FileOrder]) -> bool:
    """Write down what another attempt has not; False when this check is no longer the import's."""
    row = OrderImport.objects.select_for_update(no_key=True).get(pk=importing.pk)
    if row.state != ImportState.CHECKING or row.checks != importing.checks:
        return False
    new = [found for found in chunk if found.rows[0][0] > row.checked_row]
    if not new:
        return True
    known = _find_known(importing, new)
    ImportedOrder.objects.bulk_create(_describe(importing, layout, found, known) for found in new)
    OrderImport.objects.filter(pk=row.pk).update(
        checked_row=new[-1].rows[0][0], rows=F("rows") + sum(len(found.rows) for found in new), moved_at=Now()
    )
    return True


def _find_known(importing: OrderImport, chunk: Sequence[FileOrder]) -> dict[str, Order]:
    """Return the orders that were submitted under the same keys before."""
    keys = [find_key(found.reading.draft.shop_order_number, importing.shop) for found in chunk if found.reading.draft]
    return {order.idempotency_key: order for order in Order.objects.filter(idempotency_key__in=keys)}


def _describe(importing: OrderImport, layout: Layout, found: FileOrder, known: dict[str, Order]) -> ImportedOrder:
    errors, draft = list(found.reading.errors), found.reading.draft
    first = found.rows[0][0]
    order = known.get(find_key(draft.shop_order_number, importing.shop)) if draft else None
    if draft and order and not asks_for(draft, order):
        errors = [CellError(first, NUMBER, OTHER_CONTENTS)]
    return ImportedOrder(
        of=importing,
        first_row=first,
        shop_order_number=pick(found.rows[0][1], NUMBER, layout)[:LONGEST_NUMBER],
        rows=[list(row) for row in found.rows],
        errors=[asdict(error) for error in errors],
        result=ImportResult.WRONG if errors else "",
        is_known=order is not None and not errors,
    )


def _end(importing: OrderImport, state: ImportState, *, trouble: str = "") -> None:
    """Write how the check ended, unless somebody stopped the import in this moment."""
    own = OrderImport.objects.filter(pk=importing.pk, state=ImportState.CHECKING, checks=importing.checks)
    own.update(state=state, trouble=trouble, moved_at=Now())
