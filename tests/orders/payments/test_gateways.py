"""orders.payments.gateways: the simulated gateway promises that one key moves money once, however many ask at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from orders.models import GatewayMovement
from orders.money import Money
from orders.order_facts import Address, Customer
from orders.payments.gateways.interface import Outcome, PaymentRequest, RefundRequest
from orders.payments.gateways.ledgers import Movement, TableLedger
from orders.payments.gateways.simulated import SimulatedGateway
from tests.waiting import wait_until

gateway = SimulatedGateway()


pytestmark = pytest.mark.django_db(transaction=True)


def request(key: str) -> PaymentRequest:
    customer, address = Customer("Emma", "emma@example.com"), Address("Long Street 1", "", "10115", "Berlin", "", "DE")
    return PaymentRequest(key, f"order-{key}", Money(2500, "EUR"), customer, address)


REQUEST, OTHER = request("pay-1"), request("pay-2")
REFUND = RefundRequest("refund-1", "pay-1", "order-pay-1", Money(2500, "EUR"), "r")


def is_somebody_waiting() -> bool:
    """Tell whether a connection waits for an advisory lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def in_a_thread(call: Callable[[], object]) -> str:
    try:
        return str(getattr(call(), "outcome", "done"))
    finally:
        connection.close()


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep whoever is about to write from doing so until a second one is as far, or waits for the first."""
    arrived: list[str] = []
    add, both_are_there = TableLedger.add, threading.Event()

    def meet(ledger: TableLedger, movement: Movement) -> None:
        arrived.append(movement.kind)
        if len(arrived) == 2:
            both_are_there.set()
        wait_until(lambda: both_are_there.is_set() or is_somebody_waiting(), what="the second call")
        add(ledger, movement)

    monkeypatch.setattr(TableLedger, "add", meet)
    return arrived


def ask_twice(*calls: Callable[[], Any]) -> list[str]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(in_a_thread, calls))


def kinds() -> list[str]:
    return list(GatewayMovement.objects.order_by("id").values_list("kind", flat=True))


def test_two_charges_at_once_take_the_money_once(meeting: list[str]) -> None:
    outcomes = ask_twice(lambda: gateway.charge(REQUEST, ""), lambda: gateway.charge(REQUEST, ""))

    assert outcomes == [Outcome.CHARGED, Outcome.CHARGED]
    assert kinds() == ["CHARGE"]


def test_two_refunds_at_once_give_it_back_once(meeting: list[str]) -> None:
    GatewayMovement.objects.create(
        idempotency_key="pay-1", kind="CHARGE", amount=2500, currency="EUR", merchant_reference="o", reference="r"
    )

    ask_twice(lambda: gateway.refund(REFUND), lambda: gateway.refund(REFUND))

    assert kinds() == ["CHARGE", "REFUND"]


def test_of_a_charge_and_a_void_at_once_one_takes_effect(meeting: list[str]) -> None:
    outcomes = ask_twice(lambda: gateway.charge(REQUEST, ""), lambda: gateway.void(REQUEST, ""))

    assert (outcomes, kinds()) in (
        ([Outcome.CHARGED, Outcome.CHARGED], ["CHARGE"]),
        ([Outcome.CLOSED, Outcome.CLOSED], ["VOID"]),
    )


def test_charges_of_different_keys_do_not_wait_for_one_another(meeting: list[str]) -> None:
    ask_twice(lambda: gateway.charge(REQUEST, ""), lambda: gateway.charge(OTHER, ""))

    assert kinds() == ["CHARGE", "CHARGE"]
