"""A refund in the browser: asked for by quantities or by an amount, and followed until the money is back."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from orders.models import Refund
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("workers_running")]
WIDTH = "document.documentElement.scrollWidth <= innerWidth"


def see_refunded(page: Page, summary: str) -> None:
    """Wait until the page says so, and nothing of it is wider than the window."""
    expect(page.locator(".refund-summary")).to_have_text(summary, timeout=60_000)
    assert page.evaluate(WIDTH)


def test_quantities_are_refunded_and_followed(visit: Visit, make_order: MakeOrder, bob: User) -> None:
    order = make_order("COMPLETED")
    page = visit(order.get_absolute_url(), bob)
    page.get_by_role("link", name="Refund…").click()
    page.get_by_label("Mug").fill("1")
    expect(page.locator("#refund-effect")).to_have_text("12.50 EUR goes back to the customer; 12.50 EUR stays charged.")
    page.get_by_role("button", name="Refund").click()
    expect(page.locator("#refund-reason_code_error")).to_have_text("Choose a reason from the list.")
    expect(page.get_by_label("Mug")).to_have_value("1")
    page.get_by_label("Reason").select_option(label="Damaged or faulty")
    page.get_by_role("button", name="Refund").dblclick()
    see_refunded(page, "Charged 25.00 EUR, 12.50 EUR refunded")
    expect(page.locator("[data-poll]:not(#bell-poll)")).to_have_count(0)
    expect(page.get_by_role("link", name="Refund…")).to_be_visible()
    assert Refund.objects.count() == 1


def test_a_telephone_without_javascript(visit: Visit, make_order: MakeOrder, bob: User) -> None:
    order = make_order("COMPLETED")
    phone = {"width": 390, "height": 844}
    page = visit(order.get_absolute_url(), bob, viewport=phone, java_script_enabled=False)
    page.get_by_role("link", name="Refund…").click()
    page.get_by_label("Amount in EUR").fill("2.5")
    page.get_by_role("button", name="Say what it does").click()
    expect(page.locator("#refund-effect")).to_have_text("2.50 EUR goes back to the customer; 22.50 EUR stays charged.")
    expect(page.get_by_label("Amount in EUR")).to_have_value("2.5")
    page.get_by_label("Reason").select_option("LATE")
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.locator(".notice-success")).to_contain_text("Refund of 2.50 EUR requested.")
    expect(page.locator(".refund-state")).to_be_visible()
