"""Approving and cancelling one order. What was refused is never called done."""

from collections.abc import Callable, Mapping
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, find_order, needs_view
from console.desk.way_back import WayBack
from console.forms import ApproveForm, CancelForm
from console.order.decision_panel import Word
from console.order.detail import render_changes, render_order
from orders.contracts import Answer
from orders.decisions import decide
from orders.engine.live_status import LiveStatus, get_live_status
from orders.errors import DecisionRefused, NotAllowed, ReasonMissing
from orders.models import Order, OutboxMessage
from orders.permissions import may_decide
from orders.states import DecisionKind, Outcome

VERBS: Final[Mapping[str, Callable[..., OutboxMessage]]] = {
    DecisionKind.APPROVE: decide.approve_order,
    DecisionKind.CANCEL: decide.cancel_order,
}
SUBJECTS: Final = {DecisionKind.APPROVE: "Your approval", DecisionKind.CANCEL: "Your cancellation"}
DONE: Final = {
    DecisionKind.APPROVE: "Approved. The payment is charged next.",
    DecisionKind.CANCEL: "Cancellation taken in. The order is being cancelled.",
}
APPROVED_FREE: Final = "Approved. The order costs nothing, so it is packed next."
TOO_LATE: Final = "{} came too late: the order had taken its way already."


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def approve(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Approve the order: 403 when the person may not, 422 when an own order wants a reason, 409 when it is too late."""
    order, form = find_order(order_id), ApproveForm(request.POST)
    if request.method != "POST":
        return _lead_to(request, order)
    if not may_decide(request.user, DecisionKind.APPROVE):
        raise PermissionDenied("Your account may look at orders, but not approve them.")
    if form.is_valid():
        try:
            return _decide(request, order, DecisionKind.APPROVE, reason=form.cleaned_data["reason"])
        except ReasonMissing as error:
            form.add_error("reason", str(error))
    if request.htmx:
        return render_changes(request, order, None, approve_form=form, status=422)
    return render_order(request, order, approve_form=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def cancel(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Cancel the order: 403 when the person may not, 422 without a reason, 409 when it is too late."""
    order, form = find_order(order_id), CancelForm(request.POST)
    if request.method != "POST":
        return _lead_to(request, order)
    if not may_decide(request.user, DecisionKind.CANCEL):
        raise PermissionDenied("Your account may look at orders, but not cancel them.")
    if not form.is_valid():
        if request.htmx:
            return render_changes(request, order, None, cancel_form=form, status=422)
        return render_order(request, order, cancel_form=form, status=422)
    return _decide(request, order, DecisionKind.CANCEL, **form.cleaned_data)


def _decide(request: ConsoleRequest, order: Order, kind: DecisionKind, **reasons: str) -> HttpResponse:
    """Take the decision and show what became of it, in the page or, with htmx, in its panels."""
    live = None
    try:
        message = VERBS[kind](order, actor=request.user, **reasons)
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except DecisionRefused as error:
        word = Word(str(error), "refused")
    else:
        message.refresh_from_db(fields=["status"])
        if message.status == OutboxMessage.Status.DELIVERED:
            live = get_live_status(order.order_id, is_fresh=True)
        word = judge_decision(message, kind, live)
    order = find_order(order.order_id)
    status = 409 if word.tone == "refused" else 200
    if request.htmx:
        return render_changes(request, order, live, word=word, status=status)
    if status == 409:
        return render_order(request, order, word=word, status=status)
    level = messages.SUCCESS if word.tone == "done" else messages.WARNING
    messages.add_message(request, level, word.sentence)
    return _lead_to(request, order)


def _lead_to(request: ConsoleRequest, order: Order) -> HttpResponse:
    """Lead to the order's page, which still knows the list that one came from."""
    return redirect(order.get_absolute_url() + WayBack.read(request).suffix)


def judge_decision(message: OutboxMessage, kind: DecisionKind, live: LiveStatus | None) -> Word:
    """Say what a person may trust after a decision. That it counts, or came too late, is said only once it is known."""
    decision = decide.find_decision(message)
    if decision.outcome in {Outcome.ACCEPTED, Outcome.REPEATED}:
        return _done(message.order, kind)
    if decision.outcome == Outcome.TOO_LATE:
        return Word(TOO_LATE.format(SUBJECTS[kind]), "refused")
    if message.status == OutboxMessage.Status.PENDING:
        sentence = f"{SUBJECTS[kind]} is kept and on its way. It takes effect as soon as Temporal can be reached."
        return Word(sentence, "waiting")
    if message.status == OutboxMessage.Status.REFUSED:
        sentence = f"{SUBJECTS[kind]} is kept, but cannot be sent to the workflow: {message.last_error}"
        return Word(f"{sentence} Ask an administrator to look into it.", "waiting")
    last = live.answer.last_decision if live is not None and live.answer is not None else None
    answer = last.outcome if last is not None and last.decision_id == decision.decision_id else ""
    if answer in {Answer.ACCEPTED, Answer.REPEATED}:
        return _done(message.order, kind)
    if answer == Answer.TOO_LATE:
        return Word(TOO_LATE.format(SUBJECTS[kind]), "refused")
    if live is not None and live.is_paused:
        sentence = f"{SUBJECTS[kind]} counts. The order's workflow is paused in Temporal: it takes effect when somebody"
        return Word(f"{sentence} resumes the workflow there.", "waiting")
    if live is not None and live.is_away:
        sentence = f"{SUBJECTS[kind]} is kept. It takes effect as soon as the order's workflow answers again."
        return Word(sentence, "waiting")
    return Word(f"{SUBJECTS[kind]} is being checked. The order's history will say what became of it.", "waiting")


def _done(order: Order, kind: DecisionKind) -> Word:
    """Say that the decision counts, and what comes next."""
    return Word(APPROVED_FREE if order.is_free and kind == DecisionKind.APPROVE else DONE[kind], "done")
