"""Every page does its work without JavaScript."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from console.desk import list_asked
from orders import contracts
from orders.decisions import chunks
from orders.models import Batch, Order
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PLAIN = {"java_script_enabled": False}


def test_an_order_is_submitted(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice, **PLAIN)
    page.get_by_label("Name", exact=True).fill("Lisa")
    page.get_by_role("group", name="Line 1").get_by_label("SKU").fill("A-1")
    page.get_by_role("button", name="Add a line").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Lisa")
    second = page.get_by_role("group", name="Line 2")
    expect(second.get_by_label("SKU")).to_be_focused()
    page.get_by_role("button", name="Remove line 2").click()
    expect(second).to_have_count(0)
    page.get_by_label("E-mail").fill("lisa@example.com")
    page.get_by_label("Street and number").fill("Way 1")
    page.get_by_label("Postcode").fill("1011")
    page.get_by_label("City").fill("Wien")
    page.get_by_label("Country").select_option("AT")
    line = page.get_by_role("group", name="Line 1")
    line.get_by_label("Description").fill("Apple")
    line.get_by_label("Unit price").fill("12.50")
    # Enter in a field submits the order; it does not add or remove a line.
    line.get_by_label("Unit price").press("Enter")
    expect(page.locator(".notice-success")).to_contain_text("was submitted")
    assert Order.objects.get().total == 1250


def test_orders_are_decided(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    first, second, third, fourth = (make_order(deadline_seconds=600 * number) for number in (1, 2, 3, 4))
    page = visit(first.get_absolute_url(), bob, **PLAIN)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".notice-warning")).to_contain_text("Your approval is saved and on its way to the workflow.")
    page.get_by_role("link", name="Next order to decide").click()
    expect(page.locator("h1")).to_have_text(second.order_id)
    page.get_by_text("Cancel this order…").click()
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator("#id_reason_error")).to_be_visible()
    page.get_by_label("In your own words").fill("Ordered twice")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".notice-warning")).to_contain_text(
        "Your cancellation is saved and on its way to the workflow."
    )
    page.goto("/orders/?status=awaiting")
    page.get_by_label(f"Select {third.order_id}").check()
    page.get_by_label(f"Select {fourth.order_id}").check()
    page.get_by_role("button", name="Approve selected orders").click()
    page.get_by_role("button", name="Approve 2 orders").click()
    expect(page.get_by_role("heading", name="Approve 2 orders")).to_be_visible()
    chunks.decide_chunk(contracts.DecideChunk(Batch.objects.get().batch_id))
    page.reload()
    expect(page.get_by_role("heading", name="Done: 2 of 2")).to_be_visible()
    assert list(Order.objects.order_by("pk").values_list("decision", flat=True)) == [
        *("approve", "cancel", "approve", "approve")
    ]


def test_enter_in_the_list_never_approves(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    page = visit("/orders/?status=awaiting", bob, **PLAIN)
    page.get_by_label(f"Select {order.order_id}").check()
    page.get_by_text("Cancel selected orders…").click()
    page.get_by_label("Reason for all of them").press("Enter")
    expect(page.get_by_label("Reason for all of them")).to_be_visible()
    order.refresh_from_db()
    assert order.decision == ""


def test_one_searches_and_turns_pages(
    visit: Visit, bob: User, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_asked, "PAGE_SIZE", 2)
    for number in range(3):
        make_order(customer_name=f"Emma Number{number}")
    page = visit("/orders/", bob, **PLAIN)
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#order-table tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Previous page").click()
    expect(page.locator("#order-table tbody tr")).to_have_count(2)
    page.get_by_label("Search by id, customer, e-mail").fill("number1")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#order-table tbody tr")).to_have_count(1)
