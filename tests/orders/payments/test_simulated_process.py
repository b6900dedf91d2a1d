"""orders.payments.gateways.simulated_process: the gateway as a program, its log, and what it is told to do wrong."""

import http.client
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from orders.errors import OutsideWorldFailed, PaymentDeclined
from orders.money import Money
from orders.order_facts import Address, Customer
from orders.payments.gateways.interface import Outcome, PaymentRequest, RefundRequest
from orders.payments.gateways.simulated_process import gateway as adapter
from orders.payments.gateways.simulated_process.gateway import SimulatedProcessGateway
from orders.payments.gateways.simulated_process.log import read_log
from orders.payments.gateways.simulated_process.script import Misdeed
from orders.payments.gateways.simulated_process.server import WRONG_BODIES, GatewayServer
from tests.forked import Program
from tests.making import MakeOrder
from tests.orders.payments import moving
from tests.orders.payments.conftest import PROCESS
from tests.programs import free_port
from tests.waiting import listens, wait_until

ADDRESS = Address("Long Street 1", "", "10115", "Berlin", "", "DE")
# What the console sends with a charge.
ASKED = {"order_id": "order-pay", "amount": 2500, "currency": "EUR", "email": "emma@example.com", "payment_method": ""}
gateway = SimulatedProcessGateway()


def request(key: str, *, minor: int = 2500, email: str = "emma@example.com") -> PaymentRequest:
    return PaymentRequest(key, f"order-{key}", Money(minor, "EUR"), Customer("Emma", email), ADDRESS)


def refund(key: str, refund_key: str, minor: int) -> RefundRequest:
    return RefundRequest(refund_key, key, f"order-{key}", Money(minor, "EUR"), "r")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "gateway.jsonl"


