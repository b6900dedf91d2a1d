"""The form for a new order in a real browser: what it says while one types."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from orders.models import Order
from tests.browser.conftest import Visit
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_change_of_the_currency_after_prices_were_typed_is_confirmed(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    currency = page.get_by_label("Currency")
    currency.select_option("USD")
    line = page.get_by_role("group", name="Line 1")
    line.get_by_label("SKU").fill("A-1")
    line.get_by_label("Description").fill("Apple")
    line.get_by_label("Unit price").fill("1500")
    currency.select_option("JPY")
    expect(page.locator("#currency-change")).to_contain_text("The prices were typed in USD and now count as JPY.")
    currency.select_option("USD")
    expect(page.locator("#currency-change")).not_to_contain_text("The prices were typed in")
    currency.select_option("JPY")
    page.get_by_label("The prices are right in JPY").check()
    page.get_by_label("Name", exact=True).fill("Lisa")
    page.get_by_label("E-mail").fill("lisa@example.com")
    page.get_by_label("Street and number").fill("Way 1")
    page.get_by_label("Postcode").fill("1011")
    page.get_by_label("City").fill("Wien")
    page.get_by_label("Country").select_option("AT")
    expect(page.get_by_label("The prices are right in JPY")).to_be_checked()
    page.get_by_role("button", name="Submit the order").click()
    expect(page.locator(".notice-success")).to_contain_text("was submitted")
    assert str(Order.objects.get().total_money) == "1,500 JPY"


def hold_the_first_request(page: Page) -> list[Route]:
    """Have the form's next request wait to be let go, and return where it will be."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/orders/new/", hold)
    return held


def wait_for_it(page: Page, held: list[Route]) -> Route:
    wait_until(lambda: page.evaluate("true") and bool(held), what="the request")
    return held[0]


def test_an_answer_from_before_the_first_price_does_not_forget_its_currency(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    held = hold_the_first_request(page)
    page.get_by_label("Currency").select_option("USD")
    route = wait_for_it(page, held)
    answer = route.fetch()
    page.get_by_role("group", name="Line 1").get_by_label("Unit price").fill("1500")
    with page.expect_response("**/orders/new/"):
        route.fulfill(response=answer)
    page.get_by_label("Currency").select_option("JPY")
    expect(page.locator("#currency-change")).to_contain_text("The prices were typed in USD and now count as JPY.")


def test_what_is_typed_while_a_line_is_being_added_stays(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    held = hold_the_first_request(page)
    page.get_by_role("button", name="Add a line").click()
    route = wait_for_it(page, held)
    answer = route.fetch()
    page.get_by_role("group", name="Line 1").get_by_label("SKU").fill("A-1")
    route.fulfill(response=answer)
    expect(page.get_by_role("group", name="Line 2")).to_be_visible()
    expect(page.get_by_role("group", name="Line 1").get_by_label("SKU")).to_have_value("A-1")


def test_a_line_is_added_however_long_it_takes_while_somebody_types(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    held = hold_the_first_request(page)
    page.get_by_role("button", name="Add a line").click()
    route = wait_for_it(page, held)
    answer = route.fetch()
    line = page.get_by_role("group", name="Line 1")
    line.get_by_label("SKU").fill("A-1")
    line.get_by_label("Unit price").fill("12.50")
    page.wait_for_timeout(600)  # longer than the pause in typing after which the total is asked for
    route.fulfill(response=answer)
    expect(page.get_by_role("group", name="Line 2")).to_be_visible()
    expect(page.locator("#order-totals")).to_contain_text("12.50 EUR")


def test_the_address_follows_the_country_and_keeps_what_is_typed(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    country = page.get_by_label("Country")
    country.select_option("US")
    expect(page.get_by_label("ZIP code")).to_be_visible()
    page.get_by_label("ZIP code").fill("98104")
    page.get_by_label("State").fill("Washington")
    country.select_option("HK")
    expect(page.get_by_label("District")).to_be_visible()
    expect(page.get_by_label("Area")).to_have_value("Washington")
    expect(page.get_by_label("Postcode (not used in Hong Kong SAR China)")).to_have_value("98104")
    page.get_by_label("Postcode").fill("")
    country.select_option("AE")
    expect(page.get_by_label("Emirate")).to_have_value("Washington")
    expect(page.get_by_label("Postcode")).to_have_count(0)
    country.select_option("DE")
    expect(page.get_by_label("Postcode")).to_be_visible()


def test_without_javascript_a_button_brings_the_fields_of_the_country(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice, java_script_enabled=False)
    page.get_by_label("Name", exact=True).fill("Lisa")
    page.get_by_label("Country").select_option("IN")
    page.get_by_role("button", name="Show the fields of this country").click()
    expect(page.get_by_label("PIN code")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Lisa")


def test_rows_of_a_spreadsheet_fill_lines(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "A-1\\tApple\\t3\\t12.50\\nA-2\\tPear\\t1\\t2,50\\n");
            const field = document.querySelector("#id_lines-0-sku");
            field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    second = page.get_by_role("group", name="Line 2")
    expect(second.get_by_label("Description")).to_have_value("Pear")
    expect(page.locator("#order-totals")).to_contain_text("40.00 EUR")
    expect(page.locator("#id_pasted")).to_have_value("")


def test_without_javascript_a_button_adds_pasted_rows(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice, java_script_enabled=False)
    page.get_by_text("Paste rows from a spreadsheet").click()
    page.get_by_label("Rows", exact=True).fill("A-1\tApple\t3\t12.50\nA-2\tPear\t1\t2.50")
    page.get_by_role("button", name="Add the rows").click()
    expect(page.get_by_role("group", name="Line 2").get_by_label("SKU")).to_have_value("A-2")
