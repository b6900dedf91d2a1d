"""Pages that stay live: they change in place, and never under somebody's hands."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from console.labels import describe_age, describe_deadline
from orders.decisions.refunds import request_refund
from orders.events import EventKind
from orders.lifecycle.attempts import record_failed_attempt
from orders.lifecycle.history import add_event
from orders.models import Order
from orders.states import Status
from tests.browser.conftest import Visit
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def move_on(order: Order) -> None:
    """Let something happen to the order."""
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(status=Status.CHARGING_PAYMENT)
    add_event(order, EventKind.CHARGING, key="moved")


def test_a_row_changes_in_place_and_ticks_and_focus_stay(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    orders = [make_order(deadline_seconds=600 * number) for number in (1, 2, 3)]
    page = visit("/orders/?status=awaiting", bob)
    page.locator(f"#tick-{orders[1].order_id}").check()
    page.locator(f"#row-{orders[2].order_id}").focus()
    move_on(orders[0])
    expect(page.locator("#order-table tbody tr").first).to_contain_text("Charging payment")
    expect(page.locator(f"#tick-{orders[1].order_id}")).to_be_checked()
    expect(page.locator(f"#row-{orders[2].order_id}")).to_be_focused()
    expect(page.locator(".bulk-count")).to_have_text("1 selected")
    expect(page.locator("#order-table tbody tr")).to_have_count(3)


def test_new_orders_are_offered(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    page = visit("/orders/?status=awaiting", bob)
    expect(page.locator(".empty")).to_contain_text("No orders awaiting approval")
    order = make_order()
    page.get_by_role("link", name="1 new order here. Show it").click()
    expect(page.locator(f"#row-{order.order_id}")).to_be_visible()


def test_a_reason_that_is_being_typed_outlives_a_change(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order("PAID")
    page = visit(order.get_absolute_url(), bob)
    page.keyboard.press("c")
    page.keyboard.type("half a rea")
    add_event(order, EventKind.RUN_STARTED, key="moved")
    expect(page.locator("#order-timeline")).to_contain_text("Workflow started")
    page.keyboard.type("son")
    expect(page.get_by_label("In your own words")).to_have_value("half a reason")


def test_a_hidden_tab_asks_for_nothing(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    page = visit(make_order().get_absolute_url(), bob)
    expect(page.locator(".status-away")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.wait_for_timeout(3000)
    assert not asked
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(500)
    assert asked


def test_times_are_shown_in_the_readers_zone(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(approval_deadline="2030-01-01T12:00:00Z")
    page = visit(order.get_absolute_url(), bob, timezone_id="Asia/Tokyo")
    expect(page.locator(".status-deadline")).to_contain_text("1 Jan 2030, 21:00:00")


def test_a_row_with_focus_and_tick_changes_under_them(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order("PAID")
    page = visit("/orders/", bob)
    page.locator(f"#tick-{order.order_id}").check()
    page.locator(f"#row-{order.order_id}").focus()
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(status=Status.PACKAGE_PREPARED, version=99)
    expect(page.locator("#order-table tbody tr")).to_contain_text("Package prepared")
    expect(page.locator(f"#tick-{order.order_id}")).to_be_checked()
    expect(page.locator(f"#row-{order.order_id}")).to_be_focused()


def test_ages_and_deadlines_go_on_without_the_server(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    """The browser's own clock is wrong by years; the server's counts."""
    order = make_order(deadline_seconds=2 * 3600 + 90)
    page = visit("/orders/?status=awaiting", bob, clock=datetime(2020, 1, 1, tzinfo=UTC))
    age, deadline = page.locator(".col-age time"), page.locator(".col-deadline time")
    expect(age).to_have_text("just now")
    expect(deadline).to_have_text("in 2 h 1 min")
    answers: list[int] = []
    page.on("response", lambda response: answers.append(response.status))
    page.clock.run_for(3 * 60 * 1000)
    expect(age).to_have_text("3 min ago")
    expect(deadline).to_have_text("in 1 h 58 min")
    page.clock.run_for(2 * 3600 * 1000)
    expect(deadline).to_have_text("overdue")
    assert set(answers) <= {204}, order.order_id


def test_the_browser_says_the_same_as_the_server(visit: Visit, alice: User) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    spans = [0, 1, 59, 60, 119, 3599, 3600, 3660, 86399, 86400, 90000, 10 * 86400 - 1, 10 * 86400, 11 * 86400 + 5000]
    moments = [now + timedelta(seconds=sign * seconds) for sign in (-1, 1) for seconds in spans]
    page = visit("/orders/new/", alice)
    page.clock.set_fixed_time(now)
    said = page.evaluate(
        """(moments) => {
            const times = moments.flatMap((moment) => ["age", "until"].map((kind) => {
                const time = document.createElement("time");
                time.dateTime = moment;
                time.dataset[kind] = "";
                document.body.append(time);
                return time;
            }));
            document.dispatchEvent(new Event("visibilitychange"));
            return times.map((time) => time.textContent);
        }""",
        [moment.isoformat() for moment in moments],
    )
    expected = [words for moment in moments for words in (describe_age(moment, now), describe_deadline(moment, now))]
    assert said == expected


def test_what_is_typed_outlives_the_news_of_another_refund(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    refund = request_refund(order, actor=bob, key="1", amount=500, reason_code="LATE")
    page = visit(f"{order.get_absolute_url()}?refund", bob, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.get_by_label("Amount in EUR").fill("1.50")
    page.get_by_label("In your own words").fill("For the trouble")
    record_failed_attempt(order.order_id, "give_back_refund", 1, "Away.", run_id="r", refund_key=refund.key)
    expect(page.locator(".refunds")).to_contain_text("Attempt 1 failed: Away.")
    expect(page.get_by_label("Amount in EUR")).to_have_value("1.50")
    expect(page.get_by_label("In your own words")).to_have_value("For the trouble")
