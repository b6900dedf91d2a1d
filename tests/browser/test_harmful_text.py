"""Texts that are in the tables already, however they came there, harm nothing round them on a page."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect

from orders.intake.drafts import LineDraft
from orders.models import Order, OrderLine
from tests.browser.conftest import Visit
from tests.database import past_the_rules
from tests.making import MakeOrder, make_user
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Marks that every font has, so that they change no width: 150 of them on one letter, above and below.
HEAP = "Ea" + "".join(chr(0x300 + number % 13) for number in range(150)) + "e"


# How far apart two pictures are in the channel of the pixel in which they differ most. Two pictures of the same thing
# may be a few steps apart at a rounded corner, by where the browser's tiles lie; letters are two hundred apart.
DISTANCE = """async (pictures) => {
    const pixels = async (text) => {
        const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height).data;
    };
    const [one, other] = await Promise.all(pictures.map(pixels));
    if (one.length !== other.length) return 255;
    return one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at])), 0);
}"""
MOST_APART = 12


def picture(page: Page, *selectors: str) -> list[str]:
    """Return what is seen of some elements, as PNG in base64."""
    return [b64encode(page.locator(selector).first.screenshot()).decode() for selector in selectors]


def expect_picture(page: Page, before: list[str], *selectors: str) -> None:
    """Wait until the elements look as before; a page needs a moment to come to rest."""
    blank = page.context.new_page()

    def look_as_before() -> bool:
        pairs = zip(before, picture(page, *selectors), strict=True)
        return all(blank.evaluate(DISTANCE, list(pair)) <= MOST_APART for pair in pairs)

    wait_until(look_as_before, what="the same picture")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_heap_of_marks_paints_over_no_other_row(visit: Visit, make_order: MakeOrder, width: int) -> None:
    orders = [make_order("COMPLETED", customer_name="Eae") for _ in range(5)]
    with past_the_rules():  # so long ago that no age changes between two pictures
        Order.objects.update(created_at=F("created_at") - timedelta(days=30, hours=12))
    page = visit("/orders/?status=completed", make_user("charlie", "viewer"), viewport={"width": width, "height": 900})
    others = [f"tr:has(#row-{order.order_id})" for order in (orders[0], orders[1], orders[3], orders[4])]
    before = picture(page, *others)
    Order.objects.filter(pk=orders[2].pk).update(customer_name=HEAP)
    page.reload()
    expect(page.locator("bdi.name").nth(2)).to_have_text(HEAP)
    expect_picture(page, before, *others)


def test_a_heap_of_marks_stays_in_its_place_on_the_orders_page(visit: Visit, make_order: MakeOrder) -> None:
    lines = (LineDraft("MUG-1", "Eae", 2, 1250),)
    order = make_order("CANCELLED", reason="Eae", customer_name="Eae", address_line="Eae", lines=lines)
    page = visit(order.get_absolute_url(), make_user("charlie", "viewer"))
    places = (".crumbs", ".area-status ol", "[aria-labelledby=h-payment]", ".area-lines thead")
    before = picture(page, *places)
    heap: dict[str, Any] = {"customer_name": HEAP, "reason": HEAP, "address_line": HEAP}
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(**heap)
        OrderLine.objects.filter(order=order).update(description=HEAP)
    page.reload()
    expect(page.locator(".order-facts bdi").first).to_have_text(HEAP)
    expect_picture(page, before, *places)


def test_the_direction_of_a_name_turns_nothing_round_it(visit: Visit, make_order: MakeOrder) -> None:
    order = make_order(customer_name="\u05e9\u05dc\u05d5\u05dd")
    Order.objects.filter(pk=order.pk).update(customer_name="\u202e\u05e9\u05dc\u05d5\u05dd")
    page = visit(order.get_absolute_url(), make_user("charlie", "viewer"))
    facts = page.locator(".order-facts")
    amount, name, rest = (facts.locator("> *").nth(number).bounding_box() for number in range(3))
    assert amount
    assert name
    assert rest
    assert amount["x"] < name["x"] < rest["x"]


def test_the_admins_list_cuts_off_what_sticks_out(visit: Visit, make_order: MakeOrder) -> None:
    orders = [make_order("COMPLETED", customer_name="Eae") for _ in range(4)]
    page = visit("/admin/orders/order/", make_user("boss", is_superuser=True))
    others = [f"tr:has-text('{order.order_id}')" for order in (orders[0], orders[3])]
    before = picture(page, *others)
    Order.objects.filter(pk__in=[orders[1].pk, orders[2].pk]).update(customer_name=HEAP)
    page.reload()
    expect(page.locator("#result_list")).to_contain_text(HEAP)
    expect_picture(page, before, *others)
