"""The approval policy: rules as data, how much each account or group may approve, and who changed what of both."""

from typing import Final

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.errors import OrderInvalid
from orders.intake.addresses import read_country
from orders.models.choices import POLICY_ACTION_CHOICES, POLICY_SUBJECT_CHOICES
from orders.money import CURRENCIES, Money
from orders.postgres.fields import ChangedAtField, CodeField
from orders.texts import clean_line

NO_CURRENCY: Final = _("%(currency)s is not a currency. Use its three letters (ISO 4217), such as EUR.")


class PolicyRule(models.Model):
    """One rule of the policy: the conditions, all of which have to hold for an order, and what the order then needs."""

    name = models.CharField(max_length=100, unique=True, help_text=_("People see it on the page of an order."))
    precedence = models.PositiveIntegerField(
        default=100,
        help_text=_(
            "Of the rules that apply to an order, the one with the lowest number decides. If several share it, "
            "the strictest of them does."
        ),
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    total_above = models.BigIntegerField(
        null=True, blank=True, help_text=_("In the currency's minor unit; the order's total has to be higher.")
    )
    currency = models.CharField(max_length=3, blank=True, help_text=_("Three letters by ISO 4217."))
    countries = ArrayField(
        models.CharField(max_length=2), default=list, blank=True, help_text=_("Two letters each, separated by commas.")
    )
    is_new_customer = models.BooleanField(
        _("new customer"), default=False, help_text=_("No earlier order with this e-mail address was completed.")
    )
    has_new_address = models.BooleanField(
        _("new address"), default=False, help_text=_("The address differs from that of the customer's last order.")
    )
    orders_in_a_day = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("The customer placed at least so many orders within 24 hours.")
    )
    is_same_basket = models.BooleanField(
        _("same basket"), default=False, help_text=_("The customer ordered the same articles within the hour before.")
    )
    was_declined = models.BooleanField(
        _("payment declined before"), default=False, help_text=_("A payment for an earlier order was declined.")
    )
    skus = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        verbose_name=_("SKUs"),
        help_text=_("The order has at least one of these, separated by commas."),
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        help_text=_("Submitted on one of these days, in UTC: 1 is Monday, 7 is Sunday."),
    )
    from_hour = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Submitted from this hour on, 0 to 23, in UTC.")
    )
    to_hour = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Submitted before this hour, 1 to 24. From 22 to 6 is the night.")
    )
    approvals_needed = models.PositiveSmallIntegerField(
        default=1, help_text=_("0: the policy approves the order at once. 2: two people have to approve it.")
    )
    level = models.ForeignKey(
        Group,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Only members of this group may approve the order. Empty: every approver may."),
    )
    deadline_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("How long the order waits for a decision. Empty: as long as any other.")
    )
    escalate_to = models.ForeignKey(
        Group,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who is told when most of the wait is over. Empty: everybody who may approve the order."),
    )
    explanation = models.CharField(
        max_length=200, blank=True, help_text=_("What people should know or check; shown on the page of the order.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = ChangedAtField()

    class Meta:
        ordering = ["precedence", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="policy_rule_has_a_name"),
            models.CheckConstraint(
                condition=Q(approvals_needed__in=[0, 1, 2]), name="policy_rule_asks_for_two_approvals_at_most"
            ),
            models.CheckConstraint(
                condition=Q(total_above__isnull=True) | Q(total_above__gte=0, currency__gt=""),
                name="policy_rule_total_has_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(currency="") | Q(currency__regex="^[A-Z]{3}$"), name="policy_rule_currency_is_three_letters"
            ),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=[1, 2, 3, 4, 5, 6, 7]), name="policy_rule_weekdays_are_1_to_7"
            ),
            models.CheckConstraint(
                condition=Q(from_hour__isnull=True, to_hour__isnull=True)
                | Q(from_hour__isnull=False, to_hour__isnull=False, from_hour__lte=23, to_hour__gte=1, to_hour__lte=24),
                name="policy_rule_hours_are_a_window",
            ),
            models.CheckConstraint(
                condition=Q(orders_in_a_day__isnull=True) | Q(orders_in_a_day__gte=2),
                name="policy_rule_many_orders_are_two_or_more",
            ),
            models.CheckConstraint(
                condition=Q(level__isnull=True) | Q(approvals_needed__gt=0),
                name="policy_rule_has_a_level_where_somebody_approves",
            ),
            models.CheckConstraint(
                condition=Q(deadline_seconds__isnull=True) | Q(deadline_seconds__gt=0, approvals_needed__gt=0),
                name="policy_rule_has_a_deadline_where_somebody_approves",
            ),
            models.CheckConstraint(
                condition=Q(escalate_to__isnull=True) | Q(approvals_needed__gt=0),
                name="policy_rule_escalates_where_somebody_approves",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Tidy what was typed, and raise ValidationError with a sentence for each field that cannot be meant."""
        super().clean()
        self.name, self.explanation = clean_line(self.name, None), clean_line(self.explanation, None)
        self.currency = self.currency.strip().upper()
        self.skus = [sku for sku in (clean_line(sku) for sku in self.skus) if sku]
        wrong = self._find_wrong()
        try:
            self.countries = [read_country(text) for text in self.countries if text.strip()]
        except OrderInvalid as error:
            wrong["countries"] = str(error)
        if wrong:
            raise ValidationError(wrong)

    def _find_wrong(self) -> dict[str, str]:
        """Return a sentence for each field of the conditions and effects that cannot be meant."""
        hours = (self.from_hour, self.to_hour)
        checks = {
            "name": (not self.name, gettext("Give the rule a name.")),
            "currency": (
                bool(self.currency) and self.currency not in CURRENCIES,
                NO_CURRENCY % {"currency": self.currency},
            ),
            "total_above": (
                self.total_above is not None and not self.currency,
                gettext("Choose the currency of the total."),
            ),
            "weekdays": (not set(self.weekdays) <= set(range(1, 8)), gettext("Days are 1 (Monday) to 7 (Sunday).")),
            "orders_in_a_day": (
                self.orders_in_a_day is not None and self.orders_in_a_day < 2,
                gettext("Enter 2 or more: the order itself is one of them."),
            ),
            "from_hour": (
                (None in hours and hours != (None, None)) or (self.from_hour or 0) > 23,
                gettext("Give both hours, from 0 to 23 and from 1 to 24, or neither."),
            ),
            "to_hour": (
                None not in hours and not (1 <= (self.to_hour or 0) <= 24 and self.from_hour != self.to_hour),
                gettext("Enter an hour from 1 to 24 that differs from the first."),
            ),
            "approvals_needed": (
                self.approvals_needed not in {0, 1, 2},
                gettext("Enter 0, 1 or 2."),
            ),
            "level": (
                self.level_id is not None and self.approvals_needed == 0,
                gettext("Without an approval nobody gives it: leave this empty, or ask for an approval."),
            ),
            "escalate_to": (
                self.escalate_to_id is not None and self.approvals_needed == 0,
                gettext("Without an approval nobody waits for one: leave this empty, or ask for an approval."),
            ),
            "deadline_seconds": (
                self.deadline_seconds is not None and (self.approvals_needed == 0 or self.deadline_seconds < 60),
                gettext("Enter 60 seconds or more, and only where somebody has to approve."),
            ),
        }
        return {name: sentence for name, (is_wrong, sentence) in checks.items() if is_wrong}


class ApprovalLimit(models.Model):
    """The highest total that an account, or each member of a group, may approve in one currency."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    currency = models.CharField(max_length=3, help_text=_("Three letters by ISO 4217."))
    amount = models.BigIntegerField(help_text=_("In the currency's minor unit."))

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(account__isnull=True) ^ Q(group__isnull=True),
                name="approval_limit_is_of_an_account_or_a_group",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="approval_limit_is_not_negative"),
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"), name="approval_limit_currency_is_three_letters"
            ),
            models.UniqueConstraint(fields=["account", "currency"], name="account_has_one_limit_a_currency"),
            models.UniqueConstraint(fields=["group", "currency"], name="group_has_one_limit_a_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.account or self.group}: {self.money.plain}"

    def clean(self) -> None:
        """Raise ValidationError with a sentence for what cannot be meant."""
        super().clean()
        self.currency = self.currency.strip().upper()
        if self.currency not in CURRENCIES:
            raise ValidationError({"currency": NO_CURRENCY % {"currency": self.currency}})
        if (self.account_id is None) == (self.group_id is None):
            raise ValidationError(gettext("Choose an account or a group, and not both."))

    @property
    def money(self) -> Money:
        """The highest total."""
        return Money(self.amount, self.currency)


class PolicyChange(models.Model):
    """One change of a rule or a limit. Rows are only ever added; the database refuses to change or remove one.

    It also refuses a change of a rule or a limit without the row that says so, in the same transaction.
    """

    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=150)
    actor_account_id = models.BigIntegerField(null=True, help_text=_("Empty for a change made at the terminal."))
    subject = CodeField(max_length=8, choices=POLICY_SUBJECT_CHOICES)
    subject_id = models.BigIntegerField()
    name = models.CharField(max_length=200, help_text=_("The rule's name, or whose limit it is."))
    action = CodeField(max_length=8, choices=POLICY_ACTION_CHOICES)
    before = models.JSONField(null=True, help_text=_("What stood there; empty for what was added."))
    after = models.JSONField(null=True, help_text=_("What stands there now; empty for what was removed."))
    transaction_id = models.BigIntegerField(
        db_default=models.Func(
            function="pg_current_xact_id",
            template="(%(function)s()::text::bigint)",
            output_field=models.BigIntegerField(),
        ),
        editable=False,
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(action="ADDED", before__isnull=True, after__isnull=False)
                | Q(action="CHANGED", before__isnull=False, after__isnull=False)
                | Q(action="REMOVED", before__isnull=False, after__isnull=True),
                name="policy_change_says_what_was_and_what_is",
            ),
            models.CheckConstraint(condition=Q(subject__in=["RULE", "LIMIT"]), name="policy_change_subject_is_known"),
        ]
        indexes = [models.Index("subject", "subject_id", "id", name="policy_change_of_subject")]

    def __str__(self) -> str:
        return f"{self.name} {self.action}"
