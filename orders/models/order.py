"""Orders."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders import labels, states
from orders.labels.reasons import describe_reason
from orders.models.choices import (
    CAUSE_CHOICES,
    CHANNEL_CHOICES,
    DECISION_CHOICES,
    DECISION_REASON_CHOICES,
    REASON_CHOICES,
    STATUS_CHOICES,
)
from orders.models.shop import Shop
from orders.money import Money
from orders.order_facts import Address, Customer
from orders.postgres.fields import ChangedAtField, CodeField
from orders.reading.querysets import OrderManager
from orders.reading.search import search_document


class Order(models.Model):
    """One customer's order. Its `order_id` is public and also the id of its workflow."""

    order_id = models.CharField(max_length=64, unique=True)
    payment_id = models.CharField(
        max_length=64,
        unique=True,
        help_text=_("The key of the one charge of this order, fixed before its workflow starts."),
    )
    idempotency_key = models.CharField(
        max_length=64, unique=True, help_text=_("A form that is sent twice carries the same key and makes one order.")
    )
    contents_hash = models.CharField(
        max_length=80,
        blank=True,
        db_default="",
        editable=False,
        help_text=_("A hash of what the key was used for. Empty for orders that were made without the form's reader."),
    )
    customer_name = models.CharField(max_length=200)
    customer_company = models.CharField(max_length=200, blank=True, db_default="")
    customer_email = models.EmailField()
    customer_phone = models.CharField(max_length=40, blank=True, db_default="")
    customer_reference = models.CharField(
        max_length=100, blank=True, db_default="", help_text=_("What the shop or the gateway calls the customer.")
    )
    address_line = models.CharField(_("street and number"), max_length=200)
    address_line2 = models.CharField(_("address line 2"), max_length=200, blank=True, db_default="")
    # Some countries have no postcodes, some no cities: orders.intake.addresses knows.
    address_postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    address_city = models.CharField(_("city"), max_length=100, blank=True)
    address_state = models.CharField(_("state or province"), max_length=100, blank=True, db_default="")
    address_country = models.CharField(_("country"), max_length=2, help_text=_("Two letters by ISO 3166-1, or XK."))
    currency = models.CharField(max_length=3, help_text=_("Three letters by ISO 4217."))
    total = models.BigIntegerField(help_text=_("In the currency's minor unit."))
    status = CodeField(max_length=32, choices=STATUS_CHOICES, default=states.Status.CREATED.value)
    reason_code = CodeField(max_length=32, choices=REASON_CHOICES, blank=True)
    cause = CodeField(
        max_length=32,
        choices=CAUSE_CHOICES,
        blank=True,
        db_default="",
        help_text=_("Why it was cancelled, where a program found the reason."),
    )
    reason = models.TextField(
        blank=True, help_text=_("Why it was cancelled, in the words of a person, the gateway or the carrier.")
    )
    submitted_by = models.CharField(max_length=150)
    # An account's id, but no reference to it: the history outlives every account, and stops nobody from removing one.
    submitter_account_id = models.BigIntegerField(
        null=True, editable=False, help_text=_("Empty when the order was submitted at the terminal.")
    )
    shop = models.ForeignKey(
        Shop,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        db_index=False,  # the constraint's index is enough, and each index costs every order
        help_text=_("The shop that submitted it through the API."),
    )
    shop_order_number = models.CharField(
        max_length=64, blank=True, db_default="", help_text=_("The shop's own number of the order.")
    )
    payment_method = models.CharField(
        max_length=255,
        blank=True,
        db_default="",
        help_text=_("The gateway's reference to what the customer pays with."),
    )
    metadata = models.JSONField(
        default=dict, db_default={}, blank=True, help_text=_("Names and texts that the shop keeps with the order.")
    )
    decision = CodeField(max_length=8, choices=DECISION_CHOICES, blank=True, help_text=_("The latest decision."))
    decision_id = models.CharField(max_length=64, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decision_channel = CodeField(max_length=16, choices=CHANNEL_CHOICES, blank=True, db_default="")
    decision_reason_code = CodeField(max_length=32, choices=DECISION_REASON_CHOICES, blank=True, db_default="")
    decision_reason_words = models.CharField(
        max_length=100, blank=True, db_default="", help_text=_("What the shop's list had for the code at the time.")
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    approvals_needed = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text=_("How many people have to approve it, by the policy when it was validated.")
    )
    approvals_given = models.PositiveSmallIntegerField(default=0, db_default=0)
    policy = models.JSONField(
        null=True, editable=False, help_text=_("The rules that applied to it, as they were then.")
    )
    approval_deadline = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text=_("When it was completed or cancelled."))
    run_id = models.CharField(max_length=64, blank=True, help_text=_("The latest Temporal run of the workflow."))
    version = models.PositiveIntegerField(default=1, help_text=_("Grows with each event."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = ChangedAtField()
    # What an order is found by but stands in other tables; triggers keep both (see the migrations).
    search_lines = models.TextField(
        db_default="",
        editable=False,
        help_text=_("Articles and descriptions of the lines, kept by PostgreSQL for the search."),
    )
    search_codes = models.TextField(
        db_default="",
        editable=False,
        help_text=_("Articles, tracking number and references, kept by PostgreSQL for the search."),
    )
    search_document = models.GeneratedField(
        expression=search_document(
            "order_id",
            "payment_id",
            texts=(
                *("customer_name", "customer_company", "customer_email", "customer_phone"),
                *("address_line", "address_line2", "address_postcode", "address_city", "address_state"),
                "search_lines",
            ),
            codes=("customer_phone", "address_postcode", "search_codes"),
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    # Whether troubles or unanswered decisions may be left; `add_event` knows it of an order that has just ended.
    has_open_ends = True

    objects = OrderManager()

    class Meta:
        ordering = ["-created_at", "-id"]
        permissions = [
            ("approve_order", "Can approve an order"),
            ("cancel_order", "Can cancel an order"),
            ("refund_order", "Can refund a part of an order's payment"),
            ("steer_order", "Can retry, pause and resume the steps of an order"),
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
            models.UniqueConstraint(
                fields=["shop", "shop_order_number"],
                condition=Q(shop__isnull=False, shop_order_number__gt=""),
                name="shop_order_number_is_used_once",
            ),
            models.CheckConstraint(
                condition=Q(approvals_needed=1) | Q(approvals_needed__in=[0, 2], policy__isnull=False),
                name="order_needs_one_approval_unless_a_rule_says_otherwise",
            ),
        ]
        indexes = [
            models.Index(F("created_at").desc(), F("id").desc(), name="order_newest"),
            models.Index("status", F("created_at").desc(), F("id").desc(), name="order_status_newest"),
            models.Index(
                "approval_deadline", "id", name="order_next_to_expire", condition=Q(status="PENDING_MANUAL_APPROVAL")
            ),
            # Not on `updated_at`: no update is HOT when a column that stands in an index changes with every event.
            models.Index(
                "id",
                name="order_in_motion",
                condition=Q(status__in=sorted(status.value for status in states.IN_MOTION)),
            ),
            models.Index(
                "reason_code",
                F("created_at").desc(),
                F("id").desc(),
                name="order_reason_newest",
                condition=Q(reason_code__gt=""),
            ),
            models.Index("currency", F("total").desc(), F("id").desc(), name="order_largest"),
            models.Index(Upper("customer_email"), F("created_at").desc(), F("id").desc(), name="order_customer_newest"),
            models.Index(Upper("submitted_by"), F("created_at").desc(), F("id").desc(), name="order_submitter_newest"),
            models.Index(
                F("closed_at").desc(), F("id").desc(), name="order_closed", condition=Q(closed_at__isnull=False)
            ),
            GinIndex(OpClass("policy", name="jsonb_path_ops"), name="order_policy", condition=Q(policy__isnull=False)),
            GinIndex("search_document", name="order_search"),
            # Of a frequent word, the search of all orders finds too many that are on another tab.
            GinIndex("search_document", name="order_search_waiting", condition=Q(status="PENDING_MANUAL_APPROVAL")),
            GinIndex("search_document", name="order_search_cancelled", condition=Q(status="CANCELLED")),
        ]

    def __str__(self) -> str:
        return self.order_id

    def get_absolute_url(self) -> str:
        return reverse("order-detail", args=[self.order_id])

    @property
    def total_money(self) -> Money:
        return Money(self.total, self.currency)

    @property
    def customer(self) -> Customer:
        """Who ordered, as gateways and carriers are told."""
        phone, company = self.customer_phone, self.customer_company
        return Customer(self.customer_name, self.customer_email, phone, company, self.customer_reference)

    @property
    def shipping_address(self) -> Address:
        """Where the order goes, as gateways and carriers are told."""
        place = (self.address_postcode, self.address_city, self.address_state, self.address_country)
        return Address(self.address_line, self.address_line2, *place)

    @property
    def explanation(self) -> str:
        """Why the order was cancelled, in words; empty where the reason code says all that is known."""
        if self.reason_code == states.ReasonCode.STAFF and not self.cause:
            return describe_reason(self.decision_reason_code, self.reason, self.decision_reason_words)
        return labels.describe_cause(self.cause, self.reason)

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
    def is_partly_approved(self) -> bool:
        """Tell whether somebody has approved the order and others still have to."""
        return 0 < self.approvals_given < self.approvals_needed and not self.decision

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
