"""orders.lifecycle.troubles: what keeps an order from moving is told to people, and only while it does."""

import dataclasses
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from temporalio.testing import ActivityEnvironment

from orders import contracts
from orders.decisions import closing
from orders.errors import OutsideWorldFailed
from orders.events import EventKind
from orders.labels import TROUBLE_LABELS
from orders.lifecycle.lookup import lock_order
from orders.lifecycle.troubles import UNRESOLVED_AFTER, clear_troubles, raise_trouble
from orders.models import Order
from orders.payments import charge
from orders.payments.refund import refund_payment
from orders.states import TroubleCode
from tests.asking import text_of
from tests.making import MakeOrder, approve
from workers import activities
from workers.attempts import make_attempt

QUARTER = UNRESOLVED_AFTER + timedelta(seconds=1)


def attempt(function: Any, argument: Any, *, number: int, tried_for: timedelta = QUARTER) -> Any:
    """Make an attempt of an activity that was scheduled so long ago."""
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(
        environment.info,
        activity_type=function.__name__,
        attempt=number,
        scheduled_time=environment.info.started_time - tried_for,
    )
    return environment.run(make_attempt, function, argument)


def fail_to_charge(order: Order, **facts: Any) -> None:
    approve(order)
    with pytest.raises(OutsideWorldFailed):
        attempt(activities.charge_payment, contracts.ChargePayment(order.order_id, order.payment_id), **facts)


@pytest.mark.django_db(transaction=True)
class TestUnresolved:
    def test_a_charge_without_an_answer_for_long_is_told_and_not_declined(
        self, make_order: MakeOrder, settings: Settings
    ) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0

        fail_to_charge(order, number=90)

        trouble = order.troubles.get()
        assert trouble.code == TroubleCode.CHARGE_UNRESOLVED
        assert trouble.detail == "The payment gateway answered with an internal error."
        assert order.events.filter(kind=EventKind.TROUBLE_BEGAN, data__code=TroubleCode.CHARGE_UNRESOLVED).count() == 1
        order.refresh_from_db()
        assert order.is_open

    @pytest.mark.parametrize("facts", [{"number": 2}, {"number": 90, "tried_for": timedelta(minutes=14)}])
    def test_a_short_while_is_no_trouble(
        self, make_order: MakeOrder, settings: Settings, facts: dict[str, Any]
    ) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0

        fail_to_charge(order, **facts)

        assert not order.troubles.exists()

    def test_our_own_outage_is_none(self, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        order = make_order()

        def be_away(command: object) -> None:
            raise ConnectionError("The database is away.")

        monkeypatch.setattr(charge, "charge_payment", be_away)
        with pytest.raises(ConnectionError):
            attempt(activities.charge_payment, contracts.ChargePayment(order.order_id, order.payment_id), number=90)

        assert not order.troubles.exists()

    def test_it_is_over_when_the_step_succeeds(self, make_order: MakeOrder, settings: Settings) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0
        fail_to_charge(order, number=90)
        settings.FLAKY_FAIL_RATE = 0.0

        attempt(activities.charge_payment, contracts.ChargePayment(order.order_id, order.payment_id), number=91)

        assert not order.troubles.exists()
        assert order.events.filter(kind=EventKind.TROUBLE_ENDED, data__code=TroubleCode.CHARGE_UNRESOLVED).count() == 1


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def troubled(self, make_order: MakeOrder) -> Order:
        order = make_order("CHARGING_PAYMENT")
        raise_trouble(lock_order(order.order_id), TroubleCode.CHARGE_UNRESOLVED, "The gateway broke.")
        return order

    @pytest.mark.parametrize("code", list(TroubleCode))
    def test_the_page_says_what_it_is_and_what_to_do(
        self, make_order: MakeOrder, bob: User, client: Client, code: TroubleCode
    ) -> None:
        order = make_order()
        raise_trouble(lock_order(order.order_id), code, "This is why.")
        client.force_login(bob)

        page = unescape(text_of(client.get(order.get_absolute_url())))

        assert str(TROUBLE_LABELS[code]) in page
        assert "This is why." in page

    def test_the_list_marks_it_and_has_a_tab_for_it(self, troubled: Order, bob: User, client: Client) -> None:
        client.force_login(bob)

        page = text_of(client.get("/orders/"))
        tab = text_of(client.get("/orders/?status=trouble"))

        assert "in trouble" in page
        assert "In trouble" in page
        assert troubled.order_id in tab

    def test_without_trouble_there_is_no_tab(self, make_order: MakeOrder, bob: User, client: Client) -> None:
        make_order()
        client.force_login(bob)

        tabs = text_of(client.get("/orders/")).partition('class="tabs"')[2].partition("</nav>")[0]
        assert "Completed" in tabs
        assert "In trouble" not in tabs
        assert "No orders in trouble" in text_of(client.get("/orders/?status=trouble"))

    def test_the_same_trouble_again_is_no_news(self, troubled: Order) -> None:
        assert not raise_trouble(lock_order(troubled.order_id), TroubleCode.CHARGE_UNRESOLVED, "It broke again.")
        assert troubled.troubles.get().detail == "It broke again."
        assert (
            troubled.events.filter(kind=EventKind.TROUBLE_BEGAN, data__code=TroubleCode.CHARGE_UNRESOLVED).count() == 1
        )

    def test_it_may_come_back(self, troubled: Order) -> None:
        clear_troubles(lock_order(troubled.order_id))
        assert raise_trouble(lock_order(troubled.order_id), TroubleCode.CHARGE_UNRESOLVED, "It broke again.")

    def test_a_final_order_has_none(self, troubled: Order) -> None:
        facts = (troubled.order_id, troubled.payment_id, "STAFF", "No more.")
        refund_payment(contracts.RefundPayment(*facts))
        closing.process_cancellation(contracts.ProcessCancellation(troubled.order_id, "STAFF", "No more."))
        assert not troubled.troubles.exists()
