"""What people say about an order and do to it on its page: comments, tags, its address, a reason with a text."""

from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from orders.decisions.comment import add_comment
from orders.models import Order, Reason
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTH: Final = "document.documentElement.scrollWidth <= innerWidth"
SMALL: Final[dict[str, Any]] = {"viewport": {"width": 320, "height": 700}}
PLAIN: Final[dict[str, Any]] = {"java_script_enabled": False}


def comment(page: Page, text: str) -> None:
    page.get_by_label("Comment", exact=True).last.fill(text)
    page.get_by_role("button", name="Add the comment").click()


def test_comments_are_added_and_edited_in_place(visit: Visit, bob: User, dana: User, make_order: MakeOrder) -> None:
    order = make_order()
    page = visit(order.get_absolute_url(), bob)
    comment(page, "@dana, please look")
    expect(page.locator("#order-comment .feedback")).to_have_text("Comment added. It mentions dana.")
    expect(page.locator(".comment .mention")).to_have_text("@dana")
    page.get_by_role("link", name="Edit this comment").click()
    expect(page.locator("#comment-text")).to_have_value("@dana, please look")
    page.locator("#comment-text").fill("Done already")
    add_comment(order, actor=dana, text="Looking")
    expect(page.locator(".comment")).to_have_count(2)
    expect(page.locator("#comment-text")).to_have_value("Done already")
    page.get_by_role("button", name="Save the comment").click()
    expect(page.locator(".comment").last.locator("> .comment-text")).to_have_text("Done already")
    page.locator(".comment-earlier summary").click()
    expect(page.locator(".comment-earlier .comment-text")).to_have_text("@dana, please look")
    expect(page.get_by_role("link", name="Edit this comment")).to_have_count(1)


def test_on_a_small_screen_without_javascript(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    page = visit(order.get_absolute_url(), bob, **SMALL, **PLAIN)
    comment(page, "w" * 300)
    expect(page.locator(".notice-success")).to_have_text("Comment added.")
    page.locator("#tag").fill("Gift wrap")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.locator(".tag a")).to_have_text("gift-wrap")
    assert page.evaluate(WIDTH)
    page.get_by_role("link", name="Correct the address…").click()
    page.get_by_label("Street and number").fill("")
    page.get_by_role("button", name="Correct the address").click()
    expect(page.locator("#address-address_line_error")).to_be_visible()
    assert page.evaluate(WIDTH)
    page.get_by_label("Street and number").fill("Short Street 2")
    page.get_by_role("button", name="Correct the address").click()
    expect(page.locator("#order-customer")).to_contain_text("Short Street 2")
    assert page.evaluate(WIDTH)


def test_a_reason_proposes_a_text_that_is_edited(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    facts = {"kind": "CANCEL", "code": "STRIKE", "words": "Strike", "position": 1}
    Reason.objects.create(**facts, customer_text="Dear {customer},\r\nnobody carries it.")
    order = make_order()
    for options in ({}, PLAIN):
        page = visit(order.get_absolute_url(), bob, **options)
        page.get_by_text("Cancel this order…").click()
        page.get_by_label("Reason", exact=True).select_option("STRIKE")
        if options:
            page.get_by_role("button", name="Fill in the text for the customer").click()
        text = page.get_by_label("Text for the customer")
        expect(text).to_have_value("Dear Emma Example,\nnobody carries it.")
    page = visit(order.get_absolute_url(), bob)
    page.get_by_text("Cancel this order…").click()
    text = page.get_by_label("Text for the customer")
    text.fill("My own words")
    page.get_by_label("Reason", exact=True).select_option("STRIKE")
    expect(text).to_have_value("My own words")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".decided")).to_contain_text("Cancellation requested")
    assert Order.objects.get().decisions.get().customer_text == "My own words"


def test_an_id_is_copied(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    page = visit(order.get_absolute_url(), bob, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=f"Copy {order.order_id}").click()
    expect(page.locator("#announcement")).to_have_text(f"Copied {order.order_id}")
    assert page.evaluate("navigator.clipboard.readText()") == order.order_id
    tracking = page.get_by_role("link", name=order.shipment.tracking_number)
    expect(tracking).to_have_attribute("href", f"https://simulated-parcel.example/{order.shipment.tracking_number}")
