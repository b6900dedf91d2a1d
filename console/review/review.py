"""Review mode: what waits for a person, one order after the other, each decided where it is shown."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.forms import CancelForm
from console.labels import describe_present
from console.order.facts import find_order, read_cancel_reasons
from console.order.glance import glance_at, name_others
from console.review.panel import Said, Wanted, list_ways, may_review, read_decided, read_wanted, render_review
from orders.decisions.decide import take_decision
from orders.decisions.rules import check_may_be_decided
from orders.errors import DecisionRefused, OrderError, OrderInvalid
from orders.identifiers import is_order_id
from orders.labels import Label
from orders.models import Order
from orders.overview.places import Step
from orders.permissions import check_is_decider
from orders.states import DecisionKind

NOT_DONE: Final[Mapping[DecisionKind, Label]] = {
    DecisionKind.APPROVE: gettext_lazy("Not approved."),
    DecisionKind.CANCEL: gettext_lazy("Not cancelled."),
}


@polled(lambda request: "live" in request.GET)
@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def review_orders(request: ConsoleRequest) -> HttpResponse:
    """Show an order that waits for the person, or take their decision and show the next.

    `order`, `after` and `before` name an order to look at or to go on from, `live` one that an open page shows.
    """
    if request.method == "POST":
        return _decide(request)
    if not may_review(request):
        return redirect(f"{reverse('order-list')}?status=awaiting")
    if request.htmx and is_order_id(request.GET.get("live", "")):
        return _show_news(request, request.GET["live"])
    typed = take_up(request)
    order_id = str(typed.get("order_id", "")) if typed is not None else ""
    if typed is not None and is_order_id(order_id):
        fields = {name: typed.get(name, "") for name in CancelForm.base_fields}
        wanted = Wanted(Step.AT, order_id, 0)
        return render_review(request, wanted, typed=fields if any(fields.values()) else None)
    return render_review(request, read_wanted(request))


def _decide(request: ConsoleRequest) -> HttpResponse:
    """Take the decision and show the order after it: 409 when it was refused, 422 without a reason for cancelling."""
    kind, order_id = request.POST.get("kind", ""), request.POST.get("order_id", "")
    if kind not in set(DecisionKind) or not is_order_id(order_id):
        return HttpResponse(status=400)
    check_is_decider(request.user, DecisionKind(kind))
    order, decided = find_order(order_id), read_decided(request.POST.get("decided", ""))
    form = CancelForm(request.POST, reasons=read_cancel_reasons(order))
    if kind == DecisionKind.CANCEL and not form.is_valid():
        return _ask_again(request, order_id, decided, form)
    reasons = form.cleaned_data if kind == DecisionKind.CANCEL else {"reason": ""}
    try:
        # The relay sends it, so that nobody waits for Temporal.
        message = take_decision(order, DecisionKind(kind), actor=request.user, sends_now=False, **reasons)
    except OrderInvalid as error:  # the list of reasons was changed in this moment
        form.add_error("reason_code", str(error))
        return _ask_again(request, order_id, decided, form)
    except DecisionRefused as error:
        said = Said(f"{NOT_DONE[DecisionKind(kind)]} {error}", "refused", order_id)
        return render_review(request, _find_next(request, order_id, decided), said=said, status=409)
    said = Said(_describe_done(message.order, DecisionKind(kind)), "done", order_id)
    if request.htmx:
        return render_review(request, _find_next(request, order_id, decided + 1), said=said)
    messages.success(request, f"{order_id}: {said.sentence}")
    return redirect(Wanted(Step.AFTER, order_id, decided + 1).link())


def _ask_again(request: ConsoleRequest, order_id: str, decided: int, form: CancelForm) -> HttpResponse:
    return render_review(request, Wanted(Step.AT, order_id, decided), cancel_form=form, status=422)


def _find_next(request: ConsoleRequest, order_id: str, decided: int) -> Wanted:
    """Return what comes next: after the order that the page shows by now, where it has gone on already."""
    shown = request.POST.get("shown", "")
    return Wanted(Step.AFTER, shown if is_order_id(shown) else order_id, decided)


def _describe_done(order: Order, kind: DecisionKind) -> str:
    if kind == DecisionKind.CANCEL:
        return _("Your cancellation is saved.")
    if order.is_partly_approved:
        words = {"given": order.approvals_given, "needed": order.approvals_needed}
        return _("Your approval is saved: %(given)s of %(needed)s.") % words
    return _("Your approval is saved.")


def _show_news(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Tell an open page what has happened to the order that it shows, and who else looks at it; 204 without news."""
    order, version = glance_at(order_id, reader=request.user), request.GET.get("version", "")
    others = name_others(order, request.user)
    decided = read_decided(request.GET.get("decided", ""))
    ways = list_ways(order, decided, version=version, present=others)
    if request.GET.get("seen") == ways["seen"]:
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "order": order,
        "refusal": _find_refusal(order),
        "has_changed": version != str(order.version),
        "present": describe_present(others),
        "is_fragment": True,
    }
    return render_page(request, "review/_news_changes.html", context | ways)


def _find_refusal(order: Order) -> str:
    """Say why nobody can approve the order any more, with who and when; empty where somebody still may."""
    try:
        check_may_be_decided(order, DecisionKind.APPROVE, now=vars(order)["read_at"])
    except OrderError as error:
        return str(error)
    return ""
