"""The columns of the list, chosen in a browser, on a desk and on a telephone."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_look import STICKS_OUT
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "has_script"), [(1280, True), (390, False), (320, True)])
def test_columns_are_chosen(visit: Visit, bob: User, make_order: MakeOrder, width: int, has_script: bool) -> None:
    make_order("COMPLETED", customer_company="Öz & Co", customer_name="Llanfairpwllgwyngyllgogerychwyrndrob" * 3)
    looks = {"viewport": {"width": width, "height": 900}, "java_script_enabled": has_script}
    page = visit("/orders/?status=completed", bob, **looks)
    menu = page.locator("#list-layout")
    menu.locator("summary").click()
    for name in ("Company", "Submitted by", "Closed"):
        menu.get_by_label(name, exact=True).check()
    menu.get_by_role("button", name="Show them").click()
    expect(page.locator("[data-row]")).to_contain_text("Öz & Co")
    expect(page.locator("[data-row]")).to_contain_text("alice")
    if has_script:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)
    page.locator("#list-layout summary").click()
    page.get_by_role("button", name="The usual ones").click()
    expect(page.locator("[data-row]")).not_to_contain_text("Öz & Co")
