"""A file of all orders: how much memory it takes to send it as it is read, and to make it in the background."""

import os
import time
from typing import Final

from django.test import Client

from orders.listing import exports
from orders.models import ListExport
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.filling import fill
from tests.benchmark.machine import memory_megabytes
from tests.making import make_user

# Until so many rows are through, not everything is imported and no buffer has its size yet.
WARM_ROWS: Final = 20_000
LOOK_EVERY: Final = 200


def measure(scale: Scale) -> list[Figure]:
    """Fill the tables, and send and make a file of all."""
    fill(scale.orders)
    return [*_measure_sending(scale.orders), *_measure_making(scale.orders)]


def _measure_sending(orders: int) -> list[Figure]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user("bob", "approver"))
    response = client.get("/orders/export/", {"now": "1"}, secure=True)
    rows, begin, warm, most = -1, time.perf_counter(), 0.0, 0.0
    for number, piece in enumerate(response.streaming_content):  # type: ignore[attr-defined]
        rows += piece.count(b"\r\n")
        if number % LOOK_EVERY == 0 and rows >= min(WARM_ROWS, orders // 2):
            most = max(most, _memory())
            warm = warm or most
    seconds = time.perf_counter() - begin
    if rows != orders:
        raise RuntimeError(f"the file has {rows} orders")
    return [
        Figure("memory while a file is sent: most ÷ after the first rows", most / warm, target="≤ 1.1"),
        Figure("rows a second, sent", rows / seconds, "rows"),
    ]


def _measure_making(orders: int) -> list[Figure]:
    owner = make_user("dana", "approver")
    export = exports.begin_export("", owner=owner)
    begin, warm, most = time.perf_counter(), 0.0, 0.0
    while exports.make_piece():
        done = ListExport.objects.get(pk=export.pk).rows
        if done >= min(WARM_ROWS, orders // 2):
            most = max(most, _memory())
            warm = warm or most
    seconds = time.perf_counter() - begin
    export.refresh_from_db()
    lines = sum(piece.count(b"\r\n") for piece in export.read()) - 1
    if (export.rows, lines) != (orders, orders):
        raise RuntimeError(f"the file has {lines} orders of {orders}")
    return [
        Figure("memory while a file is made: most ÷ after the first rows", most / warm, target="≤ 1.1"),
        Figure("rows a second, made in the background", orders / seconds, "rows"),
    ]


def _memory() -> float:
    return memory_megabytes([os.getpid()])
