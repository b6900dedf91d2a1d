"""The page of one order, and the fragment that it polls while the order is open."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.desk.way_back import WayBack
from console.forms import CancelForm
from console.order.facts import find_order, read_page_facts, read_status_facts
from console.order.page import render_order
from console.order.status_panel import build_status_panel
from orders.engine.live_status import OPENING_SECONDS, WAITING_SECONDS, get_live_status
from orders.states import Outcome


@require_safe
@needs_view
def show_order(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show the order from the tables; its live status follows a moment later."""
    typed = take_up(request)
    initial = {name: typed.get(name, "") for name in CancelForm.base_fields} if typed is not None else None
    form = CancelForm(initial=initial) if initial is not None else None
    facts = read_page_facts(find_order(order_id), request.user, live=None, is_whole=True)
    return render_order(request, facts, cancel_form=form)


@polled(lambda request: "HX-Request" in request.headers)
@require_safe
@needs_view
def show_status(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show the live status: 204 when the page already shows it, 286 once the order is final.

    `version` and `seen` say what the page shows. For a new version, all panels are sent.
    """
    if not request.htmx:
        return redirect(reverse("order-detail", args=[order_id]) + WayBack.read(request).suffix)
    order = find_order(order_id)
    waiting_seconds = WAITING_SECONDS if "asked" in request.GET else OPENING_SECONDS
    waiting_seconds = waiting_seconds if order.is_awaiting_decision else 0
    live = get_live_status(order_id, waiting_seconds=waiting_seconds) if order.is_open else None
    if live is not None and live.answer is not None and live.answer.status != order.status:
        order = find_order(order_id)  # the row went on while the workflow was asked
    is_new_version = request.GET.get("version") != str(order.version)
    if is_new_version or not order.is_open:
        status = 200 if order.is_open else HTMX_STOP_POLLING
        # What was said after a click stays until the workflow has answered; then the page itself says more.
        is_answered = not order.is_open or not order.decisions.filter(outcome=Outcome.PENDING).exists()
        page = read_page_facts(order, request.user, live=live, is_whole=False)
        return render_order(request, page, keeps_feedback=not is_answered, status=status)
    facts = read_status_facts(order, live)
    panel = build_status_panel(facts)
    if request.GET.get("seen") == panel.seen:
        return HttpResponse(status=204)
    context = {"order": order, "panel": panel, "now": facts.now, "way_back": WayBack.read(request)}
    return render_page(request, "order/_status_changes.html", context)
