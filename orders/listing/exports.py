"""Files of long lists: asked for in a moment, made in the background a piece at a time, and deleted after some days.

Each piece of a CSV file is written in one transaction with the place where the list goes on, so that whatever ends a
worker, the next one goes on from there, and no order is in the file twice.
"""

import gzip
import logging
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.db.utils import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import ExportNotFound, NotAllowed, OrderError, OrderInvalid, TooManyRows
from orders.identifiers import new_identifier
from orders.listing.saved_lists import SavedList, read_list
from orders.listing.table import COLUMNS, read_page, write_csv
from orders.models import ListExport, ListExportPiece
from orders.models.list_export import KEPT, KEPT_FOR_MAIL, FileFormat
from orders.permissions import check_may_view
from orders.postgres.clock import database_now
from orders.postgres.faults import Fault, find_fault
from orders.zones import find_zone

logger = logging.getLogger(__name__)
MOST_PENDING: Final = 3
PIECE_ROWS: Final = 2000


def begin_export(query: str, *, owner: User) -> ListExport:
    """Have a file made of the list of a query string. Raises OrderInvalid, also for too many at once."""
    read_list(query, reader=owner)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        pending = ListExport.objects.filter(account=owner, state=ListExport.State.PENDING, sending__isnull=True)
        if pending.count() >= MOST_PENDING:
            sentence = _("%(most)s files of yours are being made. Wait until one of them is ready.")
            raise OrderInvalid(sentence % {"most": MOST_PENDING})
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


def forget_old() -> None:
    """Delete the files that were kept long enough."""
    is_told_by_mail = Q(sending__isnull=False, created_at__gte=Now() - KEPT_FOR_MAIL)
    ListExport.objects.filter(created_at__lt=Now() - KEPT).exclude(is_told_by_mail).delete()


def list_pending(file_format: FileFormat) -> QuerySet[ListExport]:
    """Return the exports that are still to be made, the one that has waited longest first."""
    return ListExport.objects.filter(state=ListExport.State.PENDING, file_format=file_format).order_by("touched_at")


def make_piece() -> bool:
    """Add a piece to the CSV file that has waited longest for one, and tell whether there was one to add."""
    with transaction.atomic():
        pending = list_pending(FileFormat.CSV)
        export = pending.select_for_update(skip_locked=True, of=("self",)).select_related("account").first()
        if export is None:
            return False
        try:
            with transaction.atomic(), timezone.override(find_zone(export.time_zone)):
                _add_piece(export)
        except (OrderError, OperationalError) as error:
            note_failure(export, error)
    return True


def note_failure(export: ListExport, error: OrderError | OperationalError) -> None:
    """Write down why the file was not made; an error that says no more than that the database is away is raised."""
    fault = ListExport.Fault.UNREADABLE
    if isinstance(error, OperationalError):
        if find_fault(error) != Fault.SLOW:
            raise error  # later it goes on
        fault = ListExport.Fault.SLOW
    elif isinstance(error, NotAllowed):
        fault = ListExport.Fault.NOT_ALLOWED
    elif isinstance(error, TooManyRows):
        fault = ListExport.Fault.TOO_MANY
    logger.warning("export %s was not made: %s", export.export_id, error)
    ListExport.objects.filter(pk=export.pk).update(state=ListExport.State.FAILED, fault=fault)


def read_wanted(export: ListExport) -> SavedList:
    """Return what is to be in the file, as its owner may see it now. Raises NotAllowed and OrderInvalid."""
    check_may_view(export.account)
    return read_list(export.query, reader=export.account)


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
    wanted = read_wanted(export)
    changes: dict[str, Any] = {"touched_at": database_now()}
    if export.pieces == 0:
        changes["total"] = _count(wanted)
    rows, cursor = read_page(*wanted.table, cursor=export.cursor, size=PIECE_ROWS)
    lines = write_csv(iter([list(COLUMNS), *rows] if export.pieces == 0 else rows), is_first=export.pieces == 0)
    text = "".join(lines).encode()
    data = gzip.compress(text, compresslevel=6)
    ListExportPiece.objects.create(export=export, number=export.pieces, data=data)
    state = ListExport.State.PENDING if cursor else ListExport.State.DONE
    changes |= {"cursor": cursor, "rows": F("rows") + len(rows), "pieces": F("pieces") + 1, "state": state}
    changes["size"] = F("size") + len(text)
    ListExport.objects.filter(pk=export.pk).update(**changes)
