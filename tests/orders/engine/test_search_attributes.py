"""orders.engine.search_attributes: runs are listed by them where Temporal has them, and orders are led everywhere."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings
from temporalio.client import Client
from temporalio.service import OperatorService, RPCError, RPCStatusCode

from orders import contracts
from orders.contracts import OrderInput
from orders.decisions import decide
from orders.engine import reconcile, search_attributes, temporal, temporal_client
from orders.errors import CallRefused
from orders.states import Status, TroubleCode
from tests.making import make_user, submit
from tests.programs import free_port, run_temporal, started_temporal, started_workers
from tests.waiting import wait_for_status, wait_until

INTERNAL = RPCStatusCode.INTERNAL


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time to answer."""
    monkeypatch.setattr(search_attributes, "TIMEOUT", timedelta(seconds=20))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that a server was asked for its attributes."""
    times: list[str] = []
    ask = search_attributes._ask

    async def note(client: Client, answer: Any) -> None:
        times.append(client.namespace)
        await ask(client, answer)

    monkeypatch.setattr(search_attributes, "_ask", note)
    return times


@pytest.fixture
def plain_server(settings: Settings) -> Iterator[str]:
    """A server that nobody has told of the attributes, for one test."""
    # It names a failing run after two failures and not after five, of which each one waits twice as long.
    option = "--dynamic-config-value"
    limit = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2"
    with started_temporal(free_port(), option, limit, has_search_attributes=False) as address:
        temporal_client.close()
        settings.TEMPORAL_ADDRESS = address
        yield address
        temporal_client.close()


def create(address: str, **changes: str) -> None:
    """Create the attributes as an operator does, some with another type."""
    wanted = {**contracts.SEARCH_ATTRIBUTES, **changes}
    names = [part for name, kind in wanted.items() for part in ("--name", name, "--type", kind)]
    run_temporal(address, "operator", "search-attribute", "create", *names)


def remove(address: str, name: str) -> None:
    run_temporal(address, "operator", "search-attribute", "remove", "--name", name, "--yes")


def attributes_of(address: str, order_id: str) -> dict[str, Any]:
    """Return what Temporal has of ours."""

    async def describe() -> dict[str, Any]:
        client = await Client.connect(address)
        found = (await client.get_workflow_handle(order_id).describe()).typed_search_attributes
        return {pair.key.name: pair.value for pair in found if pair.key.name in contracts.SEARCH_ATTRIBUTES}

    return asyncio.run(describe())


AT_THE_START = {"OrderStatus": "CREATED", "WaitingFor": "validation", "Total": 25.0, "Currency": "EUR"}


def test_a_run_is_listed_from_its_start(temporal_server: str) -> None:
    temporal.start_order(OrderInput("order-LISTED", total=2500, currency="EUR"))

    assert attributes_of(temporal_server, "order-LISTED") == AT_THE_START


@pytest.mark.parametrize(
    ("minor", "currency", "amount"), [(1999, "JPY", 1999.0), (1999, "BHD", 1.999), (0, "EUR", 0.0)]
)
def test_the_total_is_in_the_major_unit(temporal_server: str, minor: int, currency: str, amount: float) -> None:
    temporal.start_order(OrderInput(f"order-IN-{currency}", total=minor, currency=currency))

    found = attributes_of(temporal_server, f"order-IN-{currency}")
    assert (found["Total"], found["Currency"]) == (amount, currency)


def test_a_message_of_an_earlier_release_has_no_total(temporal_server: str) -> None:
    temporal.start_order(OrderInput("order-EARLIER"))

    assert attributes_of(temporal_server, "order-EARLIER").keys() == {"OrderStatus", "WaitingFor"}


def test_the_server_is_asked_once_for_many_orders(temporal_server: str, asked: list[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: temporal.start_order(OrderInput(f"order-OF-MANY-{number}")), range(24)))

    assert len(asked) == 1
    assert all(attributes_of(temporal_server, f"order-OF-MANY-{number}") for number in range(24))


def test_a_server_without_them_takes_orders(
    plain_server: str, asked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        temporal.start_order(OrderInput(f"order-{number}", total=2500, currency="EUR"))

    assert attributes_of(plain_server, "order-0") == {}
    assert len(asked) == 1
    assert "refused" not in caplog.text, "no start is tried in vain"


def test_attributes_of_other_types_are_somebody_elses(plain_server: str) -> None:
    create(plain_server, Total="Keyword")
    temporal.start_order(OrderInput("order-1", total=2500, currency="EUR"))

    assert attributes_of(plain_server, "order-1") == {}


def test_one_that_is_missing_is_enough(plain_server: str) -> None:
    create(plain_server)
    remove(plain_server, "WaitingFor")
    temporal.start_order(OrderInput("order-1", total=2500, currency="EUR"))

    assert attributes_of(plain_server, "order-1") == {}


def test_attributes_that_are_created_later_are_found(plain_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_attributes, "KEPT_NO_SECONDS", 0.0)
    temporal.start_order(OrderInput("order-1"))
    create(plain_server)
    temporal.start_order(OrderInput("order-2", total=2500, currency="EUR"))

    assert attributes_of(plain_server, "order-1") == {}
    assert attributes_of(plain_server, "order-2") == AT_THE_START


def test_a_server_that_does_not_say_takes_orders(
    temporal_server: str, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setattr(search_attributes, "TIMEOUT", timedelta(microseconds=1))
    for name in ("order-UNTOLD-1", "order-UNTOLD-2"):
        temporal.start_order(OrderInput(name, total=2500, currency="EUR"))

    assert attributes_of(temporal_server, "order-UNTOLD-1") == {}
    assert len(asked) == 1


@pytest.mark.parametrize(("status", "times"), [(status, 1) for status in search_attributes.REFUSALS] + [(INTERNAL, 2)])
def test_a_server_that_answers_this_to_nobody_is_left_alone(
    temporal_server: str,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[str],
    caplog: pytest.LogCaptureFixture,
    status: RPCStatusCode,
    times: int,
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RPCError("not in this cloud", status, b"")

    monkeypatch.setattr(search_attributes, "KEPT_FAILURE_SECONDS", 0.0)
    monkeypatch.setattr(OperatorService, "list_search_attributes", refuse)
    for number in range(2):
        temporal.start_order(OrderInput(f"order-{status.name}-{number}", total=2500, currency="EUR"))

    assert len(asked) == times
    assert caplog.text.count("because Temporal says: not in this cloud") == times
    assert attributes_of(temporal_server, f"order-{status.name}-1") == {}


def test_attributes_that_vanish_hold_up_no_start(plain_server: str, asked: list[str]) -> None:
    create(plain_server)
    temporal.start_order(OrderInput("order-1", total=2500, currency="EUR"))
    remove(plain_server, "Currency")
    for name in ("order-2", "order-3"):
        temporal.start_order(OrderInput(name, total=2500, currency="EUR"))

    assert attributes_of(plain_server, "order-1").keys() == {"OrderStatus", "WaitingFor", "Total"}
    assert attributes_of(plain_server, "order-2") == attributes_of(plain_server, "order-3") == {}
    assert len(asked) == 1, "and the next start is not refused again"


def test_what_is_refused_for_another_reason_is_refused(temporal_server: str) -> None:
    with pytest.raises(CallRefused, match="Temporal refused the call"):
        temporal.start_order(OrderInput("x" * 2000, "pay-1"))


@pytest.mark.django_db(transaction=True)
def test_orders_are_led_to_their_end_on_a_server_without_them(
    plain_server: str, program_environment: dict[str, str]
) -> None:
    with started_workers(program_environment, TEMPORAL_ADDRESS=plain_server):
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        decide.approve_order(order, actor=make_user("bob", "approver"))
        wait_for_status(order, Status.COMPLETED)

    assert attributes_of(plain_server, order.order_id) == {}


@pytest.mark.django_db(transaction=True)
def test_runs_whose_attributes_vanish_are_told_and_go_on_once_they_are_back(
    plain_server: str, program_environment: dict[str, str]
) -> None:
    create(plain_server)
    with started_workers(program_environment, TEMPORAL_ADDRESS=plain_server):
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        remove(plain_server, "OrderStatus")
        # The console would send a decision again until there is an answer. This one fails at its own pace.
        signal = ("workflow", "signal", "--workflow-id", order.order_id, "--name", contracts.CANCEL_SIGNAL)
        run_temporal(plain_server, *signal)

        def is_told() -> bool:
            reconcile.reconcile_orders()
            return order.troubles.exists()

        wait_until(is_told, seconds=90, what="the trouble", every=1)
        trouble = order.troubles.get()
        assert trouble.code == TroubleCode.RUN_FAILING
        assert "search attributes" in trouble.detail
        # Another order is taken while it waits, without them.
        wait_for_status(submit(1), Status.PENDING_MANUAL_APPROVAL)

        create(plain_server)
        # Any signal has the task tried at once.
        run_temporal(plain_server, *signal)
        wait_for_status(order, Status.CANCELLED)
        wait_until(lambda: attributes_of(plain_server, order.order_id)["OrderStatus"] == Status.CANCELLED)
