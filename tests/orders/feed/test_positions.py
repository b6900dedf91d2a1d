"""The feed skips no event, however late its transaction is committed, and keeps the order within an order."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import pytest
from django.db import connection, transaction

from orders.decisions.comment import add_comment
from orders.feed import positions
from orders.feed.positions import place_events
from orders.feed.reading import read_feed
from orders.models import FeedEntry, FeedMark, Order, OrderEvent
from tests.console.api.calling import Program
from tests.making import Colleague, MakeOrder

pytestmark = pytest.mark.django_db(transaction=True)
BOB = Colleague("bob")
SECONDS = 60


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "_horizon", positions._Horizon())


def in_thread(act: Callable[[], object]) -> object:
    try:
        return act()
    finally:
        connection.close()


def read_all(after: int = 0) -> list[FeedEntry]:
    while place_events():
        pass
    return read_feed(after=after, limit=10_000)


def test_an_event_that_is_committed_late_is_not_skipped(make_order: MakeOrder) -> None:
    slow, quick = make_order(), make_order()
    has_written, may_commit = Event(), Event()

    @transaction.atomic
    def write_slowly() -> None:
        add_comment(slow, actor=BOB, text="Slow")
        has_written.set()
        assert may_commit.wait(SECONDS)

    with ThreadPoolExecutor() as threads:
        writing = threads.submit(in_thread, write_slowly)
        assert has_written.wait(SECONDS)
        add_comment(quick, actor=BOB, text="Quick")
        for _ in range(3):  # so that the mark had time to move too far
            seen = read_all()
        may_commit.set()
        writing.result(SECONDS)
    assert seen[-1].event.data["text"] == "Quick"
    (late,) = read_all(after=seen[-1].position)
    assert late.event.data["text"] == "Slow"
    assert late.event_id < seen[-1].event_id


def test_a_race_of_writers_and_a_reader_loses_and_doubles_nothing(make_order: MakeOrder) -> None:
    orders = [make_order() for _ in range(4)]
    is_over = Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        for number in range(12):
            with transaction.atomic():
                add_comment(chance.choice(orders), actor=BOB, text=f"{seed}-{number}")
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(%s)", [chance.choice([0, 0, 0.01, 0.03])])

    def read() -> list[FeedEntry]:
        read: list[FeedEntry] = []
        while True:
            is_last = is_over.is_set()
            found = read_all(after=read[-1].position if read else 0)
            read += found
            if is_last and not found:
                return read

    with ThreadPoolExecutor() as threads:
        reading = threads.submit(in_thread, read)
        writing = [threads.submit(in_thread, partial(write, seed)) for seed in range(4)]
        for each in writing:
            each.result(SECONDS)
        is_over.set()
        seen: list[FeedEntry] = reading.result(SECONDS)  # type: ignore[assignment]
    assert sorted(entry.event_id for entry in seen) == sorted(OrderEvent.objects.values_list("pk", flat=True))
    for order in Order.objects.all():
        of_order = [entry.event_id for entry in seen if entry.event.order.order_id == order.order_id]
        assert of_order == sorted(of_order)


def test_the_mark_moves_on_once_nothing_older_can_come(make_order: MakeOrder) -> None:
    make_order()
    for _ in range(3):
        read_all()
    assert FeedMark.objects.get().event_id == OrderEvent.objects.latest("pk").pk


def test_one_process_at_a_time_gives_places(make_order: MakeOrder) -> None:
    make_order()
    is_held, may_end = Event(), Event()

    @transaction.atomic
    def give_places_slowly() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", positions.LOCK)
        is_held.set()
        assert may_end.wait(SECONDS)

    with ThreadPoolExecutor() as threads:
        other = threads.submit(in_thread, give_places_slowly)
        assert is_held.wait(SECONDS)
        assert place_events() == 0
        may_end.set()
        other.result(SECONDS)
    assert place_events() == OrderEvent.objects.count()


def test_programs_follow_the_feed_by_its_cursor(make_order: MakeOrder) -> None:
    order, program = make_order(), Program("read")
    first = program.get("/api/v1/events", limit=2).json()
    assert [event["kind"] for event in first["data"]] == ["order.submitted", "run.started"]
    rest = program.get("/api/v1/events", after=first["next_cursor"]).json()
    assert len(first["data"]) + len(rest["data"]) == order.events.count()
    assert {event["order_id"] for event in rest["data"]} == {order.order_id}
    end = program.get("/api/v1/events", after=rest["next_cursor"]).json()
    assert end == {"data": [], "next_cursor": rest["next_cursor"]}
    assert program.get("/api/v1/events", after="x").status_code == 400
    assert Program("submit").get("/api/v1/events").status_code == 403
