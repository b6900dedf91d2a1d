"""Saved views in a browser: with and without JavaScript, on a desk and on a telephone."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_look import STICKS_OUT
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "has_script"), [(1280, True), (390, True), (390, False), (320, True)])
def test_a_list_is_saved_opened_changed_and_deleted(
    visit: Visit, bob: User, make_order: MakeOrder, width: int, has_script: bool
) -> None:
    make_order("PAID", currency="USD"), make_order("PAID"), make_order()
    looks = {"viewport": {"width": width, "height": 900}, "java_script_enabled": has_script}
    page = visit("/orders/?status=PAID&currency=USD", bob, **looks)
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Paid in dollars")
    page.get_by_label("Open it when I choose “Orders”").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".notice-success")).to_contain_text("Saved as “Paid in dollars”.")
    link = page.locator(".views a", has_text="Paid in dollars")
    expect(link).to_have_attribute("aria-current", "page")
    if has_script:
        expect(link.locator(".count")).to_have_text("1")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)
    page.get_by_role("link", name="Currency: USD").click()
    expect(page.locator("[data-row]")).to_have_count(2)
    page.get_by_role("button", name="Save the changes").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Orders").click()
    expect(page.locator("[data-row]")).to_have_count(2)
    page.get_by_role("link", name="Edit views").click()
    if has_script:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)
    page.get_by_label("Name", exact=True).fill("Paid")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator(".notice-success")).to_contain_text("Renamed to “Paid”.")
    page.get_by_role("button", name="Delete Paid").click()
    expect(page.get_by_role("heading", name="No saved views yet")).to_be_visible()
