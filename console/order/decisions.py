"""Approving and cancelling one order. A refused decision is never reported as done."""

from collections.abc import Callable
from concurrent.futures import Future

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_view
from console.desk.way_back import WayBack
from console.forms import ApproveForm, CancelForm, WithdrawForm
from console.order.facts import PageFacts, find_order, read_cancel_reasons, read_page_facts
from console.order.feedback import Feedback, judge_decision
from console.order.page import render_order
from orders.contracts import APPROVE_SIGNAL
from orders.decisions.decide import approve_order, cancel_order, find_decision
from orders.decisions.withdraw import withdraw_order
from orders.engine.live_status import LiveStatus, begin_to_ask
from orders.errors import DecisionRefused, OrderInvalid, ReasonMissing
from orders.models import Order, OutboxMessage
from orders.permissions import check_is_decider, check_may_withdraw, needs_reason
from orders.states import DecisionKind


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def approve(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Approve the order: 403 without permission, 422 without a reason for one's own order, 409 if it is too late."""
    order = find_order(order_id)
    if request.method != "POST":
        return _lead_to(request, order)
    check_is_decider(request.user, DecisionKind.APPROVE)
    form = ApproveForm(request.POST, is_own_order=needs_reason(request.user, DecisionKind.APPROVE, order))
    if form.is_valid():
        try:
            return _decide(request, order, approve_order, reason=form.cleaned_data["reason"])
        except ReasonMissing as error:
            form.add_error("reason", str(error))
    facts = read_page_facts(order, request.user, live=None, is_whole=not request.htmx)
    return render_order(request, facts, approve_form=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def cancel(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Cancel the order: 403 without permission, 422 without a reason, 409 if it is too late.

    With `fill` in its address nothing is cancelled: the form comes back with the text that the reason proposes.
    """
    order = find_order(order_id)
    if request.method != "POST":
        return _lead_to(request, order)
    check_is_decider(request.user, DecisionKind.CANCEL)
    reasons = read_cancel_reasons(order)
    form = CancelForm(request.POST, reasons=reasons)
    if "fill" in request.GET:
        facts = read_page_facts(order, request.user, live=None, is_whole=not request.htmx)
        return render_order(request, facts, cancel_form=form.with_proposal())
    if form.is_valid():
        try:
            return _decide(request, order, cancel_order, **form.cleaned_data)
        except OrderInvalid as error:  # the list was changed in this moment
            form.add_error("reason_code", str(error))
    facts = read_page_facts(order, request.user, live=None, is_whole=not request.htmx)
    return render_order(request, facts, cancel_form=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def withdraw(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Withdraw an own order: 403 for another's, 422 for a reason that is too long, 409 if somebody has decided."""
    order = find_order(order_id)
    if request.method != "POST":
        return _lead_to(request, order)
    check_may_withdraw(request.user, order)
    form = WithdrawForm(request.POST)
    if form.is_valid():
        return _decide(request, order, withdraw_order, **form.cleaned_data)
    facts = read_page_facts(order, request.user, live=None, is_whole=not request.htmx)
    return render_order(request, facts, withdraw_form=form, status=422)


def _decide(request: ConsoleRequest, order: Order, verb: Callable[..., OutboxMessage], **reasons: str) -> HttpResponse:
    """Make the decision and show its result, on the page or, with htmx, in its panels."""
    try:
        message = verb(order, actor=request.user, **reasons)
    except DecisionRefused as error:
        return _show(request, _read_facts(request, order), Feedback(str(error), "refused"))
    asking = _ask_if_delivered(message)
    # While the workflow works out its answer:
    decision = find_decision(message)
    asking = asking or _ask_if_delivered(message)  # the relay may have been quicker
    facts = _read_facts(request, order) if request.htmx else None
    live = asking.result() if asking is not None else None
    feedback = judge_decision(decision, message, live)
    if facts is None and feedback.tone != "refused":
        level = messages.SUCCESS if feedback.tone == "done" else messages.WARNING
        messages.add_message(request, level, feedback.sentence)
        return _lead_to(request, order)
    return _show(request, (facts or _read_facts(request, order)).with_live(live), feedback)


def _ask_if_delivered(message: OutboxMessage) -> "Future[LiveStatus] | None":
    """Begin to ask what the workflow makes of a decision, if it has it."""
    if message.status != OutboxMessage.Status.DELIVERED:
        return None
    return begin_to_ask(message.order.order_id, has_attempts=message.name != APPROVE_SIGNAL)


def _read_facts(request: ConsoleRequest, order: Order) -> PageFacts:
    return read_page_facts(find_order(order.order_id), request.user, live=None, is_whole=not request.htmx)


def _show(request: ConsoleRequest, facts: PageFacts, feedback: Feedback) -> HttpResponse:
    """Show what became of the decision: with 409 when it was refused."""
    return render_order(request, facts, feedback=feedback, status=409 if feedback.tone == "refused" else 200)


def _lead_to(request: ConsoleRequest, order: Order) -> HttpResponse:
    """Redirect to the order's page, keeping the link back to the list."""
    return redirect(order.get_absolute_url() + WayBack.read(request).suffix)
