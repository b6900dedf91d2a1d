"""Pages and their polls: what each costs the web server, and what a browser receives.

CPU time is that of gunicorn's processes. Rounds of all pages take turns, so that whatever else the machine does meets
each of them.
"""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from orders.decisions import decide
from orders.intake.drafts import LineDraft
from orders.models import Order, OrderEvent
from orders.postgres.clock import database_now
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.web.site import Site, started_site, submit_orders, wait_for_end
from tests.benchmark.web.visitor import HTMX, Answer, Visitor, make_approvers
from tests.database import past_the_rules
from tests.making import Colleague, build_order

KILOBYTE: Final = 1024
PLAIN_FILES: Final = "django.contrib.staticfiles.storage.StaticFilesStorage"
ROWS: Final = 50
DECIDED: Final = 10
LINES, EVENTS = 100, 500
REQUESTS: Final = 60
# The most tries until a poll has no news.
SETTLING: Final = 10
DESK: Final = "/"
LIST: Final = "/orders/?status=awaiting"
IDLE_SECONDS, IDLE_EVERY = 60.0, 3.0


@dataclass(frozen=True)
class Page:
    """What is asked for in each round. `target` is of its CPU time, and `statements` the most that it may send."""

    name: str
    path: str
    status: int = 200
    is_htmx: bool = False
    target: str = ""
    statements: str = ""


def measure(scale: Scale) -> list[Figure]:
    """Start everything, fill the desk, and look at pages."""
    with started_site(web_processes=1) as site:
        waiting = submit_orders(ROWS + DECIDED)
        for order in waiting[:DECIDED]:
            decide.approve_order(order, actor=Colleague("dana"))
        wait_for_end(waiting[:DECIDED])
        _spread_deadlines(waiting[DECIDED:])
        user = make_approvers(1)[0]
        visitor = Visitor(site.port, user)
        signed_in = Client(HTTP_HOST="localhost")
        signed_in.force_login(user)
        return [
            *_weigh(site, visitor, waiting[-1]),
            *_watch_idle_desk(visitor),
            *_measure_cpu(site, visitor, signed_in, _list_pages(visitor, waiting[-1], waiting[0]), scale.rounds),
        ]


def _spread_deadlines(orders: list[Order]) -> None:
    """Have the orders expire one after the other, as they do that were submitted during a day."""
    now = database_now()
    for number, order in enumerate(orders, 1):
        Order.objects.filter(pk=order.pk).update(approval_deadline=now + timedelta(minutes=29 * number))


def _list_pages(visitor: Visitor, waiting: Order, completed: Order) -> list[Page]:
    path = waiting.get_absolute_url()
    opened = visitor.get(visitor.get(path).poll, is_htmx=True)
    return [
        Page("an answer that reads nothing", "/health/live/"),
        Page("the desk", DESK, target="≤ 15", statements="≤ 5"),
        Page("the list of 50 that wait", LIST, target="≤ 15", statements="≤ 5"),
        Page("an order that waits", path, target="≤ 12", statements="≤ 7"),
        Page("review mode", "/orders/review/", target="≤ 15", statements="≤ 8"),
        Page("an order that is completed", completed.get_absolute_url()),
        Page("an order of 100 lines and 500 events", _make_long_order().get_absolute_url()),
        Page("an order's poll without news", opened.poll, 204, is_htmx=True, target="≤ 3", statements="≤ 2"),
        Page("the desk's poll without news", visitor.get(DESK).poll, 204, is_htmx=True, target="≤ 4", statements="≤ 2"),
        Page("the list's poll without news", visitor.get(LIST).poll, 204, is_htmx=True, target="≤ 4", statements="≤ 2"),
        Page("the sign-in page, signed in", "/accounts/login/", 302),
    ]


def _make_long_order() -> Order:
    lines = tuple(LineDraft(f"SKU-{number}", f"Article {number}", 1 + number % 5, 100) for number in range(LINES))
    order = build_order("COMPLETED", lines=lines)
    first = order.events.earliest("pk")
    with past_the_rules():
        OrderEvent.objects.bulk_create(
            OrderEvent(order=order, key=f"again-{number}", kind=first.kind, data=first.data, actor=first.actor)
            for number in range(EVENTS)
        )
    return order


