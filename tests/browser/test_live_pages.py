"""Pages that stay live: they change in place, and never under somebody's hands."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from orders.events import EventKind
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
    expect(page.locator(".bulk-count")).to_have_text("1 ticked")
    expect(page.locator("#order-table tbody tr")).to_have_count(3)


def test_new_orders_are_offered(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    page = visit("/orders/?status=awaiting", bob)
    expect(page.locator(".empty")).to_contain_text("Nothing awaits approval")
    order = make_order()
    page.get_by_role("link", name="1 new order here. Show it").click()
    expect(page.locator(f"#row-{order.order_id}")).to_be_visible()


def test_a_reason_that_is_being_typed_outlives_a_change(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order("PAID")
    page = visit(order.get_absolute_url(), bob)
    page.keyboard.press("c")
    page.keyboard.type("half a rea")
    add_event(order, EventKind.RUN_STARTED, key="moved")
    expect(page.locator("#order-timeline")).to_contain_text("Received by the workflow")
    page.keyboard.type("son")
    expect(page.get_by_label("Reason")).to_have_value("half a reason")


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
