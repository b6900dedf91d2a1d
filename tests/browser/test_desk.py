"""The approver's desk in a browser: at a desktop and on a telephone."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from orders.decisions import decide
from orders.models import Order
from tests.browser.conftest import Visit
from tests.browser.test_look import STICKS_OUT
from tests.making import MakeOrder, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# As high as a thumb is wide, in CSS pixels: WCAG 2.2, success criterion 2.5.5.
THUMB = 44


@pytest.fixture
def waiting(make_order: MakeOrder) -> list[Order]:
    """Orders that wait, the next to expire first."""
    return [make_order(deadline_seconds=600 * number, customer_name=f"Customer {number}") for number in (1, 2, 3)]


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out_and_a_tap_opens_an_order(visit: Visit, bob: User, waiting: list[Order], width: int) -> None:
    page = visit("/", bob, viewport={"width": width, "height": 700}, has_touch=True, is_mobile=width < 1000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)
    row = page.locator("tr[data-row]").nth(1)
    box = row.bounding_box()
    assert box is not None
    assert box["height"] >= THUMB
    row.locator(".col-goods").tap()
    expect(page.locator("h1")).to_have_text(waiting[1].order_id)


def test_keys_lead_from_row_to_order_and_into_review(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit("/", bob)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f"#row-{waiting[1].order_id}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(waiting[1].order_id)
    expect(page.get_by_role("button", name="Keyboard")).to_be_visible()  # the page listens
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.locator(".review-counter")).to_have_text("1 of 3")
    page.get_by_role("link", name="Your desk").click()
    expect(page.get_by_role("heading", name="Your desk")).to_be_visible()
    expect(page.get_by_role("button", name="Keyboard")).to_be_visible()  # the page listens
    page.keyboard.press("r")
    expect(page.locator(".review-counter")).to_have_text("1 of 3")


def test_a_decision_of_somebody_else_takes_the_row_away(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit("/", bob)
    expect(page.locator("tr[data-row]")).to_have_count(3)
    decide.approve_order(waiting[0], actor=make_user("dana", "approver"))
    expect(page.locator("tr[data-row]")).to_have_count(2)
