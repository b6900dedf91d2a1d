"""The list of orders: tabs, search, keyset pages, and rows that stay live. One address for page and fragments."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from console import labels
from console.access import ConsoleRequest, Desk, needs_view, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.desk.way_back import WayBack
from console.forms import PAGE_SIZE, TABS, ListForm
from console.system.engine import describe_engine
from orders import states
from orders.errors import OrderError
from orders.models import Order
from orders.postgres.clock import database_now
from orders.reading.pages import Page, Search, cut_page
from orders.reading.querysets import NEWEST, NEXT_TO_EXPIRE, OrderQuerySet, read_order_search

MOST_COUNTED: Final = 100
NOTHING_TO_SEARCH_FOR: Final = (
    "There is nothing to search for in “{}”, so the search is left out. "
    "Type a word, a number or the beginning of an id."
)
QUESTIONS: Final[Mapping[str, Callable[[OrderQuerySet], OrderQuerySet]]] = {
    "awaiting": OrderQuerySet.awaiting_decision,
    "in-motion": OrderQuerySet.in_motion,
    "trouble": OrderQuerySet.in_trouble,
    "completed": OrderQuerySet.completed,
    "cancelled": OrderQuerySet.cancelled,
}


@dataclass(frozen=True)
class ListAsked:
    """What the list is asked for, with what could not be understood said in `notices`.

    `search` is what was typed, and `question` what it asks of the table; a search that asks nothing is left out.
    """

    status: str
    sort: str
    search: str
    cursor: str
    question: Search | None = None
    is_live: bool = False
    rows: tuple[str, ...] = ()
    seen: str = ""
    newest: int | None = None
    notices: tuple[str, ...] = ()

    @classmethod
    def read(cls, request: ConsoleRequest) -> "ListAsked":
        """Read the query of the address; a value that makes no sense is left out."""
        form = ListForm(request.GET)
        form.is_valid()
        given = form.cleaned_data
        status = given.get("status") or "all"
        # Only orders that wait for a person have a place in the order of deadlines.
        sort = (given.get("sort") or "expiring") if status == "awaiting" else "newest"
        notices = [f"Unknown {name} in the link; ignored." for name in form.errors]
        search = given.get("q", "")
        question = read_order_search(search)
        if search and question is None:
            notices.append(NOTHING_TO_SEARCH_FOR.format(search))
        return cls(
            status=status,
            sort=sort,
            search=search if question else "",
            cursor=given.get("cursor", ""),
            question=question,
            is_live=given.get("live", False),
            rows=tuple(given.get("rows", ())),
            seen=given.get("seen", ""),
            newest=given.get("newest"),
            notices=tuple(notices),
        )

    def link(self, **more: str) -> str:
        """Return the address of this tab, sort and search, with `more` in its query."""
        query = {} if self.status == "all" else {"status": self.status}
        if self.status == "awaiting" and self.sort != "expiring":
            query["sort"] = self.sort
        if self.search:
            query["q"] = self.search
        query |= {name: value for name, value in more.items() if value}
        return f"{reverse('order-list')}?{urlencode(query)}" if query else reverse("order-list")

    @property
    def way_back(self) -> WayBack:
        """The way that leads back to this page of the list."""
        sort = self.sort if self.status == "awaiting" and self.sort != "expiring" else ""
        return WayBack.to(status=self.status, sort=sort, q=self.search, cursor=self.cursor)

    def cut(self) -> Page[Order]:
        """Return the page. Raises CursorError."""
        question = QUESTIONS.get(self.status, OrderQuerySet.all)
        return cut_page(
            question(Order.objects.with_message_on_its_way().with_trouble()),
            NEXT_TO_EXPIRE if self.sort == "expiring" else NEWEST,
            search=self.question,
            cursor=self.cursor,
            size=PAGE_SIZE,
        )


@dataclass(frozen=True)
class Row:
    """One order in the list."""

    order: Order
    deadline: datetime | None
    is_soon: bool
    is_tickable: bool

    @classmethod
    def of(cls, order: Order, desk: Desk, now: datetime) -> "Row":
        """Return the row of `order`, with a tick box where this person could decide something."""
        deadline = order.approval_deadline if order.is_awaiting_decision else None
        may_approve = desk.may_approve and order.status in states.APPROVABLE and not order.decision
        may_cancel = desk.may_cancel and order.status in states.CANCELLABLE and not order.is_cancel_requested
        return cls(
            order=order,
            deadline=deadline,
            is_soon=deadline is not None and labels.is_soon(deadline, now),
            is_tickable=may_approve or may_cancel,
        )

    def describe(self, now: datetime) -> str:
        """Return a text that changes when anything that the row shows does."""
        deadline = labels.describe_deadline(self.deadline, now) if self.deadline else ""
        age = labels.describe_age(self.order.created_at, now)
        marks = [getattr(self.order, name, False) for name in ("has_message_on_its_way", "is_in_trouble")]
        return f"{self.order.order_id} {self.order.version} {age} {deadline} {marks}"


@dataclass(frozen=True)
class Tab:
    """One tab over the list; `count` is a text such as '12' or '99+', or empty."""

    label: str
    url: str
    count: str
    is_current: bool


@require_safe
@needs_view
def show_desk(request: ConsoleRequest) -> HttpResponse:
    """Lead to what an approver wants to see first: orders that wait, the next to expire on top."""
    return redirect(f"{reverse('order-list')}?status=awaiting")


@polled(lambda request: "live" in request.GET)
@require_safe
@needs_view
def show_orders(request: ConsoleRequest) -> HttpResponse:
    """Show the list; with htmx its inner part, or, for a page that asks what has changed, its rows or 204."""
    asked = ListAsked.read(request)
    if request.htmx and asked.is_live:
        return _show_changes(request, asked)
    if not request.htmx:
        take_up(request)
    if not request.htmx and asked.status == "all" and (order_id := Order.objects.find_order_id(asked.search)):
        return redirect("order-detail", order_id=order_id)
    try:
        page, notices = asked.cut(), asked.notices
    except OrderError:
        asked = replace(asked, cursor="")
        page, notices = asked.cut(), (*asked.notices, "This link to a page works no longer; here is the first page.")
    if page.is_instead:
        notices = (*notices, "No orders are left on that page; here is the page before it.")
    context = _describe_list(request, asked, page.rows) | {
        "notices": notices,
        "next_url": asked.link(cursor=page.next) if page.next else "",
        "previous_url": asked.link(cursor=page.previous) if page.previous else "",
        "is_typed": bool(request.htmx),
        "sort_urls": {name: replace(asked, sort=name).link() for name in ("expiring", "newest")},
    }
    return render_page(request, "desk/_list.html" if request.htmx else "desk/order_list.html", context)


def _show_changes(request: ConsoleRequest, asked: ListAsked) -> HttpResponse:
    """Show the same rows again, in their places, or 204 while they are as the page shows them."""
    found = Order.objects.with_message_on_its_way().with_trouble().filter(order_id__in=asked.rows)
    by_id = {order.order_id: order for order in found}
    orders = [by_id[order_id] for order_id in asked.rows if order_id in by_id]
    news = 0
    if not asked.search and asked.newest is not None:
        # To a page without rows every order is new, also one that has only now come to this tab.
        candidates = Order.objects.filter(pk__gt=asked.newest) if asked.rows else Order.objects.all()
        news = QUESTIONS.get(asked.status, OrderQuerySet.all)(candidates).count_up_to(PAGE_SIZE)
    context = _describe_list(request, asked, orders, news=news)
    if context["seen"] == asked.seen:
        return HttpResponse(status=204)
    return render_page(request, "desk/_list_changes.html", context)


def _describe_list(
    request: ConsoleRequest, asked: ListAsked, orders: Iterable[Order], *, news: int = 0
) -> dict[str, Any]:
    """Return what both the page and its live fragment show."""
    desk, now = Desk.of(request.user), database_now()
    rows = [Row.of(order, desk, now) for order in orders]
    tabs = _describe_tabs(asked)
    shown = [*(row.describe(now) for row in rows), *(tab.count for tab in tabs), str(news), describe_engine()]
    seen = hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16]
    ids = ",".join(row.order.order_id for row in rows)
    newest = asked.newest if asked.is_live and asked.newest is not None else Order.objects.newest_pk()
    return {
        "now": now,
        "asked": asked,
        "way_back": asked.way_back,
        "heading": "Orders" if asked.status == "all" else f"{TABS[asked.status]}, orders",
        "rows": rows,
        "tabs": tabs,
        "news": news,
        "news_url": asked.link(),
        "seen": seen,
        "poll_url": asked.link(live="1", rows=ids, seen=seen, newest=str(newest), cursor=asked.cursor),
        "all_url": ListAsked("all", "newest", asked.search, "").link(),
        "has_ticks": desk.may_approve or desk.may_cancel,
    }


def _describe_tabs(asked: ListAsked) -> list[Tab]:
    """Return the tabs; without a search each but the last with a count that stops at 99+."""
    tabs = []
    for status, label in TABS.items():
        count = ""
        if status in QUESTIONS and not asked.search:
            number = QUESTIONS[status](Order.objects.all()).count_up_to(MOST_COUNTED)
            count = f"{MOST_COUNTED - 1}+" if number >= MOST_COUNTED else str(number)
        if status == "trouble" and count == "0" and asked.status != "trouble":
            continue  # it is there when it is needed
        url = ListAsked(status, "expiring" if status == "awaiting" else "newest", asked.search, "").link()
        tabs.append(Tab(label, url, count, is_current=status == asked.status))
    return tabs
