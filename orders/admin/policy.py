"""The approval policy in the admin: rules and limits are edited here, and each change is written down."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy, pgettext, pgettext_lazy

from orders.admin.filters import OfferedFilters
from orders.admin.read_only import ReadOnlyAdmin
from orders.errors import OrderInvalid
from orders.intake.numbers import read_price
from orders.models import ApprovalLimit, PolicyChange, PolicyRule
from orders.money import CURRENCIES, DECIMALS, Money
from orders.policy import changes
from orders.policy.conditions import keep_conditions
from orders.policy.labels import WEEKDAYS, describe_conditions, describe_need

DAYS = [(number, day) for number, day in enumerate(WEEKDAYS, start=1)]


def list_needs() -> list[tuple[int, str]]:
    """Return how many approvals a rule may ask for, in words."""
    return [(needed, describe_need(needed)) for needed in (0, 1, 2)]


class AmountForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form with an amount that is typed as people write it, in the currency of its other field."""

    amount_field = ""
    typed = forms.CharField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount, currency = getattr(self.instance, self.amount_field), self.instance.currency
        if amount is not None and currency in DECIMALS:
            self.initial["typed"] = str(Money(amount, currency).amount)

    def clean(self) -> dict[str, Any]:
        """Read the amount. One that cannot be read is said beside it."""
        cleaned: dict[str, Any] = super().clean() or {}
        typed, currency = cleaned.get("typed", ""), cleaned.get("currency", "").strip().upper()
        amount = None
        if typed and currency not in CURRENCIES:
            sentence = gettext("Choose the currency of the amount: three letters (ISO 4217), such as EUR.")
            self.add_error("currency", sentence)
        elif typed:
            try:
                amount = read_price(typed, currency).minor
            except OrderInvalid as error:
                self.add_error("typed", str(error))
        setattr(self.instance, self.amount_field, amount)
        return cleaned


class RuleForm(AmountForm):
    """What a person writes into a rule."""

    amount_field = "total_above"
    typed = forms.CharField(
        label=gettext_lazy("Total above"),
        required=False,
        help_text=gettext_lazy("Such as 5000.00, in the currency below. The total is higher."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Weekdays"),
        choices=DAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("In UTC."),
    )
    approvals_needed = forms.TypedChoiceField(
        choices=list_needs, coerce=int, initial=1, label=gettext_lazy("Approvals")
    )

    class Meta:
        model = PolicyRule
        fields = (
            *("name", "precedence", "is_enabled", "typed", "currency", "countries", "skus", "is_new_customer"),
            *(
                "has_new_address",
                "orders_in_a_day",
                "is_same_basket",
                "was_declined",
                "weekdays",
                "from_hour",
                "to_hour",
            ),
            *("approvals_needed", "level", "deadline_seconds", "escalate_to", "explanation"),
        )


class LimitForm(AmountForm):
    """What a person writes into a limit."""

    amount_field = "amount"
    typed = forms.CharField(
        label=gettext_lazy("Amount"), help_text=gettext_lazy("Such as 1000.00: the highest total that may be approved.")
    )

    class Meta:
        model = ApprovalLimit
        fields = ("account", "group", "typed", "currency")


@admin.register(PolicyRule)
class PolicyRuleAdmin(OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """Rules in their order."""

    form = RuleForm
    list_display = ("name", "precedence", "conditions", "needs", "is_enabled")
    list_select_related = ("level",)
    readonly_fields = ("history",)
    fieldsets = (
        (None, {"fields": ("name", "precedence", "is_enabled")}),
        (
            gettext_lazy("Applies to orders for which all of these hold; left empty, a condition is none"),
            {
                "fields": (
                    *("typed", "currency", "countries", "skus", "is_new_customer", "has_new_address"),
                    *("orders_in_a_day", "is_same_basket", "was_declined", "weekdays", "from_hour", "to_hour"),
                )
            },
        ),
        (
            gettext_lazy("Then"),
            {"fields": ("approvals_needed", "level", "deadline_seconds", "escalate_to", "explanation")},
        ),
        (gettext_lazy("History"), {"fields": ("history",)}),
    )

    @admin.display(description=pgettext_lazy("column", "applies to"))
    def conditions(self, rule: PolicyRule) -> str:
        return describe_conditions(keep_conditions(rule))

    @admin.display(description=pgettext_lazy("column", "asks for"), ordering="approvals_needed")
    def needs(self, rule: PolicyRule) -> str:
        return describe_need(rule.approvals_needed, rule.level.name if rule.level else "")

    @admin.display(description=pgettext_lazy("column", "changes"))
    def history(self, rule: PolicyRule) -> str:
        """Say where the changes of the rule are."""
        latest = PolicyChange.objects.filter(subject="RULE", subject_id=rule.pk).first()
        if latest is None:
            return "-"
        at = date_format(latest.at, pgettext("date format", "d M Y H:i"))
        facts = {"action": latest.get_action_display(), "actor": latest.actor, "at": at}
        return gettext("%(action)s by %(actor)s, %(at)s UTC") % facts

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write the rule with its change, and warn of one that leaves every order to nobody."""
        changes.save_rule(obj, actor=request.user)
        if obj.is_enabled and obj.approvals_needed == 0 and not keep_conditions(obj):
            self.message_user(request, gettext("This rule approves every order without a person."), messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove the rule with its change."""
        changes.remove_rule(obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Remove each rule with its change."""
        for rule in queryset:
            changes.remove_rule(rule, actor=request.user)


@admin.register(ApprovalLimit)
class ApprovalLimitAdmin(OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """How much accounts and groups may approve."""

    form = LimitForm
    list_display = ("whom", "highest")
    list_select_related = ("account", "group")

    @admin.display(description=pgettext_lazy("column", "account or group"))
    def whom(self, limit: ApprovalLimit) -> str:
        return str(limit.account) if limit.account else gettext("group %(name)s") % {"name": limit.group}

    @admin.display(description=pgettext_lazy("column", "highest total"))
    def highest(self, limit: ApprovalLimit) -> str:
        return str(limit.money)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write the limit with its change."""
        changes.save_limit(obj, actor=request.user)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove the limit with its change."""
        changes.remove_limit(obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Remove each limit with its change."""
        for limit in queryset:
            changes.remove_limit(limit, actor=request.user)


@admin.register(PolicyChange)
class PolicyChangeAdmin(ReadOnlyAdmin):
    """Who changed what of the policy, newest first."""

    list_display = ("name", "action", "subject", "actor", "at", "differences")
    list_filter = ("subject", "action")
    fields = ("at", "actor", "actor_account_id", "subject", "name", "action", "differences")
    readonly_fields = fields

    @admin.display(description=pgettext_lazy("column", "what changed"))
    def differences(self, change: PolicyChange) -> str:
        """Return each field that differs, with what stood there and what stands there now."""
        before, after = change.before or {}, change.after or {}
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        return "; ".join(f"{name}: {_show(before.get(name))} → {_show(after.get(name))}" for name in names)


def _show(value: object) -> str:
    return "-" if value in (None, "", []) else str(value)
