"""Batches: how far one is, what it came to for each order, and what somebody may do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from console.access import ConsoleRequest, needs, render_page
from console.accounts.sessions import polled
from console.desk.way_back import WayBack
from console.fingerprint import fingerprint
from orders.decisions import batches
from orders.decisions.batches import BatchChange
from orders.errors import BatchEnded, BatchNotFound, OrderError, OrderInvalid
from orders.labels import Label
from orders.labels.batches import BATCH_RESULT_LABELS, BATCH_STATE_LABELS
from orders.labels.reasons import describe_reason
from orders.models import Batch, BatchItem
from orders.reading.pages import Ordering, cut_page
from orders.states import BatchResult, BatchState, DecisionKind

PAGE_SIZE: Final = 50
MOST_LISTED: Final = 50
ITEMS: Final = Ordering("items", field="id", is_descending=False, is_number=True)
needs_decider = needs(batches.check_may_see_batches)


@dataclass(frozen=True)
class Progress:
    """How far a batch is; `percent` is a whole number, 100 only when every order has its result."""

    total: int
    decided: int
    refused: int

    @classmethod
    def of(cls, batch: Batch, counts: Mapping[str, int]) -> "Progress":
        decided = counts.get(BatchResult.DECIDED, 0)
        return cls(batch.total, decided, sum(counts.values()) - counts.get("", 0) - decided)

    @property
    def done(self) -> int:
        """How many orders have a result."""
        return self.decided + self.refused

    @property
    def left(self) -> int:
        """How many have none yet."""
        return self.total - self.done

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total


@dataclass(frozen=True)
class ItemFace:
    """One order of a batch in words."""

    order_id: str
    result: str
    words: str

    @property
    def is_decided(self) -> bool:
        return self.result == BatchResult.DECIDED

    @classmethod
    def of(cls, item: BatchItem, batch: Batch) -> "ItemFace":
        return cls(item.order.order_id, item.result, describe_item(item, batch))


def describe_item(item: BatchItem, batch: Batch) -> str:
    """Say what the batch came to for an order, and who had decided it before."""
    if not item.result:
        return _("Not decided") if batch.is_over else _("Its turn is still to come")
    if item.result == BatchResult.DECIDED:
        return _("Approved") if batch.kind == DecisionKind.APPROVE else _("Cancellation requested")
    words = str(BATCH_RESULT_LABELS[BatchResult(item.result)])
    if not item.decided_by:
        return f"{words}."
    is_approval = item.decided_as == DecisionKind.APPROVE
    sentence = (
        _("%(result)s: %(name)s approved it.") if is_approval else _("%(result)s: %(name)s requested its cancellation.")
    )
    return sentence % {"result": words, "name": item.decided_by}


@polled(lambda request: "seen" in request.GET)
@require_safe
@needs_decider
def show_batch(request: ConsoleRequest, batch_id: str) -> HttpResponse:
    """Show a batch; to the page's own poll only when something has changed, and 286 once it has ended."""
    try:
        batch = batches.read_batch(batch_id)
    except BatchNotFound as error:
        raise Http404(str(error)) from error
    context = _describe(request, batch)
    if not request.htmx:
        return render_page(request, "desk/batch_detail.html", context)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponseStopPolling() if batch.is_over else HttpResponse(status=204)
    response = render_page(request, "desk/_batch.html", context)
    if batch.is_over:
        response.status_code = HttpResponseStopPolling.status_code
    return response


def _describe(request: ConsoleRequest, batch: Batch) -> dict[str, Any]:
    counts = batches.count_results(batch)
    items = (
        BatchItem.objects.filter(batch=batch)
        .select_related("order")
        .only("result", "decided_by", "decided_as", "order__order_id")
    )
    only_failed = request.GET.get("show") == "failed"
    if only_failed:
        items = items.exclude(result__in=[BatchResult.DECIDED, ""])
    cursor = request.GET.get("cursor", "")
    try:
        page = cut_page(items, ITEMS, cursor=cursor, size=PAGE_SIZE)
    except OrderError:
        page, cursor = cut_page(items, ITEMS, size=PAGE_SIZE), ""
    faces = [ItemFace.of(item, batch) for item in page.rows]
    progress = Progress.of(batch, counts)
    is_own = batches.may_resume(batch, request.user)
    way_back = WayBack.read(request)
    kept = {"from": way_back.query, "show": "failed" if only_failed else ""}

    def link(**more: str) -> str:
        query = {name: value for name, value in (kept | more).items() if value}
        return request.path + ("?" + urlencode(query) if query else "")

    seen = fingerprint((batch.state, progress, faces, is_own))
    return {
        "batch": batch,
        "state_label": BATCH_STATE_LABELS[BatchState(batch.state)],
        "reason": describe_reason(batch.reason_code, batch.reason, batch.reason_words),
        "is_approval": batch.kind == DecisionKind.APPROVE,
        "progress": progress,
        "left_out": [
            (BATCH_RESULT_LABELS[BatchResult(result)], count)
            for result, count in counts.items()
            if result not in {"", BatchResult.DECIDED}
        ],
        "items": faces,
        "only_failed": only_failed,
        "may_resume": is_own,
        "may_retry": progress.refused > 0 or (batch.state == BatchState.STOPPED and progress.left > 0),
        "way_back": way_back,
        "all_url": link(show=""),
        "failed_url": link(show="failed"),
        "next_url": link(cursor=page.next) if page.next else "",
        "previous_url": link(cursor=page.previous) if page.previous else "",
        "poll_url": link(cursor=cursor, seen=seen),
        "seen": seen,
    }


@require_POST
@needs_decider
def change_batch(request: ConsoleRequest, batch_id: str) -> HttpResponse:
    """Pause, resume or stop a batch, or try the orders again that it did not decide; then show where that leads."""
    try:
        if request.POST.get("change") == "retry":
            batch = batches.retry_batch(batches.read_batch(batch_id), actor=request.user)
        elif request.POST.get("change") in set(BatchChange):
            batch = batches.change_batch(batch_id, BatchChange(request.POST["change"]), actor=request.user)
        else:
            return HttpResponse(status=400)
    except BatchNotFound as error:
        raise Http404(str(error)) from error
    except (BatchEnded, OrderInvalid):  # its page says how it ended
        batch = batches.read_batch(batch_id)
    return redirect(reverse("batch-detail", args=[batch.batch_id]) + WayBack.read(request).suffix)


@require_safe
@needs_decider
def show_batches(request: ConsoleRequest) -> HttpResponse:
    """List the person's own batches, newest first, and those of others that are under way."""
    own = Batch.objects.filter(actor_account_id=request.user.pk)[:MOST_LISTED]
    others = Batch.objects.filter(state__in=[BatchState.RUNNING, BatchState.PAUSED]).exclude(
        actor_account_id=request.user.pk
    )[:MOST_LISTED]
    return render_page(request, "desk/batch_list.html", {"own": _name(own), "others": _name(others)})


def _name(found: Any) -> list[tuple[Batch, Label, str]]:
    return [
        (
            batch,
            BATCH_STATE_LABELS[BatchState(batch.state)],
            describe_reason(batch.reason_code, batch.reason, batch.reason_words),
        )
        for batch in found
    ]
