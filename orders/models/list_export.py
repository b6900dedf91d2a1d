"""Files of long lists, made in the background."""

import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.errors import ExportNotFound
from orders.models.saved_view import LONGEST_QUERY
from orders.postgres.fields import CodeField
from orders.zones import find_zone

# Files of which somebody is told by e-mail are kept longer than others: not every e-mail is read at once.
KEPT: Final = timedelta(days=1)
KEPT_FOR_MAIL: Final = timedelta(days=7)


class FileFormat(models.TextChoices):
    """What kind of file it is; the codes are the ends of its names."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"


CONTENT_TYPES: Final = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ListExport(models.Model):
    """One file that somebody asked for. The workers add pieces to it until it is whole, and delete it in the end."""

    class State(models.TextChoices):
        """How far it is."""

        PENDING = "PENDING", _("Being made")
        DONE = "DONE", _("Ready")
        FAILED = "FAILED", _("Not made")

    class Fault(models.TextChoices):
        """Why it was not made."""

        NOT_ALLOWED = "NOT_ALLOWED", _("Its owner may not view orders")
        UNREADABLE = "UNREADABLE", _("The list cannot be read any more")
        TOO_MANY = "TOO_MANY", _("Too many orders for an Excel file")
        SLOW = "SLOW", _("It took too long")

    export_id = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    query = models.CharField(max_length=LONGEST_QUERY, blank=True, help_text=_("The list's query string."))
    file_format = CodeField(max_length=8, choices=FileFormat.choices, default=FileFormat.CSV, db_default="csv")
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text=_("In which days begin and times are written; empty for UTC."),
    )
    state = CodeField(max_length=16, choices=State.choices, default=State.PENDING)
    fault = CodeField(max_length=16, choices=Fault.choices, blank=True, default="", db_default="")
    cursor = models.CharField(max_length=300, blank=True, help_text=_("Where the list goes on behind the last piece."))
    rows = models.PositiveIntegerField(default=0, help_text=_("How many orders are in the pieces that there are."))
    pieces = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text=_("How many bytes the pieces are, unpacked.")
    )
    total = models.PositiveIntegerField(null=True, help_text=_("How many orders were in the list when it was begun."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    touched_at = models.DateTimeField(db_default=Now(), help_text=_("When the last piece was added, or it was begun."))

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["PENDING", "DONE", "FAILED"]), name="list_export_state_is_known"
            ),
            models.CheckConstraint(condition=Q(file_format__in=["csv", "xlsx"]), name="list_export_format_is_known"),
        ]
        indexes = [
            models.Index("touched_at", name="list_export_pending", condition=Q(state="PENDING")),
            models.Index("created_at", name="list_export_oldest"),
        ]

    def __str__(self) -> str:
        return self.export_id

    @property
    def is_done(self) -> bool:
        """Tell whether the file is whole."""
        return self.state == self.State.DONE

    @property
    def is_pending(self) -> bool:
        """Tell whether pieces are still to come."""
        return self.state == self.State.PENDING

    @property
    def is_workbook(self) -> bool:
        """Tell whether it is an Excel file, whose orders are bounded in number."""
        return self.file_format == FileFormat.XLSX

    @property
    def file_name(self) -> str:
        """The name of the file, after the day on which it was asked for."""
        return f"orders-{self.created_at.astimezone(find_zone(self.time_zone)):%Y-%m-%d}.{self.file_format}"

    @property
    def content_type(self) -> str:
        """What the file is called to browsers and in e-mails."""
        return CONTENT_TYPES[FileFormat(self.file_format)]

    def read(self) -> Iterator[bytes]:
        """Yield the file, a piece at a time. Raises ExportNotFound when it was deleted while it was read."""
        for number in range(self.pieces):
            piece = ListExportPiece.objects.filter(export=self, number=number).values_list("data", flat=True).first()
            if piece is None:
                raise ExportNotFound(self.export_id)  # half a file must not look whole
            yield zlib.decompress(bytes(piece), wbits=31)

    @property
    def percent(self) -> int:
        """How much of it there is, as a whole number, 100 only when it is whole."""
        if self.is_done:
            return 100
        return min(99, self.rows * 100 // self.total) if self.total else 0


class ListExportPiece(models.Model):
    """A part of the file, compressed by gzip. One behind the other they are the file."""

    export = models.ForeignKey(ListExport, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="list_export_has_each_piece_once")]

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"
