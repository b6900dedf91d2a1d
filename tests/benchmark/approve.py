"""Approving an order: from the click to the changed page, against a bare signal and query of Temporal's.

Both ways take turns, on orders of which each is carried out before the next one begins. A server reads each shard's
queue at most twenty times a second, and a development server has one shard: what comes within 50 ms of the task before
waits there, bare signals too. So all is measured once more on a server that reads its queue at once, as one with more
shards does.
"""

import asyncio
import statistics
import time
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from temporalio.client import Client

from orders import contracts
from orders.models import Order
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.web.site import Site, started_site, submit_orders, wait_for_end
from tests.benchmark.web.visitor import Visitor, make_approvers
from workers.payloads import DATA_CONVERTER

PAIRS: Final = 10
AT_ONCE: Final = ("--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000")


def measure(scale: Scale) -> list[Figure]:
    """Click and signal in turn, and compare."""
    approver, figures = make_approvers(1)[0], []
    for options, where in (((), ""), (AT_ONCE, ", queue read at once")):
        with started_site(web_processes=1, temporal=options, ACCEPT_OUTSIDE_DECISIONS="true") as site:
            figures += asyncio.run(_take_turns(site, Visitor(site.port, approver), scale.rounds, where))
    return figures


async def _take_turns(site: Site, visitor: Visitor, rounds: int, where: str) -> list[Figure]:
    client = await Client.connect(site.temporal_address, data_converter=DATA_CONVERTER)
    ratios, clicks, bares, used = [], [], [], []
    for _ in range(rounds + 1):
        orders = await asyncio.to_thread(submit_orders, 2 * PAIRS)
        click, bare, before = [], [], 0.0
        for own, other in zip(orders[::2], orders[1::2], strict=True):
            token = _open(visitor, own)
            before -= site.used()
            click.append(_click(visitor, own, token))
            before += site.used()
            await asyncio.to_thread(wait_for_end, [own])
            bare.append(await _signal_and_query(client, other.order_id))
            await asyncio.to_thread(wait_for_end, [other])
        ratios.append(statistics.median(click) / statistics.median(bare))
        clicks.append(statistics.median(click))
        bares.append(statistics.median(bare))
        used.append(before / PAIRS)
    name = "approve: click to changed page"
    return [
        Figure(f"{name} ÷ bare signal and query{where}", statistics.median(ratios[1:]), target="≤ 1.5"),
        Figure(f"{name}{where}", statistics.median(clicks[1:]), "ms"),
        Figure(f"bare signal and query{where}", statistics.median(bares[1:]), "ms"),
        Figure(f"CPU time of the web server for an approval{where}", statistics.median(used[1:]), "ms"),
    ]


def _open(visitor: Visitor, order: Order) -> str:
    """Open the order's page as a person does, live status and all, and return the token of its form."""
    page = visitor.get(order.get_absolute_url())
    visitor.get(page.poll, is_htmx=True)
    return page.token


def _click(visitor: Visitor, order: Order, token: str) -> float:
    begin = time.perf_counter()
    answer = visitor.post(f"{order.get_absolute_url()}approve/", urlencode({"csrfmiddlewaretoken": token}))
    milliseconds = (time.perf_counter() - begin) * 1000
    assert answer.status == 200, answer.text
    assert "feedback-done" in answer.text, answer.text
    return milliseconds


async def _signal_and_query(client: Client, order_id: str) -> float:
    handle = client.get_workflow_handle(order_id)
    begin = time.perf_counter()
    await handle.signal(contracts.APPROVE_SIGNAL, contracts.Decision(str(uuid4()), "dana"))
    answer = await handle.query(contracts.STATUS_QUERY)
    milliseconds = (time.perf_counter() - begin) * 1000
    assert answer["approved"], answer
    return milliseconds
