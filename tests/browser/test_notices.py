"""The bell and the list of notices, live and without JavaScript."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from orders.states import NoticeKind
from tests.browser.conftest import Visit
from tests.console.notices.test_notices import tell
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKED_AT = "document.dispatchEvent(new Event('visibilitychange'))"


def test_the_bell_tells_of_what_is_new(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    page = visit("/orders/", bob)
    bell = page.get_by_role("link", name="Notices")
    expect(bell).to_have_accessible_name("Notices")
    order = make_order()
    tell(bob, order)
    page.evaluate(LOOKED_AT)
    expect(bell).to_have_accessible_name("Notices 1 unread")
    expect(page.locator("#bell-news")).to_have_text("You have a new notice. 1 unread.")
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.get_by_role("link", name="An order needs your approval").click()
    expect(page.locator("h1")).to_have_text(order.order_id)
    expect(page.get_by_role("link", name="Notices")).to_have_accessible_name("Notices")


def test_notices_are_marked_as_read_where_they_stand(visit: Visit, bob: User) -> None:
    for kind in (NoticeKind.EXPIRING, NoticeKind.NEEDS_APPROVAL):
        tell(bob, None, kind)
    page = visit("/notices/", bob)
    page.get_by_role("button", name="Mark as read").first.click()
    expect(page.locator(".notice-row.is-unread")).to_have_count(1)
    expect(page.get_by_role("link", name="An order needs your approval", exact=True)).to_be_focused()
    expect(page.locator("#bell-count")).to_have_text("1 unread")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator(".notice-row.is-unread")).to_have_count(0)
    expect(page.locator("#bell-count")).to_be_hidden()


def test_without_javascript(visit: Visit, bob: User) -> None:
    tell(bob)
    page = visit("/notices/?show=unread", bob, java_script_enabled=False)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator(".notices-none")).to_have_text("You have read everything.")
    page.goto("/accounts/notices/")
    page.get_by_label("Someone mentions you in a comment").select_option("OFF")
    page.get_by_label("Time zone of the quiet hours").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Your choices were saved.")).to_be_visible()
    expect(page.get_by_label("Someone mentions you in a comment")).to_have_value("OFF")
