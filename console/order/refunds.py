"""Refunding a part of what an order paid, or all of it. One form asks once, however often it is sent."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_view, render_page
from console.desk.way_back import WayBack
from console.forms import LONGEST_REASON
from console.order.facts import PageFacts, find_order, read_page_facts
from console.order.feedback import Feedback, judge_refund
from console.order.page import render_order
from console.order.refund_form import RefundForm
from console.order.refund_panel import build_refund_panel, describe_effect
from orders.decisions.follow_ups import settle, try_again
from orders.decisions.refunds import request_refund
from orders.errors import OrderInvalid, RefundRefused
from orders.models import Order
from orders.permissions import check_may_refund


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def refund(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Refund what the form says: 403 without permission, 422 for what cannot be meant, 409 for more than is left.

    With `preview` in its address nothing is refunded; the answer says what would happen.
    """
    order = find_order(order_id)
    if request.method != "POST":
        return _lead_to(request, order)
    check_may_refund(request.user)
    facts = read_page_facts(order, request.user, live=None, is_whole=not request.htmx)
    form = RefundForm(order, request.POST)
    if "preview" in request.GET:
        return _preview(request, facts, form)
    if not form.is_valid():
        return render_order(request, facts, refund_form=form, status=422)
    try:
        found = request_refund(
            order,
            actor=request.user,
            key=form.cleaned_data["key"],
            amount=form.money.minor,
            reason_code=form.cleaned_data["reason_code"],
            reason=form.cleaned_data["reason"],
            quantities=form.quantities,
        )
    except OrderInvalid as error:
        form.add_error("amount", str(error))
        return render_order(request, facts, refund_form=form, status=422)
    except RefundRefused as error:
        form.renew_key()
        return render_order(request, facts, feedback=Feedback(str(error), "refused"), refund_form=form, status=409)
    return _show_done(request, order, judge_refund(found))


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def follow_up(request: ConsoleRequest, order_id: str, number: int, deed: str) -> HttpResponse:
    """Try a refund again, or write down how it was settled: 403 without permission, 409 for none that failed."""
    order = find_order(order_id)
    if request.method != "POST":
        return _lead_to(request, order)
    check_may_refund(request.user)
    try:
        if deed == "again":
            feedback = judge_refund(try_again(order, number, actor=request.user))
        else:
            settle(order, number, actor=request.user, note=request.POST.get("note", "")[:LONGEST_REASON])
            feedback = Feedback(_("Written down. The refund needs nobody any more."), "done")
    except (OrderInvalid, RefundRefused) as error:
        facts = read_page_facts(find_order(order_id), request.user, live=None, is_whole=not request.htmx)
        return render_order(request, facts, feedback=Feedback(str(error), "refused"), status=409)
    return _show_done(request, order, feedback)


def _show_done(request: ConsoleRequest, order: Order, feedback: Feedback) -> HttpResponse:
    """Show what is certain, on the page or, with htmx, in its panels."""
    if not request.htmx:
        level = messages.SUCCESS if feedback.tone == "done" else messages.WARNING
        messages.add_message(request, level, feedback.sentence)
        return _lead_to(request, order)
    facts = read_page_facts(find_order(order.order_id), request.user, live=None, is_whole=False)
    return render_order(request, facts, feedback=feedback, is_refund_done=True)


def _preview(request: ConsoleRequest, facts: PageFacts, form: RefundForm) -> HttpResponse:
    """Say what the refund would do; nothing is complained about while somebody still types."""
    panel = build_refund_panel(facts, request.user)
    effect = describe_effect(panel, form.money) if panel is not None and form.says_money else ""
    if request.htmx:
        return render_page(request, "order/_refund_effect.html", {"effect": effect, "refunds": panel})
    return render_order(request, facts, refund_form=form, refund_effect=effect, status=200 if effect else 422)


def _lead_to(request: ConsoleRequest, order: Order) -> HttpResponse:
    """Redirect to the order's page, keeping the link back to the list."""
    return redirect(order.get_absolute_url() + WayBack.read(request).suffix)
