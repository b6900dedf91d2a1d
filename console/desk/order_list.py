"""The list of orders: tabs, search, keyset pages, and rows that stay live. One address for page and fragments."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from console.access import ConsoleRequest, CurrentUser, needs_view, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.desk.filter_panel import FilterPanel
from console.desk.layout import Layout
from console.desk.list_asked import ListAsked
from console.desk.live_rows import Answer, describe_seen, is_anothers, read_facts
from console.desk.row_html import render_rows
from console.desk.rows import Row
from console.desk.saved_views import DEFAULT, GONE, USUAL, Shelf, is_explicit, read_shelf
from console.desk.tabs import Tab, describe_tabs
from console.labels import SORT_LABELS
from orders.errors import OrderError
from orders.listing.filters import FILTERS
from orders.listing.list_query import ListQuery
from orders.models import Order

# gunicorn takes 4,094 bytes for a request's first line.
LONGEST_ADDRESS: Final = 4000
EXPIRED: Final = gettext_lazy("This page link has expired. Showing the first page.")
# Beside these the tabs have no counts.
NARROWING: Final = ("q", *(name for name in FILTERS if name != "status"))


@polled(lambda request: "live" in request.GET)
@require_safe
@needs_view
def show_orders(request: ConsoleRequest) -> HttpResponse:
    """Show the list; with htmx its inner part, or, for a page that asks what has changed, its changes or 204."""
    if request.htmx:
        asked = ListAsked.read(request)
        return _show_changes(request, asked) if asked.is_live else _show_page(request, asked, None)
    take_up(request)
    named = request.GET.get("view", "")
    shelf = read_shelf(request.user, named, is_counted=not any(request.GET.get(name) for name in NARROWING))
    if named == DEFAULT:
        return redirect(shelf.default.url if shelf.default else f"{reverse('order-list')}?{USUAL}")
    asked = ListAsked.read_query(shelf.expand(request.GET), request.user)
    if shelf.is_missing:
        asked = replace(asked, view="", notices=asked.notices if is_explicit(request.GET) else (str(GONE),))
    if any(not request.GET.get(name, "x") for name in FILTERS if name != "status"):
        return redirect(asked.link())  # a form sends its empty fields too
    is_by_id = asked.status == "all" and not asked.query
    if is_by_id and (order_id := Order.objects.find_order_id(asked.search)):
        return redirect("order-detail", order_id=order_id)
    return _show_page(request, asked, shelf)


def _show_page(request: ConsoleRequest, asked: ListAsked, shelf: Shelf | None) -> HttpResponse:
    """Show a page of the list, or, without the shelf of saved views that stands over it, its inner part."""
    layout = Layout.read(asked.look) if shelf is None else shelf.layout
    asked = replace(asked, look=layout.token)
    try:
        page = asked.cut(layout.fields)
    except OrderError:
        asked = replace(asked, cursor="", notices=(*asked.notices, str(EXPIRED)))
        page = asked.cut(layout.fields)
    notices = asked.notices
    if page.is_instead:
        notices = (*notices, _("That page has no orders left. Showing the page before it."))
    current_user = CurrentUser.of(request.user)
    rows = [Row.of(order, current_user) for order in page.rows]
    newest = vars(page.rows[0])["newest_pk"] if page.rows else 0
    shown, panel = Answer(tuple(row.facts for row in rows), news=0), FilterPanel.of(asked)
    tabs = describe_tabs(asked)
    context = _describe_list(current_user, asked, shown, tabs, newest=newest)
    context |= {
        "rows": rows,
        "rows_html": _render_rows(rows, context, is_fragment=False),
        "layout": layout,
        "heads": layout.describe_heads(asked),
        "notices": notices,
        "next_url": asked.link(cursor=page.next) if page.next else "",
        "previous_url": asked.link(cursor=page.previous) if page.previous else "",
        "is_typed": shelf is None,
        "sorts": [(SORT_LABELS[sort], asked.sorted_by(sort).link(), sort == asked.sort) for sort in asked.sorts],
        "panel": panel,
        "filters_html": panel.render(asked.search) if shelf else "",
    }
    if shelf is None:
        return render_page(request, "desk/_list.html", context)
    context |= {"shelf": shelf, "is_changed": shelf.is_changed(asked)}
    return render_page(request, "desk/order_list.html", context)


def _show_changes(request: ConsoleRequest, asked: ListAsked) -> HttpResponse:
    """Show the rows again that have changed, for their places, or 204 while all are as the page shows them."""
    current_user = CurrentUser.of(request.user)
    if is_anothers(current_user, asked.seen):
        return HttpResponseClientRefresh()
    answer, tabs = read_facts(asked, reader=request.user.pk), describe_tabs(asked)
    if describe_seen(current_user, answer, tabs) == asked.seen:
        return HttpResponse(status=204)
    context = _describe_list(current_user, asked, answer, tabs, newest=asked.newest or 0)
    states = zip(answer.facts, answer.states(current_user), strict=True)
    changed = [facts.order_id for facts, state in states if asked.rows[facts.order_id] != state]
    rows = Order.objects.as_rows(*Layout.read(asked.look).fields)
    found = {order.order_id: order for order in rows.filter(order_id__in=changed)}
    context["rows"] = [Row.of(found[order_id], current_user) for order_id in changed if order_id in found]
    context["rows_html"] = _render_rows(context["rows"], context, is_fragment=True)
    context["is_empty"] = not answer.facts
    return render_page(request, "desk/_list_changes.html", context)


def _render_rows(rows: Iterable[Row], context: dict[str, Any], *, is_fragment: bool) -> SafeString:
    has_ticks, suffix, columns = context["has_ticks"], context["way_back_suffix"], context["columns"]
    return render_rows(rows, columns, has_ticks=has_ticks, way_back_suffix=suffix, is_fragment=is_fragment)


def _describe_poll(asked: ListAsked, rows: list[str], seen: str, newest: int) -> str:
    """Return what the page asks for to stay live; beside a very long search or filter, for its first rows alone."""
    more = {"newest": str(newest), "cursor": asked.cursor, "look": asked.look}
    url = asked.link(live="1", rows=",".join(rows), seen=seen, **more)
    if len(url) <= LONGEST_ADDRESS or len(rows) < 2:
        return url
    return _describe_poll(asked, rows[: len(rows) // 2], seen, newest)


def _describe_list(
    current_user: CurrentUser, asked: ListAsked, shown: Answer, tabs: list[Tab], *, newest: int
) -> dict[str, Any]:
    """Return what both the page and its live fragment show."""
    seen = describe_seen(current_user, shown, tabs)
    states = zip(shown.facts, shown.states(current_user), strict=True)
    return {
        "now": shown.facts[0].read_at if shown.facts else None,
        "asked": asked,
        "way_back": asked.way_back,
        "way_back_suffix": asked.way_back.suffix,
        "tabs": tabs,
        "news": shown.news,
        "news_url": asked.link(),
        "seen": seen,
        "poll_url": _describe_poll(asked, [f"{facts.order_id}.{state}" for facts, state in states], seen, newest),
        "all_url": asked.on_tab("all").link(),
        "unfiltered_url": replace(asked, query=ListQuery(), cursor="").link(),
        "columns": Layout.read(asked.look).names,
        "has_ticks": current_user.may_approve or current_user.may_cancel,
    }
