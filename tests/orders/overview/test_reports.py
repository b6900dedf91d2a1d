"""orders.overview.reports: figures that agree with what the orders' own histories say."""

from datetime import UTC, date, datetime, timedelta
from statistics import quantiles

import pytest

from orders.lifecycle import attempts
from orders.models import Order, OrderEvent, PaymentAttempt
from orders.money import Money
from orders.overview import reports
from orders.overview.reports import DayFigures, MoneyFigures, Period, StepFigures
from orders.states import ReasonCode
from tests.database import past_the_rules
from tests.making import MakeOrder

DAY = date(2026, 3, 2)
WEEK = Period(DAY, DAY + timedelta(days=6))


@pytest.fixture
def at() -> "Move":
    return Move()


class Move:
    """Moves an order with its history to the time at which it was submitted."""

    def __call__(self, order: Order, moment: datetime) -> Order:
        span = moment - order.created_at
        with past_the_rules():
            for event in order.events.all():
                OrderEvent.objects.filter(pk=event.pk).update(at=event.at + span)
            for decision in order.decisions.all():
                type(decision).objects.filter(pk=decision.pk).update(taken_at=decision.taken_at + span)
            Order.objects.filter(pk=order.pk).update(created_at=moment)
        return order


def noon(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


class TestPeriod:
    def test_it_has_its_days_and_the_moments_between_which_it_lies(self) -> None:
        period = Period(DAY, DAY + timedelta(days=1))
        assert period.days == [date(2026, 3, 2), date(2026, 3, 3)]
        assert period.bounds == (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))

    @pytest.mark.parametrize("days", [-1, 366, 10_000])
    def test_it_is_neither_empty_nor_longer_than_a_year(self, days: int) -> None:
        with pytest.raises(ValueError, match="1 to 366 days"):
            Period(DAY, DAY + timedelta(days=days))

    def test_a_leap_year_fits(self) -> None:
        assert len(Period(date(2028, 1, 1), date(2028, 12, 31)).days) == 366


@pytest.mark.django_db
class TestFigures:
    def test_a_day_counts_its_orders_by_where_they_are(self, make_order: MakeOrder, at: Move) -> None:
        at(make_order("COMPLETED"), noon(2))
        at(make_order("CANCELLED"), noon(2))
        at(make_order("CANCELLED", reason_code=ReasonCode.APPROVAL_TIMEOUT), noon(2))
        at(make_order(), noon(8))
        at(make_order("COMPLETED"), datetime(2026, 3, 9, tzinfo=UTC))
        days = reports.count_by_day(WEEK)
        assert len(days) == 7
        assert days[0] == DayFigures(DAY, completed=1, cancelled=1, expired=1, open=0)
        assert days[0].submitted == 3
        assert days[-1] == DayFigures(date(2026, 3, 8), open=1)
        assert days[1] == DayFigures(date(2026, 3, 3)), "a day without orders is there too"

    def test_times_to_decision_are_those_of_the_histories(self, make_order: MakeOrder, at: Move) -> None:
        for number in range(5):
            order = at(make_order("COMPLETED", decided_by="bob"), noon(3))
            with past_the_rules():
                decided = noon(3) + timedelta(minutes=7 * number + 1)
                order.decisions.update(taken_at=decided)
                order.events.filter(kind="decision.approved").update(at=decided)
        at(make_order("CANCELLED", decided_by="dana"), noon(4))
        everybody, bob, dana = reports.measure_decisions(WEEK)
        spans = [
            event.at - event.order.events.get(kind="order.submitted").at
            for event in OrderEvent.objects.filter(kind="decision.approved")
        ]
        assert bob.actor == "bob"
        assert (bob.approvals, bob.cancellations) == (5, 0)
        seconds = quantiles([span.total_seconds() for span in spans], n=10, method="inclusive")
        assert bob.median.total_seconds() == pytest.approx(seconds[4], abs=0.1)
        assert bob.p90.total_seconds() == pytest.approx(seconds[8], abs=0.1)
        assert (dana.actor, dana.approvals, dana.cancellations) == ("dana", 0, 1)
        assert (everybody.actor, everybody.approvals, everybody.cancellations) == ("", 5, 1)

    def test_without_a_decision_there_is_no_time_to_tell(self, make_order: MakeOrder) -> None:
        make_order()
        assert reports.measure_decisions(WEEK) == []

    def test_retries_are_counted_by_step(self, make_order: MakeOrder, at: Move) -> None:
        one, other = make_order("CHARGING_PAYMENT"), make_order("PAID")
        for number in (1, 2):
            attempts.record_failed_attempt(one.order_id, "charge_payment", number, "no answer")
        attempts.record_failed_attempt(other.order_id, "prepare_package", 1, "no answer")
        at(one, noon(2))
        at(other, noon(2))
        assert reports.count_retries(WEEK) == [
            StepFigures("charge_payment", 2, 1),
            StepFigures("prepare_package", 1, 1),
        ]

    def test_charges_are_counted_by_the_gateways_answer(self, make_order: MakeOrder, at: Move) -> None:
        at(make_order("COMPLETED"), noon(2))
        answers = reports.count_gateway_answers(WEEK)
        assert {outcome: count for outcome, count in answers.items() if count} == {"SUCCEEDED": 1}
        assert answers.keys() == set(PaymentAttempt.Outcome)

    def test_money_is_summed_by_currency(self, make_order: MakeOrder, at: Move) -> None:
        at(make_order("COMPLETED"), noon(2))
        at(make_order("COMPLETED"), noon(2))
        at(make_order("CANCELLED", cancelled_from="PAID", currency="USD"), noon(2))
        assert reports.sum_money(WEEK) == [
            MoneyFigures(2, Money(5000, "EUR"), 0, Money(0, "EUR")),
            MoneyFigures(0, Money(0, "USD"), 1, Money(2500, "USD")),
        ]

    def test_what_was_submitted_outside_the_period_does_not_count(self, make_order: MakeOrder) -> None:
        make_order("COMPLETED")
        assert sum(day.submitted for day in reports.count_by_day(WEEK)) == 0
        assert not reports.sum_money(WEEK)
        assert not reports.measure_decisions(WEEK)
        assert not reports.count_retries(WEEK)
        assert not any(reports.count_gateway_answers(WEEK).values())