def script(server: GatewayServer, method: str = "POST", **fault: Any) -> dict[str, Any]:
    """Say what is to go wrong, as an engineer does."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request(method, "/faults", json.dumps(fault) if fault else None)
    response = connection.getresponse()
    text = response.read()
    assert response.status == 200, text
    connection.close()
    found: dict[str, Any] = json.loads(text)
    return found


def count(log: Path) -> Counter[str]:
    return Counter(movement.kind for movement in read_log(log))


def test_it_takes_holds_and_gives_back_once(gateway_server: GatewayServer, log: Path) -> None:
    assert gateway.find(request("pay"), "") is None
    charges = [gateway.charge(request("pay"), "") for _ in range(2)]
    held = gateway.authorise(request("held"), "")
    refunds = [gateway.refund(refund("pay", "part", 1000)) for _ in range(2)]

    assert (charges[0], charges[0].outcome, charges[0].charged) == (charges[1], Outcome.CHARGED, 2500)
    assert (held.outcome, gateway.capture(request("held"), "").outcome) == (Outcome.AUTHORISED, Outcome.CHARGED)
    assert (refunds[0], refunds[0].is_done) == (refunds[1], True)
    assert gateway.void(request("never"), "").outcome == Outcome.CLOSED
    assert count(log) == {"CHARGE": 2, "AUTH": 1, "REFUND": 1, "VOID": 1}
    entries = {entry.order_id: (entry.charges, entry.charged, entry.refunded) for entry in gateway.read_books()}
    assert entries == {"order-pay": (1, 2500, 1000), "order-held": (1, 2500, 0)}


def test_it_declines_a_card_and_a_key_with_another_amount(gateway_server: GatewayServer) -> None:
    gateway.charge(request("pay"), "")

    declined = gateway.charge(request("poor", email="emma+declined@example.com"), "")

    assert (declined.outcome, declined.code) == (Outcome.DECLINED, "card_declined")
    assert gateway.charge(request("pay", minor=1), "").outcome == Outcome.DECLINED
    assert gateway.refund(refund("pay", "all", 2501)).code == "exceeds_charge"


@pytest.mark.parametrize(
    ("misdeed", "charges"),
    [
        (Misdeed.DOWN, 0),
        (Misdeed.FAIL_BEFORE, 0),
        (Misdeed.FAIL_AFTER, 1),
        (Misdeed.TIME_OUT_AFTER, 1),
        (Misdeed.WRONG_BODY, 1),
    ],
)
def test_an_unclear_answer_is_unknown_and_is_looked_up(
    misdeed: Misdeed, charges: int, gateway_server: GatewayServer, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "MOVE_SECONDS", 0.2 if misdeed == Misdeed.TIME_OUT_AFTER else 60)
    script(gateway_server, misdeed=misdeed, call="charge")

    with pytest.raises(OutsideWorldFailed):
        gateway.charge(request("pay"), "")

    assert count(log)["CHARGE"] == charges
    known = gateway.find(request("pay"), "")
    assert (known.charged if known else 0) == 2500 * charges
    assert gateway.charge(request("pay"), "").charged == 2500
    assert count(log)["CHARGE"] == 1
    assert script(gateway_server, "GET")["done"] == {misdeed: 1}


def test_no_wrong_body_is_taken_for_an_answer(gateway_server: GatewayServer) -> None:
    calls: list[Callable[[], object]] = [
        lambda: gateway.find(request("pay"), ""),
        lambda: gateway.charge(request("pay"), ""),
        lambda: gateway.void(request("pay"), ""),
        lambda: gateway.refund(refund("pay", "part", 1)),
    ]
    for call in calls:
        script(gateway_server, misdeed="wrong-body", times=len(WRONG_BODIES))
        for _ in WRONG_BODIES:
            with pytest.raises(OutsideWorldFailed):
                call()


def test_a_charge_that_takes_effect_late_takes_nothing_twice(
    gateway_server: GatewayServer, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one waits at the gateway while the second one is answered."""
    script(gateway_server, misdeed="slow", call="charge", seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(adapter, "MOVE_SECONDS", 0.1)
        with pytest.raises(OutsideWorldFailed):
            gateway.charge(request("pay"), "")
    answered: list[dict[str, Any]] = []
    carry_out = gateway_server.calls["charge"]

    def charge(asked: Mapping[str, Any]) -> dict[str, Any]:
        answered.append(carry_out(asked))
        return answered[-1]

    gateway_server.calls = {**gateway_server.calls, "charge": charge}

    assert gateway.charge(request("pay"), "").charged == 2500

    wait_until(lambda: len(answered) == 2, seconds=60, what="the late charge")
    assert answered[0] == answered[1]
    assert count(log)["CHARGE"] == 1


def test_what_was_scripted_can_be_taken_back(gateway_server: GatewayServer) -> None:
    script(gateway_server, misdeed="fail-before", times=1000)
    script(gateway_server, "DELETE")

    assert gateway.find(request("pay"), "") is None


def test_nobody_there_is_unknown_too(settings: Settings) -> None:
    settings.SIMULATED_GATEWAY_URL = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(OutsideWorldFailed, match="cannot be reached"):
        gateway.find(request("pay"), "")


def test_half_a_line_was_never_answered_for(log: Path, gateway_server: GatewayServer) -> None:
    gateway.charge(request("pay"), "")
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"at": "2026-')

    again = GatewayServer(("127.0.0.1", 0), log)
    again.server_close()

    assert log.read_bytes() == whole
    assert [entry.order_id for entry in again.gateway.read_books()] == ["order-pay"]


def test_it_remembers_what_it_took_after_a_kill(log: Path, settings: Settings) -> None:
    port = free_port()
    settings.SIMULATED_GATEWAY_URL = f"http://127.0.0.1:{port}"
    command = ("manage.py", "simulatedgateway", "--port", str(port), "--log", str(log))
    program = Program(command, os.environ | {"DEBUG": "true"}, out=Path(os.devnull))
    wait_until(lambda: listens(port), seconds=60, what="the start of the gateway")
    gateway.charge(request("pay"), "")
    program.kill()
    program.wait()

    again = GatewayServer(("127.0.0.1", 0), log)
    again.server_close()

    assert again.calls["charge"]({**ASKED, "idempotency_key": "pay"})["charged"] == 2500
    assert count(log)["CHARGE"] == 1


@pytest.mark.django_db
class TestAnOrder:
    """What the console makes of it."""

    @pytest.fixture(autouse=True)
    def _pay_there(self, gateway_server: GatewayServer, settings: Settings) -> None:
        settings.PAYMENT_GATEWAYS = [PROCESS, *settings.PAYMENT_GATEWAYS]

    def test_it_is_charged_once_whatever_the_answer(
        self, make_order: MakeOrder, gateway_server: GatewayServer, log: Path
    ) -> None:
        order = make_order("CHARGING_PAYMENT")
        script(gateway_server, misdeed="fail-after", call="charge")
        with pytest.raises(OutsideWorldFailed):
            moving.charge(order)
        order.payment.refresh_from_db()
        assert (order.payment.gateway, order.payment.status) == ("simulated-process", "UNKNOWN")

        assert moving.charge(order).amount == order.total

        assert [movement.order_id for movement in read_log(log)] == [order.order_id]

    def test_it_is_refunded_once_whatever_the_answer(
        self, make_order: MakeOrder, gateway_server: GatewayServer, log: Path
    ) -> None:
        order = make_order("PAID")
        script(gateway_server, misdeed="wrong-body", call="refund", times=2)
        for _ in range(2):
            with pytest.raises(OutsideWorldFailed):
                moving.refund(order)

        assert moving.refund(order).amount == order.total

        assert count(log) == {"CHARGE": 1, "REFUND": 1}

    def test_a_declined_card_is_no_charge(self, make_order: MakeOrder, log: Path) -> None:
        order = make_order("CHARGING_PAYMENT", customer_email="emma+declined@example.com")

        with pytest.raises(PaymentDeclined):
            moving.charge(order)

        assert not count(log)
