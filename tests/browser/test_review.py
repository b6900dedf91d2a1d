"""Review mode in a browser: one key a verdict, the next order at once, and nothing that is lost or decided unseen."""

import re
import time

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from console.models import PersonalSettings
from orders.decisions import decide
from orders.models import Decision, Order
from tests.browser.conftest import Visit
from tests.browser.test_look import STICKS_OUT
from tests.making import MakeOrder, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
URL = "/orders/review/"
# A verdict counts once an order has been there for so long.
SEEN_MS = 450


@pytest.fixture
def waiting(make_order: MakeOrder) -> list[Order]:
    """Orders that wait, the next to expire first."""
    return [make_order(deadline_seconds=600 * number, customer_name=f"Customer {number}") for number in (1, 2, 3, 4)]


def expect_order_shown(page: Page, order: Order, counter: str) -> None:
    expect(page.locator("#review-title")).to_have_text(order.order_id)
    expect(page.locator(".review-counter")).to_have_text(counter)


def expect_order(page: Page, order: Order, counter: str) -> None:
    expect_order_shown(page, order, counter)
    expect(page.locator("#review-title")).to_be_focused()


def press(page: Page, key: str) -> None:
    page.wait_for_timeout(SEEN_MS)
    page.keyboard.press(key)


def test_the_next_order_is_there_before_the_answer(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    expect(page.locator(".review-counter")).to_have_text("1 of 4")
    page.wait_for_load_state("networkidle")
    page.route(re.compile("/orders/review/$"), lambda route: None)  # the answer never comes
    press(page, "a")
    expect_order(page, waiting[1], "2 of 4")


def test_it_is_walked_through_and_left_for_later(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    for key, place in (("s", 1), ("n", 2), ("p", 1), ("n", 2), ("n", 3)):
        press(page, key)
        expect_order(page, waiting[place], f"{place + 1} of 4")
    press(page, "s")
    expect(page.locator("#review-title")).to_have_text("That was the last one")
    expect(page.get_by_text("4 orders still wait for you.")).to_be_visible()
    press(page, "n")
    expect_order(page, waiting[0], "1 of 4")
    page.reload()
    expect(page.locator("#review-title")).to_have_text(waiting[0].order_id)
    assert not Decision.objects.exists()


def test_an_order_is_cancelled_with_a_reason_from_the_list(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    press(page, "c")
    expect(page.get_by_label("Reason", exact=True)).to_be_focused()
    for key in ("Tab", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#review-panel")).to_contain_text("Enter a reason for cancelling the order.")
    expect(page.locator("#review-title")).to_have_text(waiting[0].order_id)
    page.get_by_label("In your own words").fill("They called; a, c and s are no shortcuts here")
    page.wait_for_timeout(SEEN_MS)
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect_order(page, waiting[1], "2 of 4")
    expect(page.locator("#review-said")).to_contain_text("Your cancellation is saved.")
    decision = Decision.objects.get()
    assert (decision.kind, decision.reason) == ("cancel", "They called; a, c and s are no shortcuts here")


def test_a_second_press_decides_no_order_unseen(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    page.wait_for_load_state("networkidle")
    press(page, "a")
    page.keyboard.press("a")
    expect_order(page, waiting[1], "2 of 4")
    expect(page.locator("#review-said")).to_contain_text("Your approval is saved.")
    page.wait_for_timeout(SEEN_MS)
    page.get_by_role("button", name="Approve").dblclick()
    expect_order_shown(page, waiting[2], "3 of 4")
    expect(page.locator("#review-said")).to_contain_text(waiting[1].order_id)
    assert Decision.objects.count() == 2


def test_a_key_that_is_held_down_counts_once(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SEEN_MS)
    for _ in range(4):
        page.keyboard.down("a")
        page.wait_for_timeout(SEEN_MS)
    page.keyboard.up("a")
    expect_order_shown(page, waiting[1], "2 of 4")
    expect(page.locator("#review-said")).to_contain_text("Your approval is saved.")
    assert Decision.objects.count() == 1


def test_who_was_first_is_told_and_the_next_order_stays(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    page.wait_for_load_state("networkidle")
    page.route(re.compile("live="), lambda route: route.abort())
    decide.approve_order(waiting[0], actor=make_user("dana", "approver"))
    press(page, "a")
    expect(page.locator("#review-said")).to_contain_text("Not approved. dana approved the order on")
    expect(page.locator("#review-title")).to_have_text(waiting[1].order_id)


def test_a_decision_made_meanwhile_arrives(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    expect(page.locator(".review-counter")).to_have_text("1 of 4")
    page.wait_for_timeout(1000)
    decide.approve_order(waiting[0], actor=make_user("dana", "approver"))
    expect(page.locator("#review-news")).to_contain_text("dana approved the order on")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    press(page, "n")
    expect(page.locator("#review-title")).to_have_text(waiting[1].order_id)


def test_what_could_not_be_sent_is_not_called_done(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit(URL, bob)
    page.wait_for_load_state("networkidle")
    page.route(re.compile("/orders/review/$"), lambda route: route.abort())
    press(page, "a")
    expect(page.locator("#trouble")).to_contain_text("may not have been done")
    expect(page.locator("#review-title")).to_have_text(waiting[0].order_id)
    assert not Decision.objects.exists()


def test_it_works_without_javascript(visit: Visit, bob: User, waiting: list[Order]) -> None:
    page = visit("/", bob, java_script_enabled=False)
    page.get_by_role("link", name="Review one by one").click()
    page.get_by_role("link", name="Skip s").click()
    expect(page.locator(".review-counter")).to_have_text("2 of 4")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".notice-success")).to_contain_text(f"{waiting[1].order_id}: Your approval is saved.")
    expect(page.locator("#review-title")).to_have_text(waiting[2].order_id)
    page.get_by_text("Cancel…").click()
    page.get_by_label("In your own words").fill("They called")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator("#review-title")).to_have_text(waiting[3].order_id)
    assert sorted(Decision.objects.values_list("kind", flat=True)) == ["approve", "cancel"]


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_telephone_a_thumb_reaches_the_buttons(visit: Visit, bob: User, waiting: list[Order], width: int) -> None:
    page = visit(URL, bob, viewport={"width": width, "height": 700}, has_touch=True, is_mobile=True)
    for control in (page.get_by_role("button", name="Approve"), page.locator("[data-review-go=next]")):
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert 350 < box["y"] <= 700 - box["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)
    page.wait_for_timeout(SEEN_MS)
    page.get_by_role("button", name="Approve").tap()
    expect(page.locator("#review-title")).to_have_text(waiting[1].order_id)


class TestUndo:
    @pytest.fixture
    def page(self, visit: Visit, bob: User, waiting: list[Order]) -> Page:
        """Review mode of somebody who wants time to undo."""
        PersonalSettings.objects.create(account=bob, can_undo=True)
        page = visit(URL, bob)
        expect_order_shown(page, waiting[0], "1 of 4")
        return page

    def test_a_decision_is_taken_back(self, page: Page, waiting: list[Order]) -> None:
        press(page, "a")
        expect_order(page, waiting[1], "2 of 4")
        expect(page.locator("#review-held")).to_contain_text(f"{waiting[0].order_id} will be approved")
        page.keyboard.press("u")
        expect_order(page, waiting[0], "1 of 4")
        expect(page.locator("#review-held")).to_be_empty()
        page.wait_for_timeout(5500)
        assert not Decision.objects.exists()

    def test_the_reason_comes_back_with_it(self, page: Page, waiting: list[Order]) -> None:
        press(page, "c")
        page.get_by_label("In your own words").fill("They called")
        page.get_by_role("button", name="Cancel the order").click()
        expect_order(page, waiting[1], "2 of 4")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_label("In your own words")).to_have_value("They called")
        assert not Decision.objects.exists()

    def test_after_five_seconds_it_is_sent(self, page: Page, waiting: list[Order]) -> None:
        press(page, "a")
        press(page, "a")
        expect_order(page, waiting[2], "3 of 4")
        assert not Decision.objects.exists()
        expect(page.locator("#review-said")).to_contain_text(f"{waiting[1].order_id}")
        expect(page.locator("#review-held")).to_be_empty()
        press(page, "n")
        expect_order(page, waiting[3], "4 of 4")
        assert Decision.objects.count() == 2

    def test_the_end_knows_what_was_sent_meanwhile(self, page: Page, waiting: list[Order]) -> None:
        for order in waiting[1:]:
            decide.approve_order(order, actor=make_user("dana", "approver"))
        page.goto(URL)
        expect_order_shown(page, waiting[0], "1 of 1")
        press(page, "a")
        expect(page.locator("#review-title")).to_have_text("That was the last one")
        expect(page.locator("#review-title")).to_have_text("Nothing waits for you")
        expect(page.get_by_text("You decided 1 order.")).to_be_visible()

    def test_what_cannot_be_sent_comes_back(self, page: Page, waiting: list[Order]) -> None:
        page.wait_for_load_state("networkidle")
        press(page, "a")
        expect_order(page, waiting[1], "2 of 4")
        page.route(re.compile("/orders/review/$"), lambda route: route.abort())
        expect(page.locator("#trouble")).to_contain_text("may not have been done")
        expect(page.locator("#review-title")).to_have_text(waiting[0].order_id)

    def test_a_tab_that_is_closed_sends_it_at_once(self, page: Page, waiting: list[Order]) -> None:
        press(page, "a")
        expect_order(page, waiting[1], "2 of 4")
        page.close(run_before_unload=False)
        for _ in range(40):
            if Decision.objects.exists():
                break
            time.sleep(0.1)
        assert Decision.objects.get().order_id == waiting[0].pk

    def test_a_page_that_is_left_sends_it_at_once(self, page: Page, waiting: list[Order]) -> None:
        press(page, "a")
        expect_order(page, waiting[1], "2 of 4")
        page.goto("/orders/")
        expect(page.get_by_role("heading", name="Orders")).to_be_visible()
        assert Decision.objects.get().order_id == waiting[0].pk
