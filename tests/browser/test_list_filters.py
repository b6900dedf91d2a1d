"""The filters of the list in a browser: with and without JavaScript, on a desk and on a telephone."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_look import STICKS_OUT
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "has_script"), [(1280, True), (390, True), (390, False)])
def test_filters_are_set_corrected_and_removed(
    visit: Visit, bob: User, make_order: MakeOrder, width: int, has_script: bool, scheme: str
) -> None:
    wanted = make_order("PAID", currency="USD")
    for status in ("PAID", "COMPLETED", "CANCELLED", "PENDING_MANUAL_APPROVAL"):
        make_order(status)
    looks = {"viewport": {"width": width, "height": 900}, "java_script_enabled": has_script, "color_scheme": scheme}
    page = visit("/orders/", bob, **looks)
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Paid", exact=True).check()
    page.get_by_label("Completed", exact=True).check()
    page.get_by_label("Total from").fill("5")
    page.get_by_role("button", name="Show orders").click()
    expect(page.get_by_text("Choose a currency too").first).to_be_visible()
    expect(page.get_by_label("Total from")).to_have_value("5")
    page.get_by_label("Currency").fill("usd")
    page.get_by_role("button", name="Show orders").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.get_by_role("link", name=wanted.order_id)).to_be_visible()
    if has_script:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)
    page.get_by_role("link", name="Total from: 5.00 USD").click()
    page.get_by_role("link", name="Currency: USD").click()
    expect(page.locator("[data-row]")).to_have_count(3)
    page.get_by_role("link", name="Remove all", exact=True).click()
    expect(page.locator("[data-row]")).to_have_count(5)


def test_typing_a_search_keeps_the_filters(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    wanted = make_order("PAID", customer_name="Zoë Lang")
    make_order(customer_name="Zoë Lang")
    page = visit("/orders/?status=PAID&decided_by=bob", bob)
    page.get_by_role("searchbox").press_sequentially("zo")
    page.wait_for_url("**/orders/?*q=zo*")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.get_by_role("link", name=wanted.order_id)).to_be_visible()
    page.get_by_text("Filter", exact=True).click()
