"""A step that is being retried, on the order's page and on that of what does not move: its buttons, in a browser."""

from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from console.order import detail
from orders.contracts import StatusAnswer
from orders.engine import steering
from orders.engine.live_status import LiveStatus
from orders.engine.pending import PendingActivity
from orders.errors import TemporalAway
from orders.lifecycle import attempts
from tests.browser.accessible import find_faults_in_all_looks
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_a_button_keeps_the_focus_when_the_page_follows_along(
    visit: Visit, bob: User, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order("CHARGING_PAYMENT")
    answer = StatusAnswer(order.order_id, order.status, waiting_for="payment")
    number = count(4)

    def try_on(order_id: str, **options: object) -> LiveStatus:
        tried = PendingActivity("charge_payment", next(number), "The gateway broke.", timezone.now())
        return LiveStatus(answer, (tried,))

    monkeypatch.setattr(detail, "get_live_status", try_on)
    page = visit(order.get_absolute_url(), bob)
    pause = page.get_by_role("button", name="Pause")
    pause.focus()

    for _ in range(2):
        before = page.locator("#order-status").inner_text()
        expect(page.locator("#order-status")).not_to_have_text(before, use_inner_text=True)

    expect(pause).to_be_focused()


def test_its_buttons_can_be_used_by_everybody(
    visit: Visit, bob: User, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order("CHARGING_PAYMENT")
    attempts.record_failed_attempt(order.order_id, "charge_payment", 3, "The gateway broke.")
    tried = PendingActivity("charge_payment", 4, "The gateway broke.", timezone.now() + timedelta(days=1))
    live = LiveStatus(StatusAnswer(order.order_id, order.status, waiting_for="payment"), (tried,))
    monkeypatch.setattr(detail, "get_live_status", lambda order_id, **_: live)

    def fail(order_id: str, name: str, *, actor: str) -> None:
        raise TemporalAway("The Temporal server cannot be reached.")

    monkeypatch.setattr(steering, "pause_step", fail)
    page = visit(order.get_absolute_url(), bob)
    expect(page.get_by_role("button", name="Retry now")).to_be_visible()
    faults = find_faults_in_all_looks(page)
    page.get_by_role("button", name="Pause").press("Enter")
    expect(page.locator("#order-feedback")).to_contain_text("Nothing was changed. Try again in a moment.")
    page.goto("/orders/stuck/")
    expect(page.get_by_role("button", name=f"Retry now {order.order_id}")).to_be_visible()
    faults += find_faults_in_all_looks(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert (faults, page.evaluate(OVERFLOWS)) == ([], False)
