"""Imports: files of orders that people upload, how each is read, and what came of every order in it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.models.choices import IMPORT_RESULT_CHOICES, IMPORT_STATE_CHOICES
from orders.models.order import Order
from orders.models.shop import Shop
from orders.postgres.fields import CodeField
from orders.states import ImportState


class OrderImport(models.Model):
    """A file of orders. The row is what counts; its workflow asks it before every chunk."""

    import_id = models.CharField(max_length=64, unique=True, help_text=_("Also the id of its workflow."))
    file_name = models.CharField(max_length=200)
    actor = models.CharField(max_length=150)
    actor_account_id = models.BigIntegerField()
    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text=_("Whose order numbers.")
    )
    layout = models.JSONField(help_text=_("How the file is read: encoding, delimiter, decimal mark and columns."))
    sample = models.JSONField(
        help_text=_("The first rows of the file as they are read, with the names of the columns.")
    )
    state = CodeField(max_length=16, choices=IMPORT_STATE_CHOICES, default=ImportState.CHOOSING)
    trouble = models.TextField(blank=True, help_text=_("Why the file could not be read to its end."))
    checks = models.PositiveIntegerField(
        default=0, help_text=_("How often it was checked; each check begins at the first row.")
    )
    checked_row = models.PositiveIntegerField(default=0, help_text=_("Up to which row the present check has come."))
    rows = models.PositiveIntegerField(default=0, help_text=_("Rows that were checked, without the columns' names."))
    is_right_lost = models.BooleanField(
        default=False, help_text=_("It stopped because its owner may not submit any more.")
    )
    changed_by = models.CharField(max_length=150, blank=True, help_text=_("Who confirmed or stopped it."))
    created_at = models.DateTimeField(db_default=Now())
    moved_at = models.DateTimeField(db_default=Now(), help_text=_("When something about it happened last."))
    ended_at = models.DateTimeField(null=True, blank=True)
    wake_due_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when its workflow has to be started or woken; empty when it was.")
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "import"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["CHOOSING", "CHECKING", "CHECKED", "RUNNING"], ended_at__isnull=True)
                | Q(state__in=["STOPPED", "DONE"], ended_at__isnull=False),
                name="import_has_ended_when_it_is_stopped_or_done",
            ),
            models.CheckConstraint(
                condition=Q(is_right_lost=False) | Q(state="STOPPED"), name="import_stops_when_the_right_is_lost"
            ),
        ]
        indexes = [
            models.Index("wake_due_at", name="import_to_wake", condition=Q(wake_due_at__isnull=False)),
            models.Index("moved_at", name="import_under_way", condition=Q(ended_at__isnull=True)),
            models.Index(F("actor_account_id"), F("id").desc(), name="import_of_account_newest"),
        ]

    def __str__(self) -> str:
        return self.import_id

    @property
    def is_over(self) -> bool:
        """Tell whether no more of its orders will be submitted."""
        return self.ended_at is not None


class ImportFile(models.Model):
    """The contents of a file, kept until its orders are confirmed.

    They stand in the database because web servers and workers share nothing else, and so that they come and go in one
    transaction with the rest; their size is limited where they are read.
    """

    of = models.OneToOneField(OrderImport, primary_key=True, on_delete=models.CASCADE, related_name="file")
    contents = models.BinaryField()

    def __str__(self) -> str:
        return str(self.pk)


class ImportedOrder(models.Model):
    """One order of a file, with its result; an empty one until its turn has come."""

    of = models.ForeignKey(OrderImport, on_delete=models.PROTECT, related_name="orders", db_index=False)
    first_row = models.PositiveIntegerField(help_text=_("Where it begins, as a spreadsheet counts."))
    shop_order_number = models.CharField(max_length=200, blank=True)
    # Personal data: emptied once the order is submitted, which holds it from then on.
    rows = models.JSONField(default=list, help_text=_("Its rows as they stand in the file, each with its number."))
    errors = models.JSONField(default=list, help_text=_("What is wrong: row, field and sentence of each."))
    result = CodeField(max_length=16, blank=True, choices=IMPORT_RESULT_CHOICES)
    is_known = models.BooleanField(default=False, help_text=_("It had been submitted before the file was checked."))
    # Orders are never removed, and nobody who changes one is to wait for an import.
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["of", "first_row"], name="import_has_a_row_in_one_order"),
            models.CheckConstraint(
                condition=Q(result__in=["CREATED", "EXISTING"], order__isnull=False)
                | Q(result__in=["", "WRONG", "REFUSED"], order__isnull=True),
                name="imported_order_exists_when_it_was_submitted",
            ),
        ]
        indexes = [
            models.Index("of", "id", name="imported_order_pending", condition=Q(result="")),
            models.Index("of", "result", "id", name="imported_order_by_result"),
        ]

    def __str__(self) -> str:
        facts = {"file": self.of_id, "row": self.first_row, "result": self.result}
        return gettext("%(file)s row %(row)s %(result)s") % facts
