"""orders.payments.gateways.simulated_process: the events that the program sends, over HTTP to the console."""

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from orders.models import GatewayEvent, Order
from orders.payments.gateways.ledgers import Kind, Movement
from orders.payments.gateways.simulated_process import sender as sending
from orders.payments.gateways.simulated_process.script import Fault, Misdeed
from orders.payments.gateways.simulated_process.sender import EventSender
from orders.payments.gateways.simulated_process.server import GatewayServer
from tests.making import MakeOrder
from tests.orders.payments import moving
from tests.orders.payments.conftest import PROCESS
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "what-the-gateway-signs-with"


@pytest.fixture(autouse=True)
def _pay_there(settings: Settings) -> None:
    settings.PAYMENT_GATEWAYS = [PROCESS, *settings.PAYMENT_GATEWAYS]
    settings.SIMULATED_GATEWAY_SECRET = SECRET


@pytest.fixture
def sender(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventSender]:
    """Sends to the console."""
    monkeypatch.setattr(sending, "AGAIN_SECONDS", 0.05)
    sender = EventSender(f"{live_server.url}/webhooks/simulated-process/", SECRET)
    yield sender
    sender.close()


@pytest.fixture
def server(tmp_path: Path, sender: EventSender, settings: Settings) -> Iterator[GatewayServer]:
    """The program in a thread, which tells the console of what it does."""
    server = GatewayServer(("127.0.0.1", 0), tmp_path / "gateway.jsonl", sender)
    settings.SIMULATED_GATEWAY_URL = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.close()
    thread.join()


def kinds() -> list[str]:
    """What the inbox holds, in the order in which it came."""
    return list(GatewayEvent.objects.order_by("id").values_list("kind", flat=True))


def wait_for(server: GatewayServer, *, taken: int) -> None:
    wait_until(lambda: server.describe()["events"]["taken"] >= taken, seconds=60, what=f"{taken} events")


def charge_and_refund(make_order: MakeOrder) -> Order:
    order = make_order("CHARGING_PAYMENT")
    moving.charge(order)
    moving.refund(order)
    return order


def test_it_tells_of_what_moved(make_order: MakeOrder, server: GatewayServer) -> None:
    order = charge_and_refund(make_order)
    wait_for(server, taken=2)
    assert sorted(kinds()) == ["payment.charged", "payment.refunded"]
    event = GatewayEvent.objects.get(kind="payment.charged")
    assert (event.gateway, event.payment) == ("simulated-process", order.payment)
    about: dict[str, Any] = event.payload["data"]
    assert (about["order_id"], about["amount"], about["currency"]) == (order.order_id, 2500, "EUR")
    assert server.describe()["events"] == {"made": 2, "taken": 2, "open": 0}


def test_one_that_is_sent_twice_is_there_once(make_order: MakeOrder, server: GatewayServer) -> None:
    server.script.add(Fault(Misdeed.TELL_TWICE, "charge"))
    charge_and_refund(make_order)
    wait_for(server, taken=3)
    assert sorted(kinds()) == ["payment.charged", "payment.refunded"]
    assert server.describe()["done"] == {"tell-twice": 1}


def test_one_that_is_late_comes_after_what_was_done_since(make_order: MakeOrder, server: GatewayServer) -> None:
    server.script.add(Fault(Misdeed.TELL_LATE, "charge", seconds=1.5))
    order = charge_and_refund(make_order)
    wait_for(server, taken=2)
    assert kinds() == ["payment.refunded", "payment.charged"]
    order.payment.refresh_from_db()
    assert order.payment.status == "REFUNDED"


def test_it_is_sent_until_the_console_takes_it(
    make_order: MakeOrder, server: GatewayServer, settings: Settings
) -> None:
    settings.SIMULATED_GATEWAY_SECRET = "another"
    order = make_order("CHARGING_PAYMENT")
    moving.charge(order)
    wait_until(lambda: server.describe()["events"]["open"] == 1, seconds=60, what="the event")
    assert kinds() == []
    settings.SIMULATED_GATEWAY_SECRET = SECRET
    wait_for(server, taken=1)
    assert kinds() == ["payment.charged"]


def test_what_did_not_happen_is_not_told(make_order: MakeOrder, server: GatewayServer) -> None:
    order = make_order("CHARGING_PAYMENT")
    moving.charge(order)
    moving.charge(order)
    wait_for(server, taken=1)
    assert server.describe()["events"]["made"] == 1


def test_nobody_there_keeps_no_call_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("nobody there")

    monkeypatch.setattr(http.client.HTTPConnection, "request", fail)
    sender = EventSender("http://127.0.0.1:1/", SECRET)
    sender.send(Movement("pay", Kind.CHARGE, 2500, "EUR", "order-1", "sim-1"))
    assert sender.describe() == {"made": 1, "taken": 0, "open": 1}
    sender.close()


@pytest.mark.parametrize(("url", "secret"), [("https://console.example.com/", SECRET), ("http://127.0.0.1:1/", "")])
def test_the_command_refuses_what_it_cannot_send(url: str, secret: str, tmp_path: Path, settings: Settings) -> None:
    settings.SIMULATED_GATEWAY_SECRET = secret
    with pytest.raises(CommandError, match="begins with http://, and needs SIMULATED_GATEWAY_SECRET"):
        call_command("simulatedgateway", log=tmp_path / "log", webhook=url)
