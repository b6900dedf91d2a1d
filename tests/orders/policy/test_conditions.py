"""The conditions of rules: each applies to the orders that it is for, and to no others."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.intake.drafts import LineDraft
from orders.models import Order, PolicyRule
from orders.policy.conditions import CONDITIONS, Subject, applies, keep_conditions
from orders.policy.customers import read_earlier_orders
from orders.policy.labels import describe_condition
from orders.states import ConditionCode
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db

MUGS = (LineDraft("MUG-1", "Mug", 2, 1250),)
CUPS = (LineDraft("CUP-1", "Cup", 2, 1250),)


def fires(order: Order, **conditions: Any) -> bool:
    return applies(PolicyRule(name="Rule", **conditions), Subject(order, list(order.lines.all())))


def at(order: Order, moment: datetime) -> Order:
    """Have the order submitted at another time."""
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(created_at=moment)
    order.refresh_from_db()
    return order


@pytest.mark.parametrize(
    ("conditions", "is_met"),
    [
        ({}, True),
        ({"total_above": 2499, "currency": "EUR"}, True),
        ({"total_above": 2500, "currency": "EUR"}, False),
        ({"total_above": 0, "currency": "USD"}, False),
        ({"currency": "EUR"}, True),
        ({"currency": "USD"}, False),
        ({"countries": ["FR", "DE"]}, True),
        ({"countries": ["FR"]}, False),
        ({"skus": ["CUP-1", "mug-1"]}, True),
        ({"skus": ["CUP-1"]}, False),
        ({"countries": ["DE"], "skus": ["CUP-1"]}, False),
        ({"countries": ["DE"], "skus": ["MUG-1"], "currency": "EUR"}, True),
    ],
)
def test_what_an_order_is(make_order: MakeOrder, conditions: dict[str, Any], is_met: bool) -> None:
    assert fires(make_order("CREATED"), **conditions) is is_met


@pytest.mark.parametrize(
    ("conditions", "is_met"),
    [
        ({"weekdays": [4]}, True),
        ({"weekdays": [1, 2, 3, 5, 6, 7]}, False),
        ({"from_hour": 9, "to_hour": 17}, False),
        ({"from_hour": 22, "to_hour": 6}, True),
        ({"from_hour": 23, "to_hour": 24}, True),
        ({"from_hour": 0, "to_hour": 24}, True),
        ({"from_hour": 0, "to_hour": 23}, False),
    ],
)
def test_when_it_was_submitted(make_order: MakeOrder, conditions: dict[str, Any], is_met: bool) -> None:
    order = at(make_order("CREATED"), datetime(2026, 11, 26, 23, 30, tzinfo=UTC))  # a Thursday
    assert fires(order, **conditions) is is_met


def test_a_window_over_midnight_goes_on_in_the_morning(make_order: MakeOrder) -> None:
    order = make_order("CREATED")
    for hour, is_met in ((5, True), (6, False), (21, False), (22, True)):
        assert fires(at(order, datetime(2026, 11, 26, hour, tzinfo=UTC)), from_hour=22, to_hour=6) is is_met


class TestNewCustomer:
    def test_a_first_order(self, make_order: MakeOrder) -> None:
        make_order("COMPLETED", customer_email="else@example.com")
        assert fires(make_order("CREATED"), is_new_customer=True)

    def test_an_order_after_one_that_was_completed(self, make_order: MakeOrder) -> None:
        make_order("COMPLETED", customer_email="EMMA@example.com")
        assert not fires(make_order("CREATED"), is_new_customer=True)

    def test_an_order_after_some_that_were_not(self, make_order: MakeOrder) -> None:
        make_order("CANCELLED")
        make_order()
        assert fires(make_order("CREATED"), is_new_customer=True)

    def test_a_later_order_makes_nobody_known(self, make_order: MakeOrder) -> None:
        order = make_order("CREATED")
        make_order("COMPLETED")
        assert fires(order, is_new_customer=True)


class TestNewAddress:
    def test_a_first_order_has_none(self, make_order: MakeOrder) -> None:
        assert not fires(make_order("CREATED"), has_new_address=True)

    def test_the_last_order_counts(self, make_order: MakeOrder) -> None:
        make_order("CREATED")
        make_order("CREATED", address_line="Short Street 1")
        assert fires(make_order("CREATED"), has_new_address=True)
        assert not fires(make_order("CREATED", address_line="LONG street 1"), has_new_address=True)

    @pytest.mark.parametrize(
        "change", [{"address_country": "AT", "address_postcode": "1010"}, {"address_line2": "Flat 2"}]
    )
    def test_every_part_counts(self, make_order: MakeOrder, change: dict[str, str]) -> None:
        make_order("CREATED")
        assert fires(make_order("CREATED", **change), has_new_address=True)


class TestManyOrdersInADay:
    def test_the_order_itself_is_one_of_them(self, make_order: MakeOrder) -> None:
        make_order("CREATED")
        order = make_order("CREATED")
        assert fires(order, orders_in_a_day=2)
        assert not fires(order, orders_in_a_day=3)

    def test_those_of_yesterday_are_not(self, make_order: MakeOrder) -> None:
        at(make_order("CREATED"), datetime(2026, 11, 1, 11, 59, tzinfo=UTC))
        order = at(make_order("CREATED"), datetime(2026, 11, 2, 12, tzinfo=UTC))
        assert not fires(order, orders_in_a_day=2)


class TestSameBasket:
    def test_the_same_articles_within_the_hour(self, make_order: MakeOrder) -> None:
        make_order("CREATED", lines=(*MUGS, *CUPS))
        assert fires(make_order("CREATED", lines=(*CUPS, *MUGS)), is_same_basket=True)

    def test_other_articles(self, make_order: MakeOrder) -> None:
        make_order("CREATED", lines=MUGS)
        make_order("CREATED", lines=(*MUGS, *CUPS))
        assert not fires(make_order("CREATED", lines=CUPS), is_same_basket=True)

    def test_another_quantity(self, make_order: MakeOrder) -> None:
        make_order("CREATED", lines=MUGS)
        assert not fires(make_order("CREATED", lines=(LineDraft("MUG-1", "Mug", 3, 1250),)), is_same_basket=True)

    def test_somebody_else(self, make_order: MakeOrder) -> None:
        make_order("CREATED", customer_email="else@example.com")
        assert not fires(make_order("CREATED"), is_same_basket=True)

    def test_more_than_an_hour_ago(self, make_order: MakeOrder) -> None:
        at(make_order("CREATED"), datetime(2026, 11, 2, 10, 59, tzinfo=UTC))
        assert not fires(at(make_order("CREATED"), datetime(2026, 11, 2, 12, tzinfo=UTC)), is_same_basket=True)


class TestDeclinedBefore:
    def test_after_a_declined_payment(self, make_order: MakeOrder) -> None:
        make_order("CANCELLED", reason_code="PAYMENT_DECLINED", cancelled_from="CHARGING_PAYMENT")
        assert fires(make_order("CREATED"), was_declined=True)

    def test_after_another_cancellation(self, make_order: MakeOrder) -> None:
        make_order("CANCELLED")
        assert not fires(make_order("CREATED"), was_declined=True)


def test_earlier_orders_are_read_once_and_only_where_a_rule_asks(make_order: MakeOrder) -> None:
    order = make_order("CREATED")
    subject = Subject(order, list(order.lines.all()))
    with CaptureQueriesContext(connection) as captured:
        assert not applies(PolicyRule(countries=["FR"], is_new_customer=True), subject)
    assert len(captured) == 0
    with CaptureQueriesContext(connection) as captured:
        applies(PolicyRule(is_new_customer=True, was_declined=True, orders_in_a_day=5), subject)
        applies(PolicyRule(has_new_address=True), subject)
    assert len(captured) == 1


def test_earlier_orders_are_found_by_an_index(make_order: MakeOrder) -> None:
    order = make_order("CREATED")
    with CaptureQueriesContext(connection) as captured:
        assert not read_earlier_orders(order).has_completed
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        # As if there were many: with a row or two, each index is as good as the next.
        cursor.execute("UPDATE pg_class SET reltuples = 1000000, relpages = 1 WHERE relname = 'orders_order'")
        cursor.execute(f"EXPLAIN {captured.captured_queries[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "order_customer_newest" in plan


EVERYTHING: dict[str, Any] = {
    "total_above": 500_000,
    "currency": "EUR",
    "countries": ["DE", "FR"],
    "skus": ["GOLD-1"],
    "weekdays": [6, 7],
    "from_hour": 22,
    "to_hour": 6,
    "is_new_customer": True,
    "has_new_address": True,
    "orders_in_a_day": 3,
    "is_same_basket": True,
    "was_declined": True,
}


def test_what_is_kept_has_its_words() -> None:
    kept = keep_conditions(PolicyRule(**EVERYTHING)) + keep_conditions(PolicyRule(currency="USD"))
    assert [describe_condition(each) for each in kept] == [
        "Total above 5,000.00 EUR",
        "Ships to Germany or France",
        "Contains GOLD-1",
        "Submitted on Saturday or Sunday (UTC)",
        "Submitted between 22:00 and 06:00 UTC",
        "New customer: no completed order so far",
        "Address differs from the customer's last order",
        "3 or more orders by this customer within 24 hours",
        "Same articles as another order by this customer within an hour",
        "A payment by this customer was declined before",
        "Paid in USD",
    ]
    assert {each["code"] for each in kept} == set(ConditionCode) == {each.code for each in CONDITIONS}


def test_a_condition_of_another_release_is_shown_by_its_code() -> None:
    assert describe_condition({"code": "MOON_PHASE", "phase": 3}) == "MOON_PHASE"
