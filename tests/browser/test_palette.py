"""The command palette by keyboard, and its page without JavaScript."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_look import STICKS_OUT
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def find_options(page: Page, *, selected: bool | None = None) -> Locator:
    """Return the results; an `option` is also in the page's own fields."""
    return page.get_by_role("listbox", name="Results").get_by_role("option", selected=selected)


@pytest.mark.parametrize("key", ["Control+k", "Meta+k"])
def test_a_few_letters_and_enter_open_an_order(visit: Visit, bob: User, make_order: MakeOrder, key: str) -> None:
    order = make_order(customer_name="Zoë Lang")
    make_order()
    page = visit("/orders/", bob)
    page.keyboard.press(key)
    field = page.get_by_role("combobox", name="Go to an order")
    expect(field).to_be_focused()
    page.keyboard.type("zoë")
    expect(page.locator("#palette-said")).to_have_text("2 results")
    first = find_options(page, selected=True)
    expect(first).to_contain_text(order.order_id)
    assert field.get_attribute("aria-activedescendant") == first.get_attribute("id")
    page.keyboard.press("ArrowDown")
    expect(find_options(page, selected=True)).to_contain_text("emma@example.com")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(order.order_id)


def test_the_focus_stays_inside_and_goes_back(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    make_order()
    page = visit("/orders/", bob)
    page.locator("#search").focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Go to")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("!document.activeElement.closest('main')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Go to")).not_to_be_visible()
    expect(page.locator("#search")).to_be_focused()
    page.get_by_role("link", name="Go to").click()
    expect(page.get_by_role("combobox", name="Go to an order")).to_be_focused()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog", name="Go to")).not_to_be_visible()


def test_it_leads_to_the_buttons_of_the_order(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    page = visit(make_order().get_absolute_url(), bob)
    for typed, offered, focused in (("approve th", "Approve", "approve"), ("cancel th", "Cancel", "id_reason")):
        page.keyboard.press("Control+k")
        page.keyboard.type(typed)
        expect(find_options(page, selected=True)).to_contain_text(offered)
        page.keyboard.press("Enter")
        expect(page.locator(f"#{focused}")).to_be_focused()


def test_the_help_names_its_key(visit: Visit, bob: User) -> None:
    page = visit("/orders/", bob)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("Go to an order, a customer")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits(visit: Visit, bob: User, make_order: MakeOrder, width: int) -> None:
    make_order(customer_name="Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 3)
    page = visit("/orders/", bob, viewport={"width": width, "height": 700})
    page.keyboard.press("Control+k")
    page.keyboard.type("llan")
    expect(find_options(page)).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)


def test_without_javascript_it_is_a_page(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order(customer_name="Zoë Lang")
    page = visit("/orders/", bob, java_script_enabled=False)
    page.get_by_role("link", name="Go to").click()
    page.locator("#palette-page-text").fill("zoë")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=order.order_id).click()
    expect(page.locator("h1")).to_have_text(order.order_id)
