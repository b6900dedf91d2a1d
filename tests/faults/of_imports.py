"""Workers and web server killed, again and again, while a file of orders is checked and imported."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from django.db import connection

from orders.imports import jobs
from orders.models import ImportedOrder, Order, OrderImport
from orders.states import ImportResult, ImportState
from tests.faults.browser import Browser
from tests.faults.people import Story, Wish
from tests.faults.stage import Fault, Stage
from tests.making import make_user
from tests.orders.imports.files import make_row, write_csv
from tests.waiting import wait_until

# For each order of the stage.
ORDERS: Final = 5
LINES: Final = 12
WRONG_EVERY: Final = 9
KILLS: Final = 3
SECONDS: Final = 120.0


def kill_all(stage: Stage) -> None:
    """Kill workers and web server while a file is checked, when it is confirmed, and while it is imported.

    Every right order is there once and exactly the wrong rows are told. The same file again submits nothing.
    """
    stage.stack.start_web()
    rows, wrong = _make_rows(stage)
    importing = _upload(rows)
    _press(stage, importing, "check", _layout(importing))
    _kill(stage)
    _wait_for(importing, ImportState.CHECKED)
    _press(stage, importing, "confirm", kills=True)
    for number in range(KILLS):
        _wait_for_results(importing, number * ORDERS * stage.orders // (KILLS + 1))
        _kill(stage)
    stage.heal()
    _wait_for(importing, ImportState.DONE)
    _compare(stage, importing, wrong)
    again = _upload(rows)
    _press(stage, again, "check", _layout(again))
    _wait_for(again, ImportState.CHECKED)
    _press(stage, again, "confirm")
    _wait_for(again, ImportState.DONE)
    assert jobs.count_results(again).get(ImportResult.CREATED, 0) == 0, "the second import submitted orders"
    stage.stack.web.stop()


def _make_rows(stage: Stage) -> tuple[list[list[str]], set[int]]:
    """Return the rows of a file, and the numbers of those that are wrong."""
    name = f"{stage.dice.getrandbits(40):X}"
    rows: list[list[str]] = []
    wrong: set[int] = set()
    for number in range(ORDERS * stage.orders):
        for line in range(LINES):
            is_wrong = number % WRONG_EVERY == 0 and line == LINES // 2
            rows.append(make_row(f"{name}-{number}", sku=f"CUP-{line}", quantity="none" if is_wrong else "2"))
            if is_wrong:
                wrong.add(len(rows) + 1)
    return rows, wrong


def _upload(rows: Sequence[list[str]]) -> OrderImport:
    alice = make_user("alice", "clerk")
    return jobs.create_import("orders.csv", write_csv(*rows), actor=alice, currency="EUR")


def _layout(importing: OrderImport) -> dict[str, str]:
    layout = jobs.read_layout(importing)
    facts = {name: getattr(layout, name) for name in ("encoding", "delimiter", "decimal_mark", "currency")}
    return facts | {f"column-{name}": str(place) for name, place in layout.columns.items()}


def _press(
    stage: Stage, importing: OrderImport, change: str, fields: Mapping[str, str] | None = None, *, kills: bool = False
) -> None:
    """Press a button of the import's page; with `kills` the web server dies as soon as it has done that."""
    clerk = Browser(stage.stack.web_port, "alice")
    clerk.ask(f"/orders/import/{importing.import_id}/change/", {"change": change, **(fields or {})})
    if kills:
        stage.stack.web.kill_family()
        stage.stack.start_web()


def _kill(stage: Stage) -> None:
    stage.stack.workers[0].kill()
    stage.stack.web.kill_family()
    stage.stack.heal()
    stage.stack.start_web()


def _wait_for(importing: OrderImport, state: ImportState) -> None:
    def is_there() -> bool:
        return OrderImport.objects.filter(pk=importing.pk, state=state).exists()

    wait_until(is_there, seconds=SECONDS, what=f"the import to be {state}", every=0.2)


def _wait_for_results(importing: OrderImport, count: int) -> None:
    done = ImportedOrder.objects.filter(of=importing).exclude(result__in=["", ImportResult.WRONG])
    wait_until(lambda: done.count() > count, seconds=SECONDS, what=f"{count} results", every=0.05)


def _compare(stage: Stage, importing: OrderImport, wrong: set[int]) -> None:
    """Compare what the import says with the file and with the orders; those orders are judged like any others."""
    told = {error["row"] for errors in importing.orders.values_list("errors", flat=True) for error in errors}
    assert told == wrong, f"told as wrong: {sorted(told ^ wrong)[:5]}"
    right = importing.orders.exclude(result=ImportResult.WRONG)
    results = set(right.values_list("result", flat=True))
    assert results <= {ImportResult.CREATED}, results
    numbers = list(right.values_list("shop_order_number", flat=True))
    there = Order.objects.filter(shop_order_number__in=numbers)
    found = dict(there.values_list("shop_order_number", "order_id"))
    assert len(found) == len(numbers) == there.count(), "an order is missing or doubled"
    assert dict(right.values_list("shop_order_number", "order__order_id")) == found
    stage.stories += [Story(f"import {number}", Wish.LEAVE, order_id=order_id) for number, order_id in found.items()]
    connection.close()
    stage.healed_at = time.monotonic()


OF_IMPORTS: Final = (
    Fault("import-killed", "Workers and web server are killed while a file is checked and imported", kill_all),
)
