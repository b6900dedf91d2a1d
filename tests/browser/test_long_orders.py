"""The page of an order with as many lines as an order may have."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from orders.intake.drafts import LineDraft
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_thousand_lines_keep_the_rest_of_the_page_near(
    visit: Visit, make_order: MakeOrder, bob: User, width: int
) -> None:
    lines = tuple(LineDraft(f"SKU-{number}", f"Article {number}", 1, 100) for number in range(1000))
    page = visit(make_order(lines=lines).get_absolute_url(), bob, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollHeight") < 4000
    table = page.get_by_role("group", name="All 1000 lines")
    table.scroll_into_view_if_needed()
    table.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("cell", name="SKU-999", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("cell", name="1,000.00 EUR")).to_be_in_viewport()
