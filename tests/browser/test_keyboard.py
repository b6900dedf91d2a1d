"""The desk without a mouse."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def waiting(make_order: MakeOrder) -> list[Order]:
    """Orders that wait, the next to expire first."""
    return [make_order(deadline_seconds=600 * number) for number in (1, 2, 3)]


def focused(page: Page) -> str:
    """Return the id of what has the focus."""
    name: str = page.evaluate("document.activeElement.id")
    return name


def test_one_moves_ticks_and_opens_in_the_list(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit("/orders/?status=awaiting", bob)
    names = [f"row-{order.order_id}" for order in waiting]
    moved = []
    for key in "jjjkjx":
        page.keyboard.press(key)
        moved.append(focused(page))
    assert moved == [names[0], names[1], names[2], names[1], names[2], names[2]]
    expect(page.locator(f"#tick-{waiting[2].order_id}")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(waiting[2].order_id)
    page.get_by_role("link", name="Orders").last.click()
    expect(page.locator(f"#{names[0]}")).to_be_visible()


def test_slash_leads_to_the_search_and_typing_is_typing(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit("/orders/?status=awaiting", bob)
    page.keyboard.press("/")
    assert focused(page) == "search"
    page.keyboard.type("jk/ax")
    expect(page.locator("#search")).to_have_value("jk/ax")
    expect(page.locator(".empty")).to_contain_text("No order found")
    page.keyboard.press("Control+A")
    page.keyboard.type(waiting[1].order_id[:14])
    expect(page.locator("#order-table tbody tr")).to_have_count(1)
    assert focused(page) == "search"


def test_an_order_id_and_enter_open_the_order(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit("/orders/", bob)
    page.keyboard.press("/")
    page.keyboard.type(waiting[1].order_id.lower())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(waiting[1].order_id)


def test_one_decides_and_goes_on_to_the_next(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(waiting[0].get_absolute_url(), bob)
    page.keyboard.press("a")
    assert focused(page) == "approve"
    page.keyboard.press("Enter")
    expect(page.locator(".feedback")).to_contain_text("Your approval is saved and on its way to the workflow.")
    page.keyboard.press("j")
    expect(page.locator("h1")).to_have_text(waiting[1].order_id)
    expect(page.get_by_role("button", name="Keyboard")).to_be_visible()  # the page listens
    page.keyboard.press("c")
    assert focused(page) == "id_reason"
    page.keyboard.type("a reason with j, k and ?")
    page.keyboard.press("Tab")
    assert focused(page) == "id_customer_text"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".feedback")).to_contain_text("Your cancellation is saved and on its way to the workflow.")
    assert list(Order.objects.order_by("pk").values_list("decision", flat=True)) == ["approve", "cancel", ""]


def test_the_help_opens_and_the_keys_can_be_switched_off(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit("/orders/?status=awaiting", bob)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.get_by_role("button", name="Keyboard").click()
    dialog.get_by_label("Use single keys as shortcuts").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("/")
    assert focused(page) != "search"


def test_the_first_tab_stop_leads_past_the_frame(visit: Visit, bob: User) -> None:
    page = visit("/orders/", bob)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert focused(page) == "main"
