"""A tag for several orders in a browser: with JavaScript, and on a telephone without."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.accessible import find_faults
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "has_script"), [(1280, True), (320, False)])
def test_ticked_orders_are_tagged(visit: Visit, bob: User, make_order: MakeOrder, width: int, has_script: bool) -> None:
    orders = [make_order() for _ in range(3)]
    options = {"viewport": {"width": width, "height": 800}, "java_script_enabled": has_script}
    page = visit("/orders/?status=awaiting", bob, **options)
    for order in orders[:2]:
        page.locator(f"input[value={order.order_id}]").check()
    page.get_by_role("button", name="Tag…", exact=True).click()
    expect(page.get_by_role("heading", name="Tag 2 orders")).to_be_visible()
    if has_script:
        expect(page.locator("#bulk-tag")).to_be_focused()
        assert find_faults(page) == []
    page.locator("#bulk-tag").fill("gift/wrap")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.get_by_text("Use letters, digits and hyphens")).to_be_visible()
    page.locator("#bulk-tag").fill("Gift")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.get_by_text("Tagged 2 of 2 orders with gift.")).to_be_visible()
    assert page.url.endswith("/orders/?status=awaiting")
    assert [list(order.tags.values_list("name", flat=True)) for order in orders] == [["gift"], ["gift"], []]
