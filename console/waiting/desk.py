"""The approver's desk: the orders that wait for this person, with what to decide by. One address for page and poll."""

from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, CurrentUser, needs_view, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.desk.rows import FACTS, RowFacts
from console.desk.tabs import are_counts_due, keep_counts, list_counted, read_counts
from console.fingerprint import fingerprint
from console.system.engine import describe_engine
from console.waiting.queues import Queues
from console.waiting.rows import WaitingRow, render_waiting
from orders.overview.waiting import MINE, MOST_COUNTED, MOST_ROWS, prepare_poll, read_waiting
from orders.reading.counts import Prepared
from orders.reading.prepared import OTHER_NUMBER, TEXT

COUNTED: Final = ("awaiting", "in-motion", "trouble")


@polled(lambda request: "live" in request.GET)
@require_safe
@needs_view
def show_desk(request: ConsoleRequest) -> HttpResponse:
    """Show what waits for the person; who may not approve is led to the list of what waits for others.

    An open page asks with `rows` and `counts` what it shows, and gets 204 while that is so.
    """
    current_user = CurrentUser.of(request.user)
    if not current_user.may_approve:
        return redirect(f"{reverse('order-list')}?status=awaiting")
    if request.htmx and "live" in request.GET:
        return _show_changes(request, current_user)
    take_up(request)
    return render_page(request, "waiting/desk.html", _describe(request, current_user, is_whole=True))


def _show_changes(request: ConsoleRequest, current_user: CurrentUser) -> HttpResponse:
    """Show what has changed: rows, counts, or both."""
    counts, found = _prepare(is_due=are_counts_due()).read(
        {TEXT: request.user.get_username(), OTHER_NUMBER: request.user.pk}
    )
    mine = counts.pop(MINE)
    keep_counts(counts)
    rows = _describe_rows([RowFacts(*line) for line in found], current_user)
    is_same = rows == request.GET.get("rows")
    if is_same and _describe_counts(mine) == request.GET.get("counts"):
        return HttpResponse(status=204)
    context = _describe(request, current_user, is_whole=not is_same)
    return render_page(request, "waiting/_desk_changes.html", context | {"keeps_rows": is_same, "is_fragment": True})


@lru_cache(2)
def _prepare(*, is_due: bool) -> Prepared:
    return prepare_poll(FACTS, list_counted() if is_due else {})


def _describe(request: ConsoleRequest, current_user: CurrentUser, *, is_whole: bool) -> dict[str, Any]:
    """Return what the page shows; the rows are read with what stands in them only where they are shown."""
    user = request.user
    orders = read_waiting(username=user.get_username(), account_id=user.pk) if is_whole else []
    rows, queues = [WaitingRow.of(order) for order in orders], Queues.of(user, read_counts())
    shown = _describe_rows([row.facts for row in rows], current_user) if is_whole else request.GET.get("rows", "")
    query = urlencode({"live": 1, "rows": shown, "counts": _describe_counts(queues.mine_count)})
    return {
        "rows": rows,
        "rows_html": render_waiting(rows),
        "queues": queues,
        "now": rows[0].facts.read_at if rows else None,
        "poll_url": f"{reverse('home')}?{query}",
        "has_more": len(rows) == MOST_ROWS,
    }


def _describe_rows(rows: list[RowFacts], current_user: CurrentUser) -> str:
    """Return a short text that changes whenever a row does, or what the person may."""
    return fingerprint([str(current_user), *((facts.order_id, facts.state(current_user)) for facts in rows)])


def _describe_counts(mine: int) -> str:
    """Return a short text that changes whenever a count on the page does, or what it says of the engine."""
    counts = read_counts()
    return fingerprint([min(mine, MOST_COUNTED), describe_engine(), *(counts.get(name) for name in COUNTED)])
