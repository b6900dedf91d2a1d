"""orders.engine.sending: messages are sent in threads, whose connections nobody would give back to the pool."""

from dataclasses import asdict

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from orders import contracts
from orders.engine import outbox, sending, steering, temporal
from orders.states import Status
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
CANCEL = asdict(contracts.Decision("1", "bob", "They called"))
EXTEND = asdict(contracts.DeadlineExtended(actor="bob"))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was sent, with the steps that were set free for it."""
    names: list[str] = []
    monkeypatch.setattr(temporal, "signal_decision", lambda order_id, name, content: names.append(name))
    monkeypatch.setattr(steering, "free_ending_steps", lambda order_id: names.append("free"))
    return names


@pytest.mark.parametrize(
    ("name", "payload", "status", "expected"),
    [
        (contracts.CANCEL_SIGNAL, CANCEL, Status.PENDING_MANUAL_APPROVAL, [contracts.CANCEL_SIGNAL]),
        (contracts.CANCEL_SIGNAL, CANCEL, Status.CHARGING_PAYMENT, [contracts.CANCEL_SIGNAL, "free"]),
        (contracts.APPROVE_SIGNAL, CANCEL, Status.PENDING_MANUAL_APPROVAL, [contracts.APPROVE_SIGNAL]),
        (contracts.EXTEND_SIGNAL, EXTEND, Status.PENDING_MANUAL_APPROVAL, [contracts.EXTEND_SIGNAL]),
    ],
)
def test_the_relays_threads_ask_the_tables_nothing(
    make_order: MakeOrder,
    sent: list[str],
    django_assert_num_queries: DjangoAssertNumQueries,
    name: str,
    payload: dict[str, str],
    status: Status,
    expected: list[str],
) -> None:
    key = outbox.enqueue(make_order(status), key="message", name=name, payload=payload, sends_now=False).pk
    with transaction.atomic():
        (message,) = outbox._claim(key)
        with django_assert_num_queries(0):
            assert sending.try_to_send(message) is None
    assert sent == expected
