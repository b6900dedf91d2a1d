"""One decision on several orders: first a preview, then the result for each. All are written at once.

The relay in the workers sends them, so that the answer does not wait for Temporal.
"""

from collections import Counter
from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from console.access import ConsoleRequest, needs_view, render_page
from console.desk.way_back import WayBack
from console.forms import BulkForm
from console.order.feedback import Feedback
from orders.decisions import decide
from orders.decisions.decide import BulkResult
from orders.labels import DECISION_REASON_LABELS, Label
from orders.money import Money
from orders.permissions import check_is_decider
from orders.states import DecisionKind

DONE = {
    DecisionKind.APPROVE: "Approved {} of {} orders.",
    DecisionKind.CANCEL: "Cancellation requested for {} of {} orders.",
}


@dataclass(frozen=True)
class Confirmation:
    """The preview of a bulk decision: the orders that can be decided, their sums, and those that cannot, and why."""

    kind: DecisionKind
    order_ids: tuple[str, ...]
    sums: tuple[Money, ...]
    refused: tuple[BulkResult, ...]

    reasons: tuple[tuple[str, Label], ...] = tuple(DECISION_REASON_LABELS.items())

    @property
    def is_cancel(self) -> bool:
        """Tell whether the orders would be cancelled, which needs a reason."""
        return self.kind == DecisionKind.CANCEL


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def decide_bulk(request: ConsoleRequest) -> HttpResponse:
    """Take one decision on several orders separately, and show one result for each.

    With `ask` nothing is decided yet: the answer is a preview that asks for confirmation.
    """
    if request.method != "POST":
        return redirect("order-list")
    asked = request.POST.get("ask", "")
    data = request.POST.copy()
    if asked:
        data["kind"] = asked
    form = BulkForm(data)
    if not form.is_valid() and not (asked and form.errors.keys() == {"reason"}):
        if form.is_tampered:
            raise BadRequest("The form has no orders or no decision.")
        sentences = [str(sentence) for errors in form.errors.values() for sentence in errors]
        return _show(request, feedback=Feedback(" ".join(sentences), "refused"), status=422)
    kind = DecisionKind(form.cleaned_data["kind"])
    check_is_decider(request.user, kind)
    order_ids = form.cleaned_data["order_id"]
    if asked:
        return _show(request, confirmation=_confirm(request, kind, order_ids))
    results = decide.decide_orders(
        order_ids,
        kind,
        actor=request.user,
        reason=form.cleaned_data["reason"],
        reason_code=form.cleaned_data["reason_code"] if kind == DecisionKind.CANCEL else "",
    )
    count = sum(result.is_done for result in results)
    tone = "done" if count == len(results) else "refused"
    response = _show(request, feedback=Feedback(DONE[kind].format(count, len(results)), tone), results=results)
    return trigger_client_event(response, "orders-changed") if request.htmx else response


def _confirm(request: ConsoleRequest, kind: DecisionKind, order_ids: list[str]) -> Confirmation:
    checks = decide.check_orders(order_ids, kind, actor=request.user)
    sums: Counter[str] = Counter()
    for check in checks:
        if check.order is not None and check.is_done:
            sums[check.order.currency] += check.order.total
    return Confirmation(
        kind=kind,
        order_ids=tuple(check.order_id for check in checks if check.is_done),
        sums=tuple(Money(total, currency) for currency, total in sorted(sums.items())),
        refused=tuple(check for check in checks if not check.is_done),
    )


def _show(
    request: ConsoleRequest,
    *,
    feedback: Feedback | None = None,
    results: list[BulkResult] | None = None,
    confirmation: Confirmation | None = None,
    status: int = 200,
) -> HttpResponse:
    template = "desk/_bulk_result.html" if request.htmx else "desk/order_bulk.html"
    context = {
        "way_back": WayBack.read(request),
        "feedback": feedback,
        "results": results or [],
        "confirmation": confirmation,
    }
    return render_page(request, template, context, status=status)
