"""The tables: what the console remembers of orders, and the simulated outside world's own books.

Amounts are integers in the currency's minor unit. What can be a constraint is one, named as a sentence.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from orders import labels, states
from orders.events import STATUSES
from orders.money import Money
from orders.postgres.database_check import WriteProbe
from orders.postgres.fields import ChangedAtField
from orders.postgres.leases import Lease
from orders.reading.querysets import OrderManager
from orders.reading.search import search_document
from orders.simulated.books import CarrierBooking, GatewayMovement

__all__ = [
    "CarrierBooking",
    "Decision",
    "GatewayMovement",
    "Lease",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OutboxMessage",
    "Payment",
    "PaymentAttempt",
    "Refund",
    "Shipment",
    "Trouble",
    "WorkerProcess",
    "WriteProbe",
]

STATUS_CHOICES = [(status.value, label) for status, label in labels.STATUS_LABELS.items()]
REASON_CHOICES = [(code.value, label) for code, label in labels.REASON_LABELS.items()]
OUTCOME_CHOICES = [(outcome.value, label) for outcome, label in labels.OUTCOME_LABELS.items()]
TROUBLE_CHOICES = [(code.value, label) for code, label in labels.TROUBLE_LABELS.items()]
CHANNEL_CHOICES = [(channel.value, label) for channel, label in labels.CHANNEL_LABELS.items()]
DECISION_CHOICES = [(states.DecisionKind.APPROVE.value, "Approve"), (states.DecisionKind.CANCEL.value, "Cancel")]


class Order(models.Model):
    """One customer's order. Its `order_id` is public and also the id of its workflow."""

    order_id = models.CharField(max_length=64, unique=True)
    payment_id = models.CharField(
        max_length=64,
        unique=True,
        help_text="The key of the one charge of this order, fixed before its workflow starts.",
    )
    idempotency_key = models.CharField(
        max_length=64, unique=True, help_text="A form that is sent twice carries the same key and makes one order."
    )
    contents_hash = models.CharField(
        max_length=80,
        blank=True,
        db_default="",
        editable=False,
        help_text="A hash of what the key was used for. Empty for orders from before there were hashes.",
    )
    customer_name = models.CharField(max_length=200)
    customer_company = models.CharField(max_length=200, blank=True, db_default="")
    customer_email = models.EmailField()
    customer_phone = models.CharField(max_length=40, blank=True, db_default="")
    address_line = models.CharField("street and number", max_length=200)
    address_line2 = models.CharField("address line 2", max_length=200, blank=True, db_default="")
    # Some countries have no postcodes, some no cities: orders.intake.addresses knows.
    address_postcode = models.CharField("postcode", max_length=20, blank=True)
    address_city = models.CharField("city", max_length=100, blank=True)
    address_state = models.CharField("state or province", max_length=100, blank=True, db_default="")
    address_country = models.CharField("country", max_length=2, help_text="Two letters by ISO 3166-1, or XK.")
    currency = models.CharField(max_length=3, help_text="Three letters by ISO 4217.")
    total = models.BigIntegerField(help_text="In the currency's minor unit.")
    status = models.CharField(max_length=32, choices=STATUS_CHOICES, default=states.Status.CREATED.value)
    reason_code = models.CharField(max_length=32, choices=REASON_CHOICES, blank=True)
    reason = models.TextField(blank=True)
    submitted_by = models.CharField(max_length=150)
    # An account's id, but no reference to it: the history outlives every account, and stops nobody from removing one.
    submitter_account_id = models.BigIntegerField(
        null=True, editable=False, help_text="Empty when the order was submitted at the terminal."
    )
    decision = models.CharField(max_length=8, choices=DECISION_CHOICES, blank=True, help_text="The latest decision.")
    decision_id = models.CharField(max_length=64, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decision_channel = models.CharField(max_length=16, choices=CHANNEL_CHOICES, blank=True, db_default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    approval_deadline = models.DateTimeField(null=True, blank=True)
    run_id = models.CharField(max_length=64, blank=True, help_text="The latest Temporal run of the workflow.")
    version = models.PositiveIntegerField(default=1, help_text="Grows with each event.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = ChangedAtField()
    # What an order is found by but stands in other tables; triggers keep both (see the migrations).
    search_lines = models.TextField(
        db_default="",
        editable=False,
        help_text="Articles and descriptions of the lines, kept by PostgreSQL for the search.",
    )
    search_codes = models.TextField(
        db_default="",
        editable=False,
        help_text="Articles, tracking number and references, kept by PostgreSQL for the search.",
    )
    search_document = models.GeneratedField(
        expression=search_document(
            "order_id",
            "payment_id",
            texts=(
                "customer_name",
                "customer_company",
                "customer_email",
                "customer_phone",
                "address_line",
                "address_line2",
                "address_postcode",
                "address_city",
                "address_state",
                "search_lines",
            ),
            codes=("customer_phone", "address_postcode", "search_codes"),
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = OrderManager()

    class Meta:
        ordering = ["-created_at", "-id"]
        permissions = [
            ("approve_order", "Can approve an order"),
            ("cancel_order", "Can cancel an order"),
            ("open_temporal_ui", "Can open the Temporal Web UI, where everything can be done to a workflow"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_is_not_negative"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="order_currency_is_three_letters"),
            models.CheckConstraint(
                condition=Q(status__in=sorted(status.value for status in states.Status)), name="order_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(reason_code="") | Q(reason_code__in=sorted(code.value for code in states.ReasonCode)),
                name="order_reason_code_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["CANCELLING", "CANCELLED"], reason_code__gt="")
                | (~Q(status__in=["CANCELLING", "CANCELLED"]) & Q(reason_code="")),
                name="order_has_a_reason_code_just_when_cancelled",
            ),
            models.CheckConstraint(
                condition=~Q(status="PENDING_MANUAL_APPROVAL") | Q(approval_deadline__isnull=False),
                name="order_that_waits_has_a_deadline",
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_by="", decided_at__isnull=True)
                | Q(decision__gt="", decided_by__gt="", decided_at__isnull=False),
                name="order_decision_has_a_person_and_a_time",
            ),
        ]
        indexes = [
            models.Index(F("created_at").desc(), F("id").desc(), name="order_newest"),
            models.Index("status", F("created_at").desc(), F("id").desc(), name="order_status_newest"),
            models.Index(
                "approval_deadline", "id", name="order_next_to_expire", condition=Q(status="PENDING_MANUAL_APPROVAL")
            ),
            models.Index(
                "updated_at",
                name="order_in_motion",
                condition=Q(status__in=sorted(status.value for status in states.IN_MOTION)),
            ),
            GinIndex("search_document", name="order_search"),
        ]

    def __str__(self) -> str:
        return self.order_id

    def get_absolute_url(self) -> str:
        """Return the address of the order's page."""
        return reverse("order-detail", args=[self.order_id])

    @property
    def total_money(self) -> Money:
        """The total as money."""
        return Money(self.total, self.currency)

    @property
    def is_free(self) -> bool:
        """Tell whether the order costs nothing, so that no gateway is asked about it."""
        return self.total == 0

    @property
    def is_open(self) -> bool:
        """Tell whether something may still happen to the order."""
        return self.status in states.OPEN

    @property
    def is_awaiting_decision(self) -> bool:
        """Tell whether the order waits for a person; one that is decided does not, even before its workflow knows."""
        return self.status == states.Status.PENDING_MANUAL_APPROVAL and not self.decision

    @property
    def is_approved(self) -> bool:
        """Tell whether the latest decision is an approval."""
        return self.decision == states.DecisionKind.APPROVE

    @property
    def is_decided_here(self) -> bool:
        """Tell whether the latest decision was taken through the console's own ways, and not over Temporal alone."""
        return bool(self.decision) and self.decision_channel != states.Channel.TEMPORAL

    @property
    def decider(self) -> str:
        """Who took the latest decision, in words that say how far this is known."""
        return labels.describe_actor(self.decided_by, self.decision_channel)

    @property
    def is_cancel_requested(self) -> bool:
        """Tell whether a person decided to cancel the order."""
        return self.decision == states.DecisionKind.CANCEL


class OrderLine(models.Model):
    """One line of an order; its price is per unit, in minor units of the order's currency."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    sku = models.CharField("SKU", max_length=64)
    description = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField(help_text="In the currency's minor unit.")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_has_its_own_position"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_is_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_line_price_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.sku}"

    @property
    def unit_price_money(self) -> Money:
        """The price of one unit."""
        return Money(self.unit_price, self.order.currency)

    @property
    def total_money(self) -> Money:
        """The price of all units of the line."""
        return self.unit_price_money * self.quantity


class Payment(models.Model):
    """The one charge of an order."""

    class Status(models.TextChoices):
        """What became of the money."""

        PENDING = "PENDING", "Pending"
        CHARGED = "CHARGED", "Charged"
        REFUNDED = "REFUNDED", "Refunded"
        DECLINED = "DECLINED", "Not charged"  # refused by the gateway, or closed before any money was taken
        NOTHING_DUE = "NOTHING_DUE", "Nothing to charge"  # the order costs nothing, and no gateway was asked

    payment_id = models.CharField(max_length=64, primary_key=True)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="payment")
    amount = models.BigIntegerField(help_text="In the currency's minor unit.")
    currency = models.CharField(max_length=3, help_text="Three letters by ISO 4217.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    gateway = models.CharField(max_length=50, blank=True, help_text="Empty when there is nothing to charge.")
    gateway_reference = models.CharField(max_length=100, blank=True)
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
        ]
        indexes = [models.Index(F("created_at").desc(), F("payment_id").desc(), name="payment_newest")]

    def __str__(self) -> str:
        return self.payment_id

    @property
    def amount_money(self) -> Money:
        """The amount as money."""
        return Money(self.amount, self.currency)


class PaymentAttempt(models.Model):
    """One call to the gateway for a payment, written down before it is made."""

    class Kind(models.TextChoices):
        """What was asked of the gateway."""

        CHARGE = "CHARGE", "Charge"
        REFUND = "REFUND", "Refund"

    class Outcome(models.TextChoices):
        """What is known of the answer."""

        UNKNOWN = "UNKNOWN", "No answer"
        SUCCEEDED = "SUCCEEDED", "Succeeded"
        DECLINED = "DECLINED", "Declined"
        FAILED = "FAILED", "Failed"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.UNKNOWN)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["started_at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"


class Refund(models.Model):
    """Money to give back on a payment, whole or in part; it is asked for once and answered once."""

    class Status(models.TextChoices):
        """What became of it."""

        PENDING = "PENDING", "Asked for"
        SUCCEEDED = "SUCCEEDED", "Given back"
        CLOSED = "CLOSED", "Nothing to give back"  # the gateway had taken nothing

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=150, unique=True, help_text="A repeated step asks under the same key.")
    amount = models.BigIntegerField(help_text="In the currency's minor unit.")
    currency = models.CharField(max_length=3, help_text="Three letters by ISO 4217.")
    reason_code = models.CharField(max_length=32, choices=REASON_CHOICES)
    reason = models.TextField(blank=True)
    requested_by = models.CharField(max_length=150, blank=True, help_text="Empty for the workflow itself.")
    channel = models.CharField(max_length=16, choices=CHANNEL_CHOICES, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    gateway_reference = models.CharField(max_length=100, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(status="PENDING", finished_at__isnull=True)
                | (Q(status__in=["SUCCEEDED", "CLOSED"]) & Q(finished_at__isnull=False)),
                name="refund_has_a_time_just_when_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_money} {self.status}"

    @property
    def amount_money(self) -> Money:
        """The amount as money."""
        return Money(self.amount, self.currency)


class Shipment(models.Model):
    """Package and carrier of an order."""

    class Status(models.TextChoices):
        """Where the parcel is, as far as we had a hand in it."""

        PREPARED = "PREPARED", "Package prepared"
        DISPATCHED = "DISPATCHED", "Handed to the carrier"
        RECALLED = "RECALLED", "Called back"

    shipment_id = models.CharField(max_length=80, primary_key=True)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="shipment")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PREPARED)
    package_reference = models.CharField(max_length=100)
    carrier = models.CharField(max_length=50, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    prepared_at = models.DateTimeField(db_default=Now())
    dispatched_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.tracking_number or self.shipment_id


class OrderEvent(models.Model):
    """One row of an order's history. Rows are only ever added; the database refuses to change or remove one."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    key = models.CharField(max_length=150, help_text="A repeated activity writes the same key, and so adds nothing.")
    kind = models.CharField(max_length=40, help_text="A code of orders.events.")
    data = models.JSONField(default=dict, help_text="The facts that orders.events names for the kind; never words.")
    actor = models.CharField(max_length=150, blank=True, help_text="The person, or empty for the workflow itself.")
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
    kind = models.CharField(max_length=8, choices=DECISION_CHOICES)
    actor = models.CharField(max_length=150)
    actor_account_id = models.BigIntegerField(
        null=True, editable=False, help_text="Empty when the decision came from the terminal or over Temporal."
    )
    is_own_order = models.BooleanField(
        default=False, help_text="An approval by whoever submitted the order; only superusers may, with a reason."
    )
    channel = models.CharField(max_length=16, choices=CHANNEL_CHOICES)
    terminal_user = models.CharField(
        max_length=150, blank=True, db_default="", help_text="Whose shell it was, for a decision at the terminal."
    )
    reason = models.TextField(blank=True)
    taken_at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=16, choices=OUTCOME_CHOICES, default=states.Outcome.PENDING)
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text="When the order's workflow answered; a decision counts from its row on."
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="PENDING", answered_at__isnull=True)
                | (Q(outcome__in=["ACCEPTED", "REPEATED", "TOO_LATE", "REFUSED"]) & Q(answered_at__isnull=False)),
                name="decision_has_a_time_just_when_answered",
            ),
        ]
        indexes = [models.Index("taken_at", name="decision_unanswered", condition=Q(outcome="PENDING"))]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"


class Trouble(models.Model):
    """Something that keeps an order from moving, until it is over; the history tells of its beginning and end."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="troubles")
    code = models.CharField(max_length=32, choices=TROUBLE_CHOICES)
    detail = models.TextField(blank=True)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["order", "code"], name="order_has_each_trouble_once")]

    def __str__(self) -> str:
        return self.code


class OutboxMessage(models.Model):
    """A message to Temporal, written in the transaction of the row that it belongs to and sent after it."""

    class Status(models.TextChoices):
        """Whether the message got there."""

        PENDING = "PENDING", "On its way"
        DELIVERED = "DELIVERED", "Delivered"
        UNDELIVERABLE = "UNDELIVERABLE", "Came too late"
        REFUSED = "REFUSED", "Refused by Temporal"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="outbox_messages")
    key = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=32, help_text="start, approve_order or cancel_order")
    payload = models.JSONField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index("order", "id", name="outbox_pending_by_order", condition=Q(status="PENDING")),
            models.Index("next_attempt_at", "id", name="outbox_pending", condition=Q(status="PENDING")),
            models.Index("order", name="outbox_refused", condition=Q(status="REFUSED")),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"


class WorkerProcess(models.Model):
    """A worker process as it last reported itself; one that ends in the ordinary way takes its row along."""

    process_id = models.CharField(max_length=200, primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    queues = models.JSONField()
    problems = models.JSONField(help_text="What is wrong with it, or was found by it: codes with data.")
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "worker processes"

    def __str__(self) -> str:
        return self.process_id
