"""Many people look at the same time: 200 open pages that ask every two seconds, against gunicorn as production runs it.

The viewers share one loop of this process; what they cost is not counted.
"""

import asyncio
import html
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Final

from orders.models import Order
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.web.site import Site, started_site, submit_orders
from tests.benchmark.web.visitor import POLL, make_approvers, sign_in

VIEWERS: Final = 200
EVERY_SECONDS: Final = 2.0
SECONDS: Final = 20.0
DESK: Final = "/"
LIST: Final = "/orders/?status=awaiting"
# The pages are opened, and ask for the first time, while nothing is measured.
OPENING_SECONDS: Final = 10.0


@dataclass
class Seen:
    """What the viewers of one scene have met."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    untold: int = 0


class Viewer:
    """One open page. It asks as the page would, on a connection that stays open."""

    def __init__(self, site: Site, key: str, path: str) -> None:
        self._site, self._key, self._path = site, key, path

    async def look(self, place: float, begin: float, seen: Seen) -> None:
        """Open the page, and ask from `begin` on until the scene ends; `place` is the viewer's own, from 0 to 1."""
        await asyncio.sleep(place * OPENING_SECONDS * 0.8)
        await self._connect()
        poll = ""
        for path in (self._path, None):
            _, text = await self._ask(path or poll)
            poll = _find_poll(text) or poll
        due = begin + place * EVERY_SECONDS
        while due < begin + SECONDS:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            asked_at = max(due, begin)
            status, text = await self._ask(poll)
            seen.milliseconds.append((time.monotonic() - asked_at) * 1000)
            seen.statuses.append(status)
            seen.untold += _is_untold(text)
            poll = _find_poll(text) or poll
            due = max(due + EVERY_SECONDS, time.monotonic())
        self._writer.close()

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._site.port)

    async def _ask(self, path: str) -> tuple[int, str]:
        """Ask, on a new connection where the server has closed the one that was open, as a browser does."""
        try:
            return await self._try(path)
        except (asyncio.IncompleteReadError, OSError):
            await self._connect()
            return await self._try(path)

    async def _try(self, path: str) -> tuple[int, str]:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={self._key}\r\nHX-Request: true\r\n\r\n"
        if path == self._path:
            head = head.replace("HX-Request: true\r\n", "")
        self._writer.write(head.encode())
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        status = int(lines[0].split()[1])
        if "chunked" in headers.get("transfer-encoding", ""):
            raise AssertionError(f"{path}: an answer in pieces")
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return status, body.decode()


def _is_untold(text: str) -> bool:
    """Tell whether an order's page is not told what its workflow says, though it is there and waits."""
    return 'class="status"' in text and "status-live" not in text


def _find_poll(text: str) -> str:
    found = POLL.search(text)
    return html.unescape(found[1]) if found else ""


def measure(scale: Scale) -> list[Figure]:
    """Let 200 people look at the desk, at the list, at one order, and each at another one."""
    keys = [sign_in(user) for user in make_approvers(VIEWERS)]
    with started_site(web_processes=2) as site:
        orders = submit_orders(VIEWERS)
        return [
            *_play("the desk", site, keys, [DESK], "≤ 0.5"),
            *_play("the list", site, keys, [LIST], "≤ 0.5"),
            *_play("one order", site, keys, _paths(orders[:1])),
            *_play("200 orders that wait", site, keys, _paths(orders)),
        ]


def _paths(orders: Sequence[Order]) -> list[str]:
    return [order.get_absolute_url() for order in orders]


def _play(scene: str, site: Site, keys: Sequence[str], paths: Sequence[str], cores: str = "") -> list[Figure]:
    """Let everybody look for a while, and tell what they met; the opening of the pages is not measured."""
    seen = Seen()
    used, calls, seconds = asyncio.run(_look(site, keys, paths, seen))
    slowest = statistics.quantiles(seen.milliseconds, n=20)[-1]
    failed = sum(status >= 400 for status in seen.statuses)
    name = f"{VIEWERS} viewers of {scene}"
    return [
        Figure(f"{name}: cores of the web server", used / 1000 / seconds, target=cores),
        Figure(f"{name}: half of the polls within", statistics.median(seen.milliseconds), "ms"),
        Figure(f"{name}: 95 % of the polls within", slowest, "ms", "≤ 100" if cores else ""),
        Figure(f"{name}: polls a second", len(seen.statuses) / seconds, detail={"of": VIEWERS / EVERY_SECONDS}),
        Figure(f"{name}: share of 204", seen.statuses.count(204) / len(seen.statuses)),
        Figure(f"{name}: polls without an answer, or one that is late", failed + seen.untold, target="≤ 0"),
        Figure(f"{name}: calls of Temporal a poll", calls / len(seen.statuses), target="≤ 0.1"),
    ]


async def _look(site: Site, keys: Sequence[str], paths: Sequence[str], seen: Seen) -> tuple[float, float, float]:
    """Return the CPU time, the calls of Temporal and the seconds of the scene."""
    begin = time.monotonic() + OPENING_SECONDS
    viewers = [Viewer(site, key, path) for key, path in zip(keys, islice(cycle(paths), len(keys)), strict=True)]
    looking = [
        asyncio.create_task(viewer.look(place / len(viewers), begin, seen)) for place, viewer in enumerate(viewers)
    ]
    await asyncio.sleep(OPENING_SECONDS)
    used, calls, started = site.used(), site.count_calls(), time.monotonic()
    await asyncio.gather(*looking)
    return site.used() - used, site.count_calls() - calls, time.monotonic() - started
