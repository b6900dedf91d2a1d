"""Trouble is visible, and costs nobody what they typed."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from playwright.sync_api import expect

from orders.models import Order
from tests.browser.conftest import Visit
from tests.making import MakeOrder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_lost_connection_is_said_and_taken_back(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    page = visit(make_order().get_absolute_url(), bob)
    expect(page.locator(".status-away")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("The console cannot be reached.")
    page.context.set_offline(False)
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_decision_that_did_not_get_through_is_said(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    page = visit(order.get_absolute_url(), bob)
    page.context.set_offline(True)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator(".feedback")).to_have_count(0)


def test_a_refusal_is_said_with_its_reason(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    page = visit(make_order().get_absolute_url(), bob)
    bob.groups.clear()
    bob.user_permissions.clear()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#trouble")).to_contain_text("Your account cannot view orders.")
    expect(page.locator("#trouble")).to_contain_text("(403)")
    page.get_by_role("button", name="Close").click()
    # What was read is not said again by every poll.
    with page.expect_response(lambda response: response.status == 403):
        expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#trouble")).to_be_hidden()


def test_an_expired_session_costs_nothing_that_was_typed(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    page = visit(order.get_absolute_url(), bob)
    expect(page.locator(".status-away")).to_be_visible()
    page.get_by_text("Cancel this order…").click()
    page.get_by_label("In your own words").fill("Customer called twice")
    Session.objects.all().delete()
    expect(page.locator("#trouble")).to_contain_text("You are signed out.")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator("#trouble")).to_contain_text("Nothing was saved")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in").click()
    other = opened.value
    other.get_by_label("User name").fill("bob")
    other.get_by_label("Password").fill("demo")
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Your desk", exact=True)).to_be_visible()
    expect(page.get_by_label("In your own words")).to_have_value("Customer called twice")
    expect(page.locator("#trouble")).to_be_hidden()
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".feedback")).to_contain_text("Your cancellation is saved and on its way to the workflow.")


def test_signing_in_again_elsewhere_leaves_an_open_form_good(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    page.get_by_label("Name", exact=True).fill("Lisa")
    other = page.context.new_page()
    other.goto("/orders/")
    other.get_by_role("button", name="Sign out").click()
    other.get_by_label("User name").fill("alice")
    other.get_by_label("Password").fill("demo")
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    page.get_by_role("button", name="Add a line").click()
    expect(page.get_by_role("group", name="Line 2")).to_be_visible()
    page.get_by_role("button", name="Submit the order").click()
    expect(page.locator("#error-summary")).to_contain_text("E-mail: This field is required.")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Lisa")


def test_a_half_typed_order_is_not_left_by_accident(visit: Visit, alice: User) -> None:
    page = visit("/orders/new/", alice)
    page.get_by_label("Name", exact=True).press_sequentially("Lisa")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    page.get_by_role("link", name="Orders", exact=True).click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Lisa")
    assert asked == ["beforeunload"]
    page.remove_listener("dialog", stay)


@contextmanager
def locked(order: Order) -> Iterator[None]:
    """Hold the order's lock, as a program does that was stopped in the middle of a transaction."""
    params = connection.get_connection_params()
    with psycopg.connect(
        host=params["host"], port=params["port"], user=params["user"], dbname=params["dbname"]
    ) as holder:
        holder.execute("SELECT 1 FROM orders_order WHERE order_id = %s FOR UPDATE", [order.order_id])
        yield
        holder.rollback()


def test_an_order_that_somebody_else_holds_costs_nobody_what_they_typed(
    visit: Visit, bob: User, make_order: MakeOrder
) -> None:
    order = make_order()
    page = visit(order.get_absolute_url(), bob)
    page.locator("#cancel summary").click()
    page.locator("#cancel textarea[name=reason]").fill("Ordered twice")
    with locked(order):
        page.locator("#cancel").get_by_role("button").click()
        expect(page.locator("#trouble")).to_contain_text("Someone else is changing this order")
    expect(page.locator("#cancel textarea[name=reason]")).to_have_value("Ordered twice")
    page.locator("#cancel").get_by_role("button").click()
    expect(page.locator(".feedback")).to_be_visible()
    order.refresh_from_db()
    assert order.is_cancel_requested


@pytest.mark.parametrize(
    "look",
    [{}, {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}],
    ids=["wide", "narrow-dark"],
)
def test_without_javascript_the_form_can_be_sent_again_from_the_page(
    visit: Visit, bob: User, make_order: MakeOrder, look: dict[str, object]
) -> None:
    order = make_order()
    page = visit(order.get_absolute_url(), bob, java_script_enabled=False, **look)
    page.locator("#cancel summary").click()
    page.locator("#cancel textarea[name=reason]").fill("Ordered twice")
    with locked(order):
        page.locator("#cancel").get_by_role("button").click()
        expect(page.get_by_role("heading", name="The order is busy")).to_be_visible()
    page.get_by_text("What you entered", exact=True).click()
    expect(page.get_by_text("Ordered twice")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".notice")).to_be_visible()
    order.refresh_from_db()
    assert order.is_cancel_requested
