"""The page of one order, and the fragment that it polls while the order is open."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.interruption import FORM, take_up
from console.accounts.sessions import polled
from console.comments.forms import CommentForm
from console.desk.way_back import WayBack
from console.forms import ApproveForm, CancelForm, WithdrawForm
from console.order.facts import find_order, read_cancel_reasons, read_page_facts, read_status_facts
from console.order.glance import glance_at, name_others
from console.order.page import render_order
from console.order.refund_form import RefundForm
from console.order.refund_panel import build_refund_panel
from console.order.status_panel import build_status_panel
from orders.engine.live_status import BUSY, OPENING_SECONDS, WAITING_SECONDS, LiveStatus, get_live_status
from orders.models import Order
from orders.permissions import may_steer, needs_reason
from orders.states import DecisionKind, Outcome


@require_safe
@needs_view
def show_order(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show the order from the tables; its live status follows a moment later. With `refund` the form of one is open."""
    typed = take_up(request)
    order = find_order(order_id)
    facts = read_page_facts(order, request.user, live=None, is_whole=True)
    forms = _fill_in_again(order, typed, request.user) if typed is not None else {}
    if "refund" in request.GET or "refund_form" in forms:
        form = forms.get("refund_form") or RefundForm(order)
        if request.htmx:
            panel = build_refund_panel(facts, request.user)
            return render_page(request, "order/_refund.html", {"order": order, "refunds": panel, "refund_form": form})
        return render_order(request, facts, refund_form=form)
    return render_order(request, facts, **forms)


def _fill_in_again(order: Order, typed: QueryDict, user: User) -> dict[str, Any]:
    """Return the form that was interrupted, with what somebody had typed, under its name on the page."""
    reason = typed.get("reason", "")
    match typed.get(FORM):
        case "order-refund":
            return {"refund_form": RefundForm(order, typed=typed.dict())}
        case "comment-add":
            return {"comment_form": CommentForm(text=typed.get("text", ""))}
        case "order-cancel":
            initial = {name: typed.get(name, "") for name in CancelForm.base_fields}
            return {"cancel_form": CancelForm(initial=initial, reasons=read_cancel_reasons(order))}
        case "order-withdraw":
            return {"withdraw_form": WithdrawForm(reason=reason)}
        case "order-approve" if reason:
            is_own = needs_reason(user, DecisionKind.APPROVE, order)
            return {"approve_form": ApproveForm(is_own_order=is_own, reason=reason)}
    return {}


@polled(lambda request: "HX-Request" in request.headers)
@require_safe
@needs_view
def show_status(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show the live status: 204 when the page already shows it, 286 once nothing changes any more.

    `version` and `seen` say what the page shows. For a new version, all panels are sent.
    """
    if not request.htmx:
        return redirect(reverse("order-detail", args=[order_id]) + WayBack.read(request).suffix)
    order = glance_at(order_id, reader=request.user)
    live = _ask_workflow(request, order) if order.is_open else None
    if live is not None and live.answer is not None and live.answer.status != order.status:
        order = glance_at(order_id, reader=request.user, is_fresh=True)  # it went on while the workflow was asked
    others = name_others(order, request.user)
    is_followed = order.is_open or vars(order)["has_refund_pending"]
    if request.GET.get("version") != str(order.version) or not is_followed:
        return _show_panels(request, order_id, live, others)
    if live is BUSY and "asked" in request.GET:
        return HttpResponse(status=204)  # what the workflow said before stays on the page
    facts = read_status_facts(order, live, present=others)
    panel = build_status_panel(facts)
    if request.GET.get("seen") == panel.seen:
        return HttpResponse(status=204)
    context = {
        "order": order,
        "panel": panel,
        "now": facts.now,
        "way_back": WayBack.read(request),
        "may_steer": may_steer(request.user),
    }
    return render_page(request, "order/_status_changes.html", context)


def _show_panels(
    request: ConsoleRequest, order_id: str, live: LiveStatus | None, others: tuple[str, ...]
) -> HttpResponse:
    """Show everything that may have changed with the order's version."""
    order = find_order(order_id)
    # What was said after a click stays until the workflow has answered; then the page itself says more.
    is_answered = not order.is_open or not order.decisions.filter(outcome=Outcome.PENDING).exists()
    facts = read_page_facts(order, request.user, live=live, is_whole=False, present=others)
    status = 200 if facts.status.is_followed else HTMX_STOP_POLLING
    return render_order(request, facts, keeps_feedback=not is_answered, status=status)


def _ask_workflow(request: ConsoleRequest, order: Order) -> LiveStatus:
    """Return what the workflow of an open order says; an order that waits for a person is asked seldom."""
    seconds = WAITING_SECONDS if "asked" in request.GET else OPENING_SECONDS
    return get_live_status(order.order_id, waiting_seconds=seconds if order.is_awaiting_decision else 0)