def _measure_cpu(site: Site, visitor: Visitor, signed_in: Client, pages: list[Page], rounds: int) -> list[Figure]:
    used: dict[str, list[float]] = {page.name: [] for page in pages}
    for _ in range(rounds + 1):
        for page in pages:
            path = _settle(visitor, page)
            before = site.used()
            for _ in range(REQUESTS):
                answer = visitor.get(path, is_htmx=page.is_htmx)
                assert answer.status == page.status, f"{path}: {answer.status}"
            used[page.name].append((site.used() - before) / REQUESTS)
    figures = [Figure(f"CPU time: {page.name}", _median(used, page), "ms", page.target) for page in pages]
    counted = [page for page in pages if page.statements]
    return figures + [
        Figure(f"SQL statements: {page.name}", _count_statements(signed_in, page), target=page.statements)
        for page in counted
    ]


def _settle(visitor: Visitor, page: Page) -> str:
    """Return what to ask for now. A poll is asked until it has no news, as counts of tabs are a moment old."""
    path = page.path
    for _ in range(SETTLING):
        answer = visitor.get(path, is_htmx=page.is_htmx)
        if answer.status == page.status:
            return path
        path = answer.poll or path
        time.sleep(1)
    raise AssertionError(f"{page.name}: {answer.status}")


def _median(used: Mapping[str, list[float]], page: Page) -> float:
    """Return the median of the rounds but the first, which warms up."""
    return statistics.median(used[page.name][1:])


def _count_statements(signed_in: Client, page: Page) -> int:
    """Return how many statements the page takes in a process that has been asked before; this one asks no Temporal."""
    headers = HTMX if page.is_htmx else {}
    with override_settings(STORAGES=settings.STORAGES | {"staticfiles": {"BACKEND": PLAIN_FILES}}):
        signed_in.get(page.path, headers=headers)
        with CaptureQueriesContext(connection) as sent:
            signed_in.get(page.path, headers=headers)
    return len(sent.captured_queries)


def _weigh(site: Site, visitor: Visitor, order: Order) -> list[Figure]:
    """Return what a browser receives: of the first page of all, of the first desk, and of pages seen before."""
    first, first_files = Visitor(site.port).get_with_files("/accounts/login/")
    desk, desk_files = visitor.get_with_files(DESK)
    files = {answer.headers.get("ETag", "") or answer.text: answer for answer in [*first_files, *desk_files]}
    kept = [answer for answer in files.values() if "immutable" in answer.headers.get("Cache-Control", "")]
    page = visitor.get(order.get_absolute_url())
    return [
        _kilobytes("first visit: sign-in with its files", [first, *first_files], "≤ 25"),
        _kilobytes("first desk with its files", [desk, *desk_files]),
        _kilobytes("the desk again", [desk], "≤ 9"),
        _kilobytes("the list of 50 again", [visitor.get(LIST)], "≤ 9"),
        _kilobytes("an order again", [page], "≤ 4"),
        Figure("files that a browser keeps for good, of all", len(kept) / len(files), target="≥ 1"),
    ]


def _kilobytes(name: str, answers: list[Answer], target: str = "") -> Figure:
    return Figure(f"on the wire: {name}", sum(answer.body for answer in answers) / KILOBYTE, "KB", target)


def _watch_idle_desk(visitor: Visitor) -> list[Figure]:
    """Leave a desk open for a minute during which nothing happens."""
    poll, answers = visitor.get(DESK).poll, []
    begin, sent = time.monotonic(), visitor.sent
    while time.monotonic() - begin < IDLE_SECONDS:
        time.sleep(IDLE_EVERY)
        answers.append(visitor.get(poll, is_htmx=True))
        poll = answers[-1].poll or poll
    silent = [answer for answer in answers if answer.status == 204]
    received = sum(answer.received for answer in answers) / KILOBYTE
    return [
        Figure("idle minute of the desk: polls answered by 204", len(silent) / len(answers), target="≥ 0.95"),
        Figure("idle minute of the desk: received, with heads", received, "KB", "≤ 10"),
        Figure("idle minute of the desk: sent, with heads", (visitor.sent - sent) / KILOBYTE, "KB"),
    ]
