"""console.order.timeline: what happened day by day, and how long nothing did."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.order.timeline import build_timeline
from orders.events import EventKind
from orders.lifecycle import attempts
from orders.models import OrderEvent
from tests.asking import text_of
from tests.making import MakeOrder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def event(kind: EventKind, hours: float = 0, *, actor: str = "", **data: Any) -> OrderEvent:
    return OrderEvent(kind=kind, at=NOON + timedelta(hours=hours), actor=actor, data=data)


APPROVAL: dict[str, Any] = {"decision_id": "1", "channel": "CONSOLE", "reason": "", "is_own_order": False}


def test_events_are_grouped_by_day_newest_first() -> None:
    timeline = build_timeline(
        [event(EventKind.VALIDATED, 20), event(EventKind.AWAITING_APPROVAL, 1), event(EventKind.SUBMITTED)]
    )
    assert [day.day for day in timeline.days] == [date(2026, 3, 3), date(2026, 3, 2)]
    assert [len(day.entries) for day in timeline.days] == [1, 2]


def test_a_long_wait_is_told_in_words() -> None:
    timeline = build_timeline(
        [
            event(EventKind.CHARGING, 3.3),
            event(EventKind.APPROVED, 3.2, actor="bob", **APPROVAL),
            event(EventKind.AWAITING_APPROVAL, 0.001),
            event(EventKind.SUBMITTED),
        ]
    )
    [entries] = [day.entries for day in timeline.days]
    assert [entry.gap for entry in entries] == ["6 min later", "waited 3 h 11 min for a decision", "", ""]


def test_what_only_an_engineer_asks_for_is_apart() -> None:
    failure = event(EventKind.STEP_FAILED, 2, activity="charge_payment", attempt=2, error="no answer")
    timeline = build_timeline([event(EventKind.PAID, 3), failure, event(EventKind.CHARGING, 1)])
    [entries] = [day.entries for day in timeline.days]
    assert [entry.status for entry in entries] == ["PAID", "CHARGING_PAYMENT"]
    assert [entry.detail for entry in timeline.technical] == ["no answer"]


def test_a_loss_stands_among_what_everybody_reads() -> None:
    lost = event(EventKind.STEP_LOST, 2, activity="charge_payment", attempt=1, reach="DONE", seconds=6)
    timeline = build_timeline([event(EventKind.PAID, 3), lost, event(EventKind.CHARGING, 1)])
    [entries] = [day.entries for day in timeline.days]
    assert [entry.is_scar for entry in entries] == [False, True, False]
    assert entries[1].detail == "Charge the payment: resumed after 6 s. It had already been done and was not repeated."
    assert not timeline.technical


@pytest.mark.django_db
def test_the_page_folds_the_technical_history(client: Client, bob: User, make_order: MakeOrder) -> None:
    order = make_order("CHARGING_PAYMENT")
    attempts.record_failed_attempt(order.order_id, "charge_payment", 1, "the gateway said <503>")
    client.force_login(bob)
    page = text_of(client.get(order.get_absolute_url()))
    told, _, folded = page.partition('<details id="technical-history"')
    assert "Technical history (2)" in folded
    assert "the gateway said &lt;503&gt;" in folded
    assert "the gateway said" not in told.partition('id="order-timeline"')[2]
