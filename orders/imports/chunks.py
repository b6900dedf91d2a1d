"""Submits the orders of a confirmed import, a chunk at a time: each by the same verb as one from the form.

An order and its result in the import are one transaction, and the shop's order number makes its idempotency key. So
whatever dies in between, a chunk that is repeated submits no order twice and leaves none out.
"""

import logging
from dataclasses import asdict
from time import monotonic
from typing import Final

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from orders import contracts
from orders.errors import ImportNotFound
from orders.imports.jobs import read_layout
from orders.imports.layout import NUMBER, Layout
from orders.imports.reading import CellError, Reading, read_rows_of_order
from orders.imports.submission import FileOrder, submit_once
from orders.models import ImportedOrder, Order, OrderImport
from orders.permissions import may_submit
from orders.postgres.faults import find_fault
from orders.states import ImportResult, ImportState
from orders.translation import in_english

logger = logging.getLogger(__name__)

# The orders of an attempt, if it gets so far.
MOST_OF_AN_ATTEMPT: Final = 1_000
# Shorter than an attempt may take.
CHUNK_SECONDS: Final = 1.8
NOT_SAVED: Final = gettext_noop("The database refused this order. Look for unusual characters or numbers in its rows.")


def import_chunk(command: contracts.ImportChunk) -> contracts.ImportAdvanced:
    """Submit the next orders of the import, unless it is not confirmed or has ended. Raises ImportNotFound.

    The rights are read again each time: a person who lost them, or whose account was closed, stops the import. What is
    written down is English, whoever calls; pages show it in the language of the reader.
    """
    with in_english():
        return _import(command)


def _import(command: contracts.ImportChunk) -> contracts.ImportAdvanced:
    importing = OrderImport.objects.select_related("shop").filter(import_id=command.import_id).first()
    if importing is None:
        raise ImportNotFound(command.import_id)
    if importing.state != ImportState.RUNNING:
        return contracts.ImportAdvanced(importing.state)
    actor = User.objects.filter(pk=importing.actor_account_id, is_active=True).first()
    if actor is None or not may_submit(actor):
        _end(importing, ImportState.STOPPED, is_right_lost=True)
        return contracts.ImportAdvanced(ImportState.STOPPED)
    pending = ImportedOrder.objects.filter(of=importing, result="").order_by("id")
    layout, end, count = read_layout(importing), monotonic() + CHUNK_SECONDS, 0
    for pk in list(pending.values_list("pk", flat=True)[:MOST_OF_AN_ATTEMPT]):
        if monotonic() > end or not _submit(pk, importing, layout, actor):
            break
        count += 1
    OrderImport.objects.filter(pk=importing.pk, state=ImportState.RUNNING).update(moved_at=Now())
    if not pending.exists():
        _end(importing, ImportState.DONE)
    importing.refresh_from_db(fields=["state"])
    return contracts.ImportAdvanced(importing.state, count)


def _submit(pk: int, importing: OrderImport, layout: Layout, actor: User) -> bool:
    """Submit one order and write its result, unless another attempt does; False once the import does not run."""
    try:
        return _submit_item(pk, importing, layout, actor)
    except DatabaseError as error:
        if find_fault(error) is not None:  # the whole database, or somebody who holds a row: it is tried again
            raise
        logger.exception("import %s: an order was not saved", importing.import_id)
    item = ImportedOrder.objects.get(pk=pk)
    refusal = CellError(item.first_row, NUMBER, NOT_SAVED)
    ImportedOrder.objects.filter(pk=pk, result="").update(result=ImportResult.REFUSED, errors=[asdict(refusal)])
    return True


@transaction.atomic
def _submit_item(pk: int, importing: OrderImport, layout: Layout, actor: User) -> bool:
    is_running = Exists(OrderImport.objects.filter(pk=OuterRef("of_id"), state=ImportState.RUNNING))
    items = ImportedOrder.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, result="")
    item = items.annotate(is_running=is_running).first()
    if item is None:
        return True
    if not vars(item)["is_running"]:
        return False
    rows = [(number, cells) for number, cells in item.rows]
    found = FileOrder(rows, read_rows_of_order(rows, layout))
    _write_result(item, found.reading, submit_once(found, actor=actor, shop=importing.shop))
    return True


def _write_result(item: ImportedOrder, reading: Reading, answer: tuple[Order, bool] | CellError) -> None:
    """Write what came of an order; its rows are kept where they have to be corrected."""
    if isinstance(answer, CellError):
        item.result = ImportResult.REFUSED
        item.errors = [asdict(error) for error in reading.errors or (answer,)]
    else:
        item.order, is_new = answer
        item.result = ImportResult.CREATED if is_new else ImportResult.EXISTING
        item.rows = []
    item.save(update_fields=["result", "errors", "rows", "order"])


def _end(importing: OrderImport, state: ImportState, *, is_right_lost: bool = False) -> None:
    """Write how the import ended, unless somebody stopped it in this moment."""
    OrderImport.objects.filter(pk=importing.pk, state=ImportState.RUNNING).update(
        state=state, ended_at=Now(), moved_at=Now(), is_right_lost=is_right_lost
    )
