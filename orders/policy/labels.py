"""The words of the policy: its conditions, and what a rule asks for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.intake.addresses import name_country
from orders.labels import Label, describe_approvals
from orders.money import Money
from orders.policy.verdict import AppliedRule
from orders.states import ConditionCode

WEEKDAYS: Final[Sequence[Label]] = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)

_WORDS: Final[Mapping[ConditionCode, Callable[[Mapping[str, Any]], str]]] = {
    ConditionCode.TOTAL_ABOVE: lambda data: (
        _("Total above %(money)s") % {"money": Money(data["amount"], data["currency"])}
    ),
    ConditionCode.CURRENCY: lambda data: _("Paid in %(currency)s") % data,
    ConditionCode.COUNTRY: lambda data: (
        _("Ships to %(countries)s") % {"countries": join_or(list(map(name_country, data["countries"])))}
    ),
    ConditionCode.SKU: lambda data: _("Contains %(skus)s") % {"skus": join_or(data["skus"])},
    ConditionCode.WEEKDAY: lambda data: (
        _("Submitted on %(days)s (UTC)") % {"days": join_or([str(WEEKDAYS[day - 1]) for day in data["weekdays"]])}
    ),
    ConditionCode.HOURS: lambda data: (
        _("Submitted between %(start)s and %(end)s UTC")
        % {"start": f"{data['from_hour']:02}:00", "end": f"{data['to_hour']:02}:00"}
    ),
    ConditionCode.NEW_CUSTOMER: lambda data: _("New customer: no completed order so far"),
    ConditionCode.NEW_ADDRESS: lambda data: _("Address differs from the customer's last order"),
    ConditionCode.ORDERS_IN_A_DAY: lambda data: _("%(count)s or more orders by this customer within 24 hours") % data,
    ConditionCode.SAME_BASKET: lambda data: _("Same articles as another order by this customer within an hour"),
    ConditionCode.DECLINED_BEFORE: lambda data: _("A payment by this customer was declined before"),
}


def describe_condition(kept: Mapping[str, Any]) -> str:
    """Return a condition in words, from its code and data; one of another release is shown by its code."""
    code = kept["code"]
    return _WORDS[ConditionCode(code)](kept) if code in set(ConditionCode) else str(code)


def describe_conditions(kept: Sequence[Mapping[str, Any]]) -> str:
    """Return all conditions of a rule in one line."""
    return "; ".join(map(describe_condition, kept)) or _("Every order")


def describe_rule(rule: AppliedRule) -> str:
    """Return why a person is asked, such as 'Total above 5,000.00 EUR: two approvers'."""
    return f"{describe_conditions(rule.conditions)}: {describe_need(rule.approvals_needed, rule.level)}"


def describe_need(needed: int, level: str = "") -> str:
    """Return how many have to approve, and of which group."""
    words = describe_approvals(needed)
    return _("%(words)s from %(level)s") % {"words": words, "level": level} if level else words


def join_or(words: Sequence[str]) -> str:
    """Return words as a list of which one is enough."""
    if len(words) < 2:
        return "".join(words)
    return _("%(words)s or %(last)s") % {"words": ", ".join(words[:-1]), "last": words[-1]}
