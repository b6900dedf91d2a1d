"""One clock: whatever the clock of a web server or worker says, times of orders are PostgreSQL's."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from orders.decisions import decide
from orders.engine import outbox, temporal, temporal_client
from orders.errors import TooLate
from orders.intake import submission
from orders.models import Order, OutboxMessage
from orders.postgres import clock
from orders.postgres.clock import SkewWatch, database_now, measure_skew
from orders.states import Status
from tests.asking import text_of
from tests.database import past_the_rules
from tests.making import MakeOrder, make_draft, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
BOTH_WAYS = pytest.mark.parametrize("skewed", [HOUR, -HOUR], ids=["an hour ahead", "an hour behind"], indirect=True)


@pytest.fixture
def skewed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """Have this process's clock be wrong."""
    skew: timedelta = request.param
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + skew.total_seconds())
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromtimestamp(right(), UTC) + skew)
    monkeypatch.setattr(clock, "system_now", timezone.now)
    return skew


def is_now(moment: datetime | None) -> bool:
    """Tell whether a time that was just written is PostgreSQL's."""
    return moment is not None and abs(database_now() - moment) < timedelta(seconds=30)


@BOTH_WAYS
class TestWithAWrongClock:
    def test_every_time_of_an_order_is_the_databases(self, skewed: timedelta, make_order: MakeOrder) -> None:
        for order in (make_order(Status.COMPLETED), make_order(Status.CANCELLED, cancelled_from=Status.DISPATCHED)):
            moments = [order.created_at, order.updated_at, order.decided_at]
            moments += [event.at for event in order.events.all()]
            moments += [decision.taken_at for decision in order.decisions.all()]
            moments += [order.payment.created_at, order.payment.updated_at]
            moments += [
                at for attempt in order.payment.attempts.all() for at in (attempt.started_at, attempt.finished_at)
            ]
            moments += [order.shipment.prepared_at, order.shipment.dispatched_at]
            for message in order.outbox_messages.all():
                moments += [message.created_at, message.next_attempt_at]
            assert all(map(is_now, moments)), moments

    def test_an_approval_after_the_deadline_is_too_late(
        self, skewed: timedelta, make_order: MakeOrder, client: Client, bob: User
    ) -> None:
        order = make_order(deadline_seconds=-1)
        with pytest.raises(TooLate, match="the deadline was"):
            decide.approve_order(order, actor=bob)
        client.force_login(bob)
        page = text_of(client.get(order.get_absolute_url()))
        assert "The deadline has passed" in page
        assert "/approve/" not in page

    def test_an_approval_before_the_deadline_counts(
        self, skewed: timedelta, make_order: MakeOrder, client: Client, bob: User
    ) -> None:
        order = make_order(deadline_seconds=1800)
        client.force_login(bob)
        assert " data-until>in 29 min</time></b>" in text_of(client.get(order.get_absolute_url()))
        assert "in 29 min" in text_of(client.get("/orders/"))
        decide.approve_order(order, actor=bob)
        order.refresh_from_db()
        assert is_now(order.decided_at)

    def test_an_order_was_submitted_just_now(
        self, skewed: timedelta, make_order: MakeOrder, client: Client, bob: User
    ) -> None:
        order = make_order()
        client.force_login(bob)
        assert "just now" in text_of(client.get(order.get_absolute_url()))

    def test_a_decision_without_an_answer_is_sent_again_in_time(
        self, skewed: timedelta, make_order: MakeOrder, bob: User
    ) -> None:
        order = make_order()
        decide.approve_order(order, actor=bob)
        order.outbox_messages.update(status=OutboxMessage.Status.DELIVERED, delivered_at=database_now())
        assert outbox.send_unanswered_again() == 0
        long_ago = database_now() - timedelta(seconds=outbox.ANSWER_SECONDS + 1)
        with past_the_rules():
            order.decisions.update(taken_at=long_ago)
        order.outbox_messages.update(delivered_at=long_ago)
        assert outbox.send_unanswered_again() > 0

    def test_readiness_tells_the_skew(self, skewed: timedelta, client: Client) -> None:
        response = client.get("/health/ready/")
        direction = "ahead of" if skewed > timedelta() else "behind"
        assert (response.status_code, response.json()["clock"]) == (200, f"3600 s {direction} PostgreSQL's")


@BOTH_WAYS
@pytest.mark.django_db(transaction=True)
def test_a_start_that_found_temporal_away_is_not_put_off(
    skewed: timedelta, settings: Settings, temporal_address: str
) -> None:
    order = submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
    assert order.outbox_messages.get().status == OutboxMessage.Status.PENDING
    temporal_client.close()
    settings.TEMPORAL_ADDRESS = temporal_address
    temporal.check_server()
    assert outbox.deliver_pending() == 1
    temporal_client.close()


@BOTH_WAYS
@pytest.mark.django_db(transaction=True)
def test_a_form_is_only_called_sent_before_when_it_was(skewed: timedelta, client: Client) -> None:
    client.force_login(make_user("alice", "clerk"))
    form = {
        "idempotency_key": "form-1",
        "customer_name": "Emma Example",
        "customer_email": "emma@example.com",
        "address_line": "Long Street 1",
        "address_postcode": "10115",
        "address_city": "Berlin",
        "address_country": "DE",
        "currency": "EUR",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-sku": "MUG-1",
        "lines-0-description": "Mug",
        "lines-0-quantity": "1",
        "lines-0-unit_price": "12.50",
    }
    assert "was submitted." in text_of(client.post("/orders/new/", form, follow=True))
    assert "has already been submitted" in text_of(client.post("/orders/new/", form, follow=True))
    assert Order.objects.count() == 1


class TestSkew:
    def test_a_clock_that_agrees_has_none(self) -> None:
        assert abs(measure_skew()) < timedelta(seconds=1)
        assert SkewWatch().check() is None

    def test_it_is_logged_once_per_change(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        watch, skew = SkewWatch(), timedelta()
        monkeypatch.setattr(clock, "measure_skew", lambda: skew)
        for skew in (timedelta(), HOUR, HOUR, timedelta(seconds=1), timedelta(), -HOUR):  # noqa: B007
            watch.check()
        told = [record.getMessage() for record in caplog.records if record.name == clock.__name__]
        assert [message[:33] for message in told] == [
            "this machine's clock is 3600 s ah",
            "this machine's clock is back in s",
            "this machine's clock is 3600 s be",
        ]
