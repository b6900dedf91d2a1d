"""Batches: one decision of somebody's on many orders, carried out one after the other, and the result for each."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.choices import (
    BATCH_RESULT_CHOICES,
    BATCH_STATE_CHOICES,
    CHANNEL_CHOICES,
    DECISION_CHOICES,
    DECISION_REASON_CHOICES,
)
from orders.models.order import Order
from orders.postgres.fields import CodeField
from orders.states import BatchState


class Batch(models.Model):
    """One decision on many orders. The row is what counts; its workflow asks it before every chunk."""

    batch_id = models.CharField(max_length=64, unique=True, help_text=_("Also the id of its workflow."))
    kind = CodeField(max_length=16, choices=DECISION_CHOICES)
    reason_code = CodeField(max_length=32, blank=True, choices=DECISION_REASON_CHOICES)
    reason_words = models.CharField(
        max_length=100, blank=True, db_default="", help_text=_("What the shop's list had for the code at the time.")
    )
    reason = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    actor_account_id = models.BigIntegerField()
    channel = CodeField(max_length=16, choices=CHANNEL_CHOICES)
    query = models.TextField(blank=True, help_text=_("The list's query that chose the orders; empty for ticked ones."))
    total = models.PositiveIntegerField(help_text=_("How many orders were chosen."))
    state = CodeField(max_length=16, choices=BATCH_STATE_CHOICES, default=BatchState.RUNNING)
    is_right_lost = models.BooleanField(
        default=False, help_text=_("It stopped because its owner may not decide any more.")
    )
    changed_by = models.CharField(max_length=150, blank=True, help_text=_("Who paused, resumed or stopped it last."))
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    wake_due_at = models.DateTimeField(
        null=True,
        db_default=Now(),
        help_text=_("Since when its workflow has to be started or woken; empty when it was."),
    )

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["approve", "cancel"]), name="batch_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["RUNNING", "PAUSED"], ended_at__isnull=True)
                | Q(state__in=["STOPPED", "DONE"], ended_at__isnull=False),
                name="batch_has_ended_when_it_is_stopped_or_done",
            ),
            models.CheckConstraint(condition=Q(total__gt=0, total__lte=10_000), name="batch_has_1_to_10000_orders"),
            models.CheckConstraint(
                condition=Q(is_right_lost=False) | Q(state="STOPPED"), name="batch_stops_when_the_right_is_lost"
            ),
        ]
        indexes = [
            models.Index("wake_due_at", name="batch_to_wake", condition=Q(wake_due_at__isnull=False)),
            models.Index("id", name="batch_running", condition=Q(state="RUNNING")),
            models.Index("ended_at", name="batch_by_end", condition=Q(ended_at__isnull=False)),
            models.Index(F("actor_account_id"), F("id").desc(), name="batch_of_account_newest"),
        ]

    def __str__(self) -> str:
        return self.batch_id

    @property
    def is_over(self) -> bool:
        """Tell whether no more of its orders will be decided."""
        return self.ended_at is not None


class BatchItem(models.Model):
    """One order of a batch, with its result; an empty one until its turn has come."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="items", db_index=False)
    # Orders are never removed, and a foreign key would have a new batch wait for whoever is changing one of its orders.
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    result = CodeField(max_length=32, blank=True, choices=BATCH_RESULT_CHOICES)
    decided_by = models.CharField(max_length=150, blank=True, help_text=_("Who had decided the order before."))
    decided_as = CodeField(max_length=16, blank=True, choices=DECISION_CHOICES)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "order"], name="batch_has_an_order_once"),
            models.CheckConstraint(
                condition=Q(result="", done_at__isnull=True) | Q(result__gt="", done_at__isnull=False),
                name="batch_item_has_a_time_when_it_has_a_result",
            ),
        ]
        indexes = [
            models.Index("batch", "id", name="batch_item_pending", condition=Q(result="")),
            models.Index("batch", "result", "id", name="batch_item_by_result"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.order_id} {self.result}"
