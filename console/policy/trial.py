"""The approval policy as everybody may read it, and how many of the last orders each rule would have caught."""

from dataclasses import dataclass
from typing import Final

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from orders.policy.conditions import keep_conditions
from orders.policy.labels import describe_conditions, describe_need
from orders.policy.trial import LAST_ORDERS, Trial, TriedRule, try_rules

# A page is waited for; the command tries more.
MOST_ORDERS: Final = 1000


class TrialForm(forms.Form):
    """How many orders are tried."""

    last = forms.IntegerField(
        label=_("Last orders"), min_value=1, max_value=MOST_ORDERS, required=False, initial=LAST_ORDERS
    )


@dataclass(frozen=True)
class RuleRow:
    """One rule with what came of it."""

    name: str
    precedence: int
    conditions: str
    need: str
    explanation: str
    is_enabled: bool
    caught: int
    decided: int

    @classmethod
    def of(cls, tried: TriedRule) -> "RuleRow":
        """Return the row of a rule, in words."""
        rule = tried.rule
        return cls(
            name=rule.name,
            precedence=rule.precedence,
            conditions=describe_conditions(keep_conditions(rule)),
            need=describe_need(rule.approvals_needed, rule.level.name if rule.level else ""),
            explanation=rule.explanation,
            is_enabled=rule.is_enabled,
            caught=tried.caught,
            decided=tried.decided,
        )


@require_safe
@needs_view
def show_trial(request: ConsoleRequest) -> HttpResponse:
    """Show the rules, and what they say about the last orders."""
    form = TrialForm(request.GET)
    if not form.is_valid():
        return render_page(request, "policy/policy_try.html", {"form": form}, status=422)
    trial = try_rules(form.cleaned_data["last"] or LAST_ORDERS)
    context = {
        "form": TrialForm(initial={"last": form.cleaned_data["last"] or LAST_ORDERS}),
        "trial": trial,
        "rules": [RuleRow.of(each) for each in trial.rules],
        "needs": _count_needs(trial),
        "may_edit": request.user.is_staff and request.user.has_perm("orders.change_policyrule"),
    }
    return render_page(request, "policy/policy_try.html", context)


def _count_needs(trial: Trial) -> list[tuple[str, int]]:
    """Return how many orders would have been approved by whom."""
    return [(describe_need(needed), count) for needed, count in trial.approvals]
