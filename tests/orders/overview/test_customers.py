"""orders.overview.customers: what the other orders of a customer say of one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.intake.drafts import LineDraft
from orders.models import Order, Refund
from orders.money import Money
from orders.overview import customers
from orders.overview.customers import CustomerFacts, read_customer
from orders.reading.prepared import PreparedQuery
from orders.states import CustomerRemark
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
CUPS = (LineDraft("CUP", "Cup", 2, 500),)


def ask(order: Order) -> CustomerFacts:
    return read_customer(order, order.lines.all())


def move(orders: Iterable[Order], **ago: Any) -> None:
    """Have the orders be submitted earlier."""
    with past_the_rules():
        for order in orders:
            Order.objects.filter(pk=order.pk).update(created_at=order.created_at - timedelta(**ago))


def test_a_first_order_has_nothing_that_stands_out(make_order: MakeOrder) -> None:
    make_order(customer_email="other@example.com")
    facts = ask(make_order())
    assert (facts.others, facts.earlier, facts.remarks, facts.spent) == ([], 0, (), ())


def test_all_orders_with_the_address_count_in_any_case(make_order: MakeOrder) -> None:
    done, yen = make_order("COMPLETED", customer_email="EMMA@example.com"), make_order("COMPLETED", currency="JPY")
    gone, back = make_order("CANCELLED"), make_order("CANCELLED", cancelled_from="PAID")
    order = make_order()
    later = make_order()
    facts = ask(order)
    assert facts.others == [later, back, gone, yen, done]
    assert (facts.earlier, facts.completed, facts.cancelled, facts.refunded, facts.open) == (4, 2, 2, 1, 1)
    assert facts.spent == (Money(done.total, "EUR"), Money(yen.total, "JPY"))


class TestTwins:
    def test_the_same_goods_within_a_day_are_a_twin(self, make_order: MakeOrder) -> None:
        twin = make_order(lines=(LineDraft("cup", "Cup", 1, 500), LineDraft("CUP", "Cup", 1, 500)))
        make_order(lines=(LineDraft("CUP", "Cup", 3, 500),))
        order = make_order(lines=CUPS)
        facts = ask(order)
        assert facts.twins == (twin,)
        assert CustomerRemark.TWIN in facts.remarks
        assert ask(twin).twins == (order,), "the earlier one is told as well"

    def test_a_day_later_they_are_none(self, make_order: MakeOrder) -> None:
        old = make_order(lines=CUPS)
        move([old], days=1, minutes=1)
        assert ask(make_order(lines=CUPS)).twins == ()


def test_another_address_than_the_last_time_is_told(make_order: MakeOrder) -> None:
    make_order(address_city="BERLIN")
    assert CustomerRemark.OTHER_ADDRESS not in ask(make_order()).remarks
    assert CustomerRemark.OTHER_ADDRESS in ask(make_order(address_line="Short Street 2")).remarks
    assert CustomerRemark.OTHER_ADDRESS in ask(make_order()).remarks


def test_a_total_stands_out_once_it_is_known_what_is_usual(make_order: MakeOrder) -> None:
    large = (LineDraft("POT", "Pot", 1, 3001),)
    for _ in range(2):
        make_order("COMPLETED", lines=CUPS)
    order = make_order(lines=large)
    assert CustomerRemark.UNUSUAL_TOTAL not in ask(order).remarks
    make_order("COMPLETED", lines=CUPS)
    assert CustomerRemark.UNUSUAL_TOTAL in ask(order).remarks
    assert CustomerRemark.UNUSUAL_TOTAL not in ask(make_order(lines=large, currency="USD")).remarks
    assert CustomerRemark.UNUSUAL_TOTAL not in ask(make_order(lines=(LineDraft("POT", "Pot", 1, 3000),))).remarks


def test_a_declined_payment_is_told(make_order: MakeOrder) -> None:
    make_order("CANCELLED", cancelled_from="CHARGING_PAYMENT", reason_code="PAYMENT_DECLINED", reason="No funds")
    facts = ask(make_order())
    assert (facts.declined, facts.cancelled, CustomerRemark.DECLINED_BEFORE in facts.remarks) == (1, 0, True)


def test_a_payment_that_is_declined_later_was_not_before(make_order: MakeOrder) -> None:
    order = make_order()
    make_order("CANCELLED", cancelled_from="CHARGING_PAYMENT", reason_code="PAYMENT_DECLINED", reason="No funds")
    facts = ask(order)
    assert (facts.declined, CustomerRemark.DECLINED_BEFORE in facts.remarks) == (1, False)


def test_what_went_back_was_not_spent(make_order: MakeOrder) -> None:
    whole, part = make_order("COMPLETED"), make_order("COMPLETED")
    facts = ask(make_order())
    assert (facts.spent, facts.refunded) == ((Money(whole.total + part.total, "EUR"),), 0)
    refund = Refund(payment=part.payment, key="refund-1", amount=500, currency="EUR", status=Refund.Status.SUCCEEDED)
    refund.reason_code, refund.requested_by, refund.finished_at = "OTHER", "bob", timezone.now()
    with past_the_rules():
        refund.save()
    facts = ask(make_order())
    assert (facts.spent, facts.refunded) == ((Money(whole.total + part.total - 500, "EUR"),), 1)


def test_it_costs_two_statements_and_no_more_than_so_many_orders(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order()
    lines = list(order.lines.all())
    for _ in range(3):
        make_order()
    monkeypatch.setattr(customers, "_OTHERS", PreparedQuery(lambda: customers.choose_others(2)))
    monkeypatch.setattr(customers, "MOST_ORDERS", 2)
    with CaptureQueriesContext(connection) as sent:
        facts = read_customer(order, lines)
    assert (len(facts.others), facts.is_cut, len(sent.captured_queries)) == (2, True, 2)
