"""/reports/: figures about the orders of a period, as tables with charts, and each table as CSV."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.system.charts import Chart, draw_days
from orders.labels import Label, describe_activity
from orders.labels.spans import describe_span
from orders.listing.table import without_formula
from orders.models import PaymentAttempt
from orders.overview import reports
from orders.overview.reports import Period
from orders.postgres.clock import database_now
from orders.translation import in_english

USUAL_DAYS: Final = 30
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2999, 12, 31)
OUTCOMES: Final[Mapping[str, Label]] = dict(PaymentAttempt.Outcome.choices)


def _day_field(label: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    bounds = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
    return forms.DateField(label=label, required=False, widget=widget, validators=bounds)


class PeriodForm(forms.Form):
    """The days that the report is about."""

    first = _day_field(gettext_lazy("From"))
    last = _day_field(gettext_lazy("To"))

    def clean(self) -> dict[str, Any]:
        """Add the period; the last 30 days where no day is given."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        last = cleaned["last"] or database_now().date()
        first = cleaned["first"] or last - timedelta(days=USUAL_DAYS - 1)
        if last < first:
            raise ValidationError(_("The first day is after the last."))
        try:
            cleaned["period"] = Period(first, last)
        except ValueError as error:
            raise ValidationError(_("Choose at most %d days.") % reports.LONGEST_PERIOD.days) from error
        return cleaned


@dataclass(frozen=True)
class Table:
    """One table of the report; the first cell of a row names it, the others are figures."""

    key: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str
    chart: Chart | None = None


@require_safe
@needs_view
def show_reports(request: ConsoleRequest) -> HttpResponse:
    """Show the figures of a period, or one of the tables as CSV with `format=csv&table=…`."""
    form = PeriodForm(request.GET)
    if not form.is_valid():
        return render_page(request, "system/reports.html", {"form": form}, status=422)
    period: Period = form.cleaned_data["period"]
    form = PeriodForm(initial={"first": period.first, "last": period.last})
    if request.GET.get("format") == "csv":
        with in_english():
            return _answer_csv(build_tables(period), request.GET.get("table", ""), period)
    tables = build_tables(period)
    days = f"first={period.first}&last={period.last}"
    return render_page(request, "system/reports.html", {"form": form, "period": period, "days": days, "tables": tables})


def build_tables(period: Period) -> list[Table]:
    """Return the tables of the report."""
    return [_tabulate_days(period), _tabulate_decisions(period), *_tabulate_money_and_steps(period)]


def _tabulate_days(period: Period) -> Table:
    days = reports.count_by_day(period)
    rows = [
        (day.day.isoformat(), *_words(day.submitted, day.completed, day.cancelled, day.expired, day.open))
        for day in days
    ]
    return Table(
        "days",
        _("Orders by day of submission"),
        (_("Day"), _("Submitted"), _("Completed"), _("Cancelled"), _("Not approved in time"), _("Open")),
        tuple(rows) if any(day.submitted for day in days) else (),
        _("No orders were submitted on these days."),
        draw_days(days),
    )


def _tabulate_decisions(period: Period) -> Table:
    rows = [
        (
            found.actor or _("Everybody"),
            *_words(found.approvals, found.cancellations),
            describe_span(found.median),
            describe_span(found.p90),
        )
        for found in reports.measure_decisions(period)
    ]
    return Table(
        "decisions",
        _("Time from submission to decision"),
        (_("Who"), _("Approvals"), _("Cancellations"), _("Median"), _("9 of 10 within")),
        tuple(rows),
        _("Nobody decided on these orders."),
    )


def _tabulate_money_and_steps(period: Period) -> Iterable[Table]:
    money = [
        (each.total.currency, str(each.orders), str(each.total), str(each.refunds), str(each.refunded))
        for each in reports.sum_money(period)
    ]
    yield Table(
        "money",
        _("Completed orders and refunds by currency"),
        (_("Currency"), _("Completed"), _("Total"), _("Refunds"), _("Refunded")),
        tuple(money),
        _("No order was completed and nothing was refunded."),
    )
    answers = reports.count_gateway_answers(period)
    yield Table(
        "gateway",
        _("Charges asked of the gateway"),
        (_("Answer"), _("Calls")),
        tuple((str(OUTCOMES[outcome]), str(count)) for outcome, count in answers.items())
        if any(answers.values())
        else (),
        _("The gateway was not asked."),
    )
    retries = reports.count_retries(period)
    yield Table(
        "retries",
        _("Steps that failed and were tried again"),
        (_("Step"), _("Failed attempts"), _("Orders")),
        tuple((describe_activity(each.activity), *_words(each.retries, each.orders)) for each in retries),
        _("No step failed."),
    )


def _words(*figures: int) -> tuple[str, ...]:
    return tuple(map(str, figures))


def _answer_csv(tables: Sequence[Table], key: str, period: Period) -> HttpResponse:
    """Return one of the tables for a spreadsheet, which runs nothing of it."""
    found = [table for table in tables if table.key == key]
    if not found:
        raise Http404
    name = f"{key}-{period.first}-{period.last}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    writer.writerow(found[0].head)
    writer.writerows(map(without_formula, row) for row in found[0].rows)
    return response
