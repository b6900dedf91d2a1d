"""The one charge of an order, the calls to its gateway, and what was given back."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from orders import labels, states
from orders.labels.reasons import describe_reason
from orders.models.choices import CAUSE_CHOICES, CHANNEL_CHOICES, DECISION_REASON_CHOICES, REASON_CHOICES
from orders.models.order import Order
from orders.money import Money
from orders.postgres.fields import ChangedAtField, CodeField


class Payment(models.Model):
    """The one charge of an order."""

    class Status(models.TextChoices):
        """What became of the money."""

        PENDING = "PENDING", _("Pending")
        UNKNOWN = "UNKNOWN", _("Unknown, being looked up")  # the gateway was asked, and its answer was lost
        REQUIRES_ACTION = "REQUIRES_ACTION", _("The customer has to confirm it")
        AUTHORISED = "AUTHORISED", _("Authorised")  # the money is held and not taken
        RELEASED = "RELEASED", _("Released")  # it was authorised, never captured, and is not held any more
        CHARGED = "CHARGED", _("Charged")
        REFUNDED = "REFUNDED", _("Refunded")
        DECLINED = "DECLINED", _("Not charged")  # refused by the gateway, or closed before any money was taken
        NOTHING_DUE = "NOTHING_DUE", _("Nothing to charge")  # the order costs nothing, and no gateway was asked

    payment_id = models.CharField(max_length=64, primary_key=True)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="payment")
    amount = models.BigIntegerField(help_text=_("In the currency's minor unit."))
    currency = models.CharField(max_length=3, help_text=_("Three letters by ISO 4217."))
    status = CodeField(max_length=16, choices=Status.choices, default=Status.PENDING)
    gateway = models.CharField(max_length=50, blank=True, help_text=_("Empty when there is nothing to charge."))
    gateway_reference = models.CharField(max_length=100, blank=True)
    request_hash = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        editable=False,
        help_text=_("A hash of what the gateway is asked for under the key. Empty for older payments."),
    )
    authorised_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Until when the gateway holds the money.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = ChangedAtField()

    class Meta:
        ordering = ["-created_at", "-payment_id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_amount_is_not_negative"),
            models.CheckConstraint(
                condition=~Q(status__in=["CHARGED", "REFUNDED"]) | Q(gateway_reference__gt=""),
                name="payment_that_moved_money_has_a_reference",
            ),
            models.CheckConstraint(
                condition=~Q(status="NOTHING_DUE") | Q(amount=0), name="payment_with_nothing_due_is_of_nothing"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        *("PENDING", "UNKNOWN", "REQUIRES_ACTION", "AUTHORISED", "RELEASED"),
                        *("CHARGED", "REFUNDED", "DECLINED", "NOTHING_DUE"),
                    ]
                ),
                name="payment_status_is_known",
            ),
            # An authorisation is captured once, so no two orders may count on it.
            models.UniqueConstraint(
                fields=["gateway", "gateway_reference"],
                condition=Q(authorised_until__isnull=False),
                name="authorisation_is_of_one_payment",
            ),
            models.CheckConstraint(
                condition=Q(authorised_until__isnull=True) | Q(gateway_reference__gt=""),
                name="payment_that_is_held_has_a_reference",
            ),
        ]
        indexes = [
            models.Index(F("created_at").desc(), F("payment_id").desc(), name="payment_newest"),
            models.Index("status", F("created_at").desc(), F("payment_id").desc(), name="payment_status_newest"),
            models.Index("gateway", F("created_at").desc(), F("payment_id").desc(), name="payment_gateway_newest"),
        ]

    def __str__(self) -> str:
        return self.payment_id

    @property
    def amount_money(self) -> Money:
        return Money(self.amount, self.currency)


class PaymentAttempt(models.Model):
    """One call to the gateway for a payment, written down before it is made."""

    class Kind(models.TextChoices):
        """What was asked of the gateway."""

        CHARGE = "CHARGE", pgettext_lazy("call to a gateway", "Charge")
        AUTHORISE = "AUTH", pgettext_lazy("call to a gateway", "Authorisation")
        CAPTURE = "CAPTURE", pgettext_lazy("call to a gateway", "Capture")
        VOID = "VOID", pgettext_lazy("call to a gateway", "Void")
        REFUND = "REFUND", pgettext_lazy("call to a gateway", "Refund")

    class Outcome(models.TextChoices):
        """What is known of the answer."""

        UNKNOWN = "UNKNOWN", _("No answer")
        SUCCEEDED = "SUCCEEDED", _("Succeeded")
        PENDING = "PENDING", _("Not decided yet")
        DECLINED = "DECLINED", _("Declined")
        FAILED = "FAILED", _("Failed")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    kind = CodeField(max_length=8, choices=Kind.choices)
    outcome = CodeField(max_length=16, choices=Outcome.choices, default=Outcome.UNKNOWN)
    code = models.CharField(max_length=64, blank=True, db_default="", help_text=_("The gateway's own code."))
    error = models.TextField(blank=True)
    request_hash = models.CharField(
        max_length=64, blank=True, db_default="", editable=False, help_text=_("A hash of what was asked for.")
    )
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["CHARGE", "AUTH", "CAPTURE", "VOID", "REFUND"]),
                name="payment_attempt_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["UNKNOWN", "SUCCEEDED", "PENDING", "DECLINED", "FAILED"]),
                name="payment_attempt_outcome_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"


class Refund(models.Model):
    """Money to give back on a payment, whole or in part; it is asked for once and answered once."""

    class Status(models.TextChoices):
        """What became of it."""

        PENDING = "PENDING", _("Requested")
        SUCCEEDED = "SUCCEEDED", _("Refunded")
        CLOSED = "CLOSED", _("Nothing to refund")  # the gateway had taken nothing
        FAILED = "FAILED", _("Not refunded")  # the gateway refused it for good

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=150, unique=True, help_text=_("A repeated step asks under the same key."))
    amount = models.BigIntegerField(help_text=_("In the currency's minor unit."))
    currency = models.CharField(max_length=3, help_text=_("Three letters by ISO 4217."))
    reason_code = CodeField(max_length=32, choices=[*REASON_CHOICES, *DECISION_REASON_CHOICES])
    cause = CodeField(max_length=32, choices=CAUSE_CHOICES, blank=True, db_default="")
    reason_words = models.CharField(
        max_length=100, blank=True, db_default="", help_text=_("What the shop's list had for the code at the time.")
    )
    reason = models.TextField(blank=True)
    lines = models.JSONField(null=True, blank=True, help_text=_("What of the order it is for, where somebody said so."))
    requested_by = models.CharField(max_length=150, blank=True, help_text=_("Empty for the workflow itself."))
    account_id = models.BigIntegerField(
        null=True, editable=False, help_text=_("The account of whoever asked for it, where it has one.")
    )
    channel = CodeField(max_length=16, choices=CHANNEL_CHOICES, blank=True)
    status = CodeField(max_length=16, choices=Status.choices, default=Status.PENDING)
    gateway_reference = models.CharField(max_length=100, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(status="PENDING", finished_at__isnull=True)
                | (Q(status__in=["SUCCEEDED", "CLOSED", "FAILED"]) & Q(finished_at__isnull=False)),
                name="refund_has_a_time_just_when_answered",
            ),
        ]
        indexes = [models.Index("status", "payment", name="refund_status")]

    def __str__(self) -> str:
        return f"{self.amount_money.plain} {self.status}"

    @property
    def explanation(self) -> str:
        """Why the money is given back, in words."""
        if self.reason_code in set(states.ReasonCode):
            reason = str(labels.REASON_LABELS[states.ReasonCode(self.reason_code)])
            text = labels.describe_cause(self.cause, self.reason)
            return f"{reason}: {text}" if text else reason
        return describe_reason(self.reason_code, self.reason, self.reason_words)

    @property
    def amount_money(self) -> Money:
        return Money(self.amount, self.currency)


class RefundFollowUp(models.Model):
    """What a person did about a refund that the gateway refused for good. Rows are only ever added."""

    class Kind(models.TextChoices):
        """What was done."""

        AGAIN = "AGAIN", _("Tried again")
        SETTLED = "SETTLED", _("Settled outside the console")

    refund = models.OneToOneField(Refund, on_delete=models.PROTECT, related_name="follow_up")
    kind = CodeField(max_length=8, choices=Kind.choices)
    again = models.OneToOneField(Refund, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    actor_account_id = models.BigIntegerField(null=True, help_text=_("Empty for somebody at the terminal."))
    channel = CodeField(max_length=16, choices=CHANNEL_CHOICES)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="AGAIN", again__isnull=False)
                | (Q(kind="SETTLED", again__isnull=True) & Q(note__gt="")),
                name="follow_up_names_a_refund_or_says_why",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(kind)s by %(actor)s") % {"kind": self.kind, "actor": self.actor}
