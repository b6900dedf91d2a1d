"""Files of long lists, made in the background a piece at a time."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orders.models.saved_view import LONGEST_QUERY
from orders.postgres.fields import CodeField


class ListExport(models.Model):
    """One file that somebody asked for. The workers add pieces to it until it is whole, and delete it in the end."""

    class State(models.TextChoices):
        """How far it is."""

        PENDING = "PENDING", "Being made"
        DONE = "DONE", "Ready"
        FAILED = "FAILED", "Not made"

    export_id = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    query = models.CharField(max_length=LONGEST_QUERY, blank=True, help_text="The list's query string.")
    state = CodeField(max_length=16, choices=State.choices, default=State.PENDING)
    cursor = models.CharField(max_length=300, blank=True, help_text="Where the list goes on behind the last piece.")
    rows = models.PositiveIntegerField(default=0, help_text="How many orders are in the pieces that there are.")
    pieces = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, help_text="How many orders were in the list when it was begun.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    touched_at = models.DateTimeField(db_default=Now(), help_text="When the last piece was added, or it was begun.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["PENDING", "DONE", "FAILED"]), name="list_export_state_is_known"
            ),
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
    def percent(self) -> int:
        """How much of it there is, as a whole number, 100 only when it is whole."""
        if self.is_done:
            return 100
        return min(99, self.rows * 100 // self.total) if self.total else 0


class ListExportPiece(models.Model):
    """Some lines of the file, compressed by gzip. One behind the other they are the file."""

    export = models.ForeignKey(ListExport, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="list_export_has_each_piece_once")]

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"
