"""What happened to orders, what people decided, and what keeps them from moving."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from orders import labels, states
from orders.events import STATUSES
from orders.models.choices import (
    CHANNEL_CHOICES,
    DECISION_CHOICES,
    DECISION_REASON_CHOICES,
    OUTCOME_CHOICES,
    TROUBLE_CHOICES,
)
from orders.models.order import Order
from orders.models.reason import CODE_PATTERN
from orders.postgres.fields import CodeField


class OrderEvent(models.Model):
    """One row of an order's history. Rows are only ever added; the database refuses to change or remove one."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    key = models.CharField(max_length=150, help_text=_("A repeated activity writes the same key, and so adds nothing."))
    kind = models.CharField(max_length=40, help_text=_("A code of orders.events."))
    data = models.JSONField(default=dict, help_text=_("The facts that orders.events names for the kind; never words."))
    actor = models.CharField(max_length=150, blank=True, help_text=_("The person, or empty for the workflow itself."))
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["order", "key"], name="order_event_happens_once")]

    def __str__(self) -> str:
        return self.title

    @property
    def status(self) -> str:
        """The status that began with this event, or an empty text."""
        return STATUSES.get(self.kind, "")

    @property
    def status_label(self) -> str:
        """The words of the status that began with this event, or an empty text."""
        return str(labels.STATUS_LABELS[states.Status(self.status)]) if self.status else ""

    @property
    def who(self) -> str:
        """Who did it, in words that say how far this is known; empty for the workflow itself."""
        return labels.describe_actor(self.actor, self.data.get("channel", ""), self.data.get("terminal_user", ""))

    @property
    def title(self) -> str:
        """What happened, in words."""
        return labels.describe_event(self.kind, self.data)[0]

    @property
    def detail(self) -> str:
        """More of what happened, in words, or an empty text."""
        return labels.describe_event(self.kind, self.data)[1]


class Decision(models.Model):
    """One decision on an order: what somebody wanted, and what became of it."""

    decision_id = models.CharField(max_length=64, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="decisions")
    kind = CodeField(max_length=8, choices=DECISION_CHOICES)
    actor = models.CharField(max_length=150)
    actor_account_id = models.BigIntegerField(
        null=True, editable=False, help_text=_("Empty when the decision came from the terminal or over Temporal.")
    )
    is_own_order = models.BooleanField(
        default=False, help_text=_("An approval by whoever submitted the order; only superusers may, with a reason.")
    )
    channel = CodeField(max_length=16, choices=CHANNEL_CHOICES)
    terminal_user = models.CharField(
        max_length=150, blank=True, db_default="", help_text=_("Whose shell it was, for a decision at the terminal.")
    )
    reason_code = CodeField(
        max_length=32,
        choices=DECISION_REASON_CHOICES,
        blank=True,
        db_default="",
        help_text=_("What was chosen from the list of reasons, for a cancellation."),
    )
    reason_words = models.CharField(
        max_length=100, blank=True, db_default="", help_text=_("What the shop's list had for the code at the time.")
    )
    reason = models.TextField(blank=True)
    customer_text = models.TextField(
        blank=True, db_default="", help_text=_("What the customer is to be told about a cancellation.")
    )
    taken_at = models.DateTimeField(db_default=Now())
    outcome = CodeField(max_length=16, choices=OUTCOME_CHOICES, default=states.Outcome.PENDING.value)
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the order's workflow answered; a decision counts from its row on.")
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="PENDING", answered_at__isnull=True)
                | (Q(outcome__in=["ACCEPTED", "REPEATED", "TOO_LATE", "REFUSED"]) & Q(answered_at__isnull=False)),
                name="decision_has_a_time_just_when_answered",
            ),
            models.CheckConstraint(condition=Q(kind__in=["approve", "cancel"]), name="decision_kind_is_known"),
            models.CheckConstraint(
                condition=Q(reason_code="") | Q(reason_code__regex=CODE_PATTERN),
                name="decision_reason_code_is_in_capitals",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["TERMINAL", "TEMPORAL", "POLICY"])
                | Q(channel__in=["CONSOLE", "API"], actor_account_id__isnull=False),
                name="decision_in_the_console_or_by_api_names_an_account",
            ),
            models.CheckConstraint(
                condition=Q(is_own_order=False) | Q(outcome="REFUSED") | Q(reason__gt=""),
                name="decision_on_an_own_order_has_a_reason",
            ),
        ]
        indexes = [
            models.Index("taken_at", name="decision_unanswered", condition=Q(outcome="PENDING")),
            models.Index("taken_at", name="decision_taken"),
            models.Index(Upper("actor"), "taken_at", name="decision_actor_taken"),
            models.Index("channel", "taken_at", name="decision_channel_taken"),
            models.Index("reason_code", "taken_at", name="decision_reason_taken", condition=Q(reason_code__gt="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"


class Trouble(models.Model):
    """Something that keeps an order from moving, until it is over; the history tells of its beginning and end."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="troubles")
    code = CodeField(max_length=32, choices=TROUBLE_CHOICES)
    detail = models.TextField(blank=True)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["order", "code"], name="order_has_each_trouble_once")]

    def __str__(self) -> str:
        return self.code
