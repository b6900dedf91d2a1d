"""Excel files of long lists, made in the background: unlike CSV in one go, and by one worker at a time.

No transaction is open while the file is written, so a worker that dies leaves nothing behind, and the next one begins
again. What was written is kept in one transaction, which also says that the file is whole.
"""

import gzip
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, Any, Final

from django.db import transaction
from django.db.utils import OperationalError
from django.utils import timezone

from orders.engine.companions import beat
from orders.errors import OrderError, TooManyRows
from orders.listing.exports import list_pending, note_failure, read_wanted
from orders.listing.table import read_table
from orders.listing.workbook import MOST_ROWS, write_workbook
from orders.models import ListExport, ListExportPiece
from orders.models.list_export import FileFormat
from orders.postgres.leases import LeaseLost, hold_lease
from orders.zones import find_zone

LEASE: Final = "workbooks"
LEASE_SECONDS: Final = 60.0
PIECE_BYTES: Final = 1_000_000
ROWS_BETWEEN_SIGNS: Final = 500


def make_workbook() -> bool:
    """Make the Excel file that has waited longest, and tell whether there was one to make."""
    if not list_pending(FileFormat.XLSX).exists():
        return False
    with hold_lease(LEASE, seconds=LEASE_SECONDS) as lease:
        export = list_pending(FileFormat.XLSX).select_related("account").first() if lease is not None else None
        if lease is None or export is None:
            return False
        try:
            with timezone.override(find_zone(export.time_zone)), tempfile.TemporaryFile() as file:
                rows = _write(export, file, lease.renew)
                _keep(export, file, rows)
        except LeaseLost:
            raise
        except (OrderError, OperationalError) as error:
            note_failure(export, error)
    return True


def _write(export: ListExport, file: IO[bytes], renew: Callable[[], None]) -> int:
    """Write the workbook, and return how many orders are in it. Raises TooManyRows."""
    wanted = read_wanted(export)
    if wanted.count(MOST_ROWS + 1) > MOST_ROWS:
        raise TooManyRows(MOST_ROWS)
    count = 0

    def count_rows(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
        nonlocal count
        for count, row in enumerate(rows):
            if count % ROWS_BETWEEN_SIGNS == 0:
                beat()
                renew()
            yield row

    write_workbook(count_rows(read_table(*wanted.table)), file)
    renew()
    return min(count, MOST_ROWS)


@transaction.atomic
def _keep(export: ListExport, file: IO[bytes], rows: int) -> None:
    """Keep the file, unless its owner has deleted it while it was made."""
    waiting = ListExport.objects.filter(pk=export.pk, state=ListExport.State.PENDING)
    if waiting.select_for_update(of=("self",)).first() is None:
        return
    size = file.seek(0, 2)
    file.seek(0)
    pieces = 0
    for pieces, part in enumerate(iter(partial(file.read, PIECE_BYTES), b""), start=1):
        data = gzip.compress(part, compresslevel=1)
        ListExportPiece.objects.create(export=export, number=pieces - 1, data=data)
    waiting.update(state=ListExport.State.DONE, rows=rows, total=rows, pieces=pieces, size=size)
