"""Files of long lists: asked for in a moment, made in the background a piece at a time, and deleted after a day.

Each piece is written in one transaction with the place where the list goes on, so that whatever ends a worker, the next
one goes on from there, and no order is in the file twice.
"""

import gzip
import logging
import threading
import zlib
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.utils import OperationalError

from orders.engine.companions import run_companion
from orders.errors import ExportNotFound, OrderError, OrderInvalid
from orders.identifiers import new_identifier
from orders.listing.saved_lists import SavedList, read_list
from orders.listing.table import COLUMNS, read_page, write_csv
from orders.models import ListExport, ListExportPiece
from orders.permissions import may_view
from orders.postgres.clock import database_now
from orders.postgres.faults import Fault, find_fault

logger = logging.getLogger(__name__)
KEPT: Final = timedelta(days=1)
MOST_PENDING: Final = 3
PIECE_ROWS: Final = 2000
TIDY_SECONDS: Final = 60.0


def begin_export(query: str, *, owner: User) -> ListExport:
    """Have a file made of the list of a query string. Raises OrderInvalid, also for too many at once."""
    read_list(query, reader=owner)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        pending = ListExport.objects.filter(account=owner, state=ListExport.State.PENDING)
        if pending.count() >= MOST_PENDING:
            raise OrderInvalid(f"{MOST_PENDING} files of yours are being made. Wait until one of them is ready.")
        return ListExport.objects.create(export_id=new_identifier("export"), account=owner, query=query)


def read_export(export_id: str, *, owner: User) -> ListExport:
    """Return an export of this person's. Raises ExportNotFound."""
    export = ListExport.objects.filter(export_id=export_id, account=owner).first()
    if export is None:
        raise ExportNotFound(export_id)
    return export


def remove_export(export_id: str, *, owner: User) -> None:
    """Delete the file, or have it not made any further. Raises ExportNotFound."""
    read_export(export_id, owner=owner).delete()


def read_file(export: ListExport) -> Iterator[bytes]:
    """Yield the file of an export that is done, a piece at a time."""
    for number in range(export.pieces):
        piece = ListExportPiece.objects.filter(export=export, number=number).values_list("data", flat=True).first()
        if piece is None:
            raise ExportNotFound(export.export_id)  # it was deleted just now, and half a file must not look whole
        yield zlib.decompress(bytes(piece), wbits=31)


def run_exports(stop: threading.Event, *, interval_seconds: float = 2.0) -> None:
    """Make what was asked for until `stop` is set, and delete what is old."""
    tidied_at = float("-inf")

    def make_round() -> bool:
        nonlocal tidied_at
        if monotonic() > tidied_at + TIDY_SECONDS:
            forget_old()
            tidied_at = monotonic()
        return make_piece()

    run_companion("exports", make_round, stop, interval_seconds=interval_seconds)


def forget_old() -> None:
    """Delete the files that were kept long enough."""
    ListExport.objects.filter(created_at__lt=Now() - KEPT).delete()


def make_piece() -> bool:
    """Add a piece to the export that has waited longest for one, and tell whether there was one to add."""
    with transaction.atomic():
        pending = ListExport.objects.filter(state=ListExport.State.PENDING).order_by("touched_at")
        export = pending.select_for_update(skip_locked=True, of=("self",)).select_related("account").first()
        if export is None:
            return False
        try:
            with transaction.atomic():
                _add_piece(export)
        except (OrderError, OperationalError) as error:
            if isinstance(error, OperationalError) and find_fault(error) != Fault.SLOW:
                raise  # the database is away; later it goes on
            logger.warning("export %s was not made: %s", export.export_id, error)
            ListExport.objects.filter(pk=export.pk).update(state=ListExport.State.FAILED)
    return True


def _count(wanted: SavedList) -> int | None:
    """Return how many orders there are, or None where counting takes too long."""
    try:
        with transaction.atomic():
            return wanted.count()
    except OperationalError as error:
        if find_fault(error) != Fault.SLOW:
            raise
        return None


def _add_piece(export: ListExport) -> None:
    owner = export.account
    if not owner.is_active or not may_view(owner):
        raise OrderInvalid("Its owner may not view orders any more.")
    wanted = read_list(export.query, reader=owner)
    changes: dict[str, Any] = {"touched_at": database_now()}
    if export.pieces == 0:
        changes["total"] = _count(wanted)
    rows, cursor = read_page(*wanted.table, cursor=export.cursor, size=PIECE_ROWS)
    lines = write_csv(iter([list(COLUMNS), *rows] if export.pieces == 0 else rows), is_first=export.pieces == 0)
    data = gzip.compress("".join(lines).encode(), compresslevel=6)
    ListExportPiece.objects.create(export=export, number=export.pieces, data=data)
    state = ListExport.State.PENDING if cursor else ListExport.State.DONE
    changes |= {"cursor": cursor, "rows": F("rows") + len(rows), "pieces": F("pieces") + 1, "state": state}
    ListExport.objects.filter(pk=export.pk).update(**changes)
