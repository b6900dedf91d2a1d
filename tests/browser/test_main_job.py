"""The main job from end to end: an order is typed, decided on, carried by Temporal and seen to its end."""

import re
import time

import pytest
from playwright.sync_api import expect

from orders.intake import submission
from orders.models import Order
from orders.states import Status
from tests.browser.conftest import Visit
from tests.making import make_draft, make_user
from tests.waiting import wait_for_status

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("workers_running")]


def test_an_order_goes_from_the_form_to_completed(visit: Visit) -> None:  # noqa: PLR0915 - one job from end to end
    make_user("alice", "clerk")
    page = visit("/orders/new/")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Lisa Live")
    page.get_by_label("E-mail").fill("lisa@example.com")
    page.get_by_label("Street and number").fill("Way 1")
    page.get_by_label("Postcode").fill("1011")
    page.get_by_label("City").fill("Wien")
    page.get_by_label("Country").select_option(label="Austria")
    line = page.get_by_role("group", name="Line 1")
    line.get_by_label("SKU").fill("A-1")
    line.get_by_label("Description").fill("Apple")
    line.get_by_label("Quantity").fill("3")
    line.get_by_label("Unit price").fill("12.50")
    expect(page.locator("#order-totals")).to_contain_text("37.50 EUR")
    page.get_by_role("button", name="Add a line").click()
    second = page.get_by_role("group", name="Line 2")
    expect(second.get_by_label("SKU")).to_be_focused()
    second.get_by_label("SKU").fill("B")
    second.get_by_label("Description").fill("Bread")
    second.get_by_label("Unit price").fill("x")
    expect(page.locator("#order-totals")).to_contain_text("1 line not counted yet")
    page.get_by_role("button", name="Submit the order").click()

    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("link", name="Line 2, Unit price").click()
    expect(second.get_by_label("Unit price")).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Lisa Live")
    page.get_by_role("button", name="Remove line 2").click()
    expect(second).to_have_count(0)
    expect(line.get_by_label("SKU")).to_have_value("A-1")
    page.get_by_role("button", name="Submit the order").click()

    expect(page.locator(".notice-success")).to_contain_text("was submitted")
    expect(page.locator(".status-now")).to_contain_text("Awaiting approval")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    approver = visit(page.url, make_user("bob", "approver"))
    approver.get_by_role("button", name="Approve").click()
    expect(approver.locator("#order-feedback")).to_contain_text("Approved. The payment will be charged next.")
    expect(approver.locator(".feedback")).to_be_focused()
    for seen in (approver, page):
        expect(seen.locator(".status-now")).to_contain_text("Completed")
        expect(seen.locator("#order-payment")).to_contain_text("Charged")
        expect(seen.locator("#order-shipment")).to_contain_text("Handed to the carrier")
        expect(seen.locator("#order-timeline")).to_contain_text("bob")
        expect(seen).to_have_title(re.compile("Completed"))
        expect(seen.locator("[data-poll]:not(#bell-poll)")).to_have_count(0)


def test_an_order_is_cancelled_with_a_reason(visit: Visit) -> None:
    alice, bob = make_user("alice", "clerk"), make_user("bob", "approver")
    order = submission.submit_order(make_draft(), actor=alice, idempotency_key="browser")
    wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    page = visit(order.get_absolute_url(), bob)
    page.get_by_text("Cancel this order…").click()
    expect(page.locator(".consequence")).to_contain_text("nothing to refund")
    page.get_by_role("button", name="Cancel the order").click()
    reason = page.get_by_label("In your own words")
    expect(page.locator("#id_reason_error")).to_contain_text("Enter a reason for cancelling the order.")
    reason.fill("Customer ordered twice")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".status-now")).to_contain_text("Cancelled")
    expect(page.locator(".status-reason")).to_contain_text("Cancelled by staff by bob: Customer ordered twice")
    assert Order.objects.get().status == Status.CANCELLED


def test_several_orders_are_approved_at_once(visit: Visit) -> None:
    alice, bob = make_user("alice", "clerk"), make_user("bob", "approver")
    for number in range(3):
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key=f"browser-{number}")
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    page = visit("/orders/?status=awaiting", bob)
    boxes = page.locator("input[name=order_id][type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.locator(".bulk-count")).to_have_text("2 selected")
    page.get_by_role("button", name="Approve selected orders").click()
    expect(page.locator(".bulk-result")).to_contain_text("Approve 2 orders?")
    expect(page.locator(".bulk-result")).to_contain_text("Together 50.00 EUR.")
    expect(page.locator(".bulk-result")).to_be_focused()
    page.get_by_role("button", name="Approve 2 orders").click()
    expect(page.get_by_role("heading", name="Done: 2 of 2")).to_be_visible(timeout=60_000)
    expect(page.locator(".batch-items li")).to_have_count(2)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator("input[name=order_id]:checked")).to_have_count(0)
    expect(boxes).to_have_count(1)


def test_ten_orders_are_approved_with_ten_keys(visit: Visit) -> None:
    alice, bob = make_user("alice", "clerk"), make_user("bob", "approver")
    orders = [submission.submit_order(make_draft(), actor=alice, idempotency_key=f"key-{each}") for each in range(11)]
    for order in orders:
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    page = visit("/orders/", bob)
    loads: list[str] = []
    began = time.monotonic()
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_role("heading", name="Your desk")).to_be_visible()
    expect(page.get_by_role("button", name="Keyboard")).to_be_visible()  # the page listens
    page.keyboard.press("r")
    page.on("load", lambda _: loads.append(page.url))
    for number in range(1, 11):
        expect(page.locator(".review-counter")).to_have_text(f"{number} of 11")
        page.wait_for_timeout(450)  # a person looks at it first
        page.keyboard.press("a")
    expect(page.locator(".review-counter")).to_have_text("11 of 11")
    seconds = time.monotonic() - began
    expect(page.locator("#review-said")).to_contain_text("Your approval is saved.")
    assert len(loads) <= 1, "the review itself, and nothing after it"
    assert seconds < 20
    for order in Order.objects.exclude(decision=""):
        assert order.decided_by == "bob"
        wait_for_status(order, Status.COMPLETED)
    assert Order.objects.filter(decision="approve").count() == 10
