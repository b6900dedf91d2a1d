"""Takes the README's pictures, of the real console with real workers: `pytest tests/browser/take_screenshots.py`."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from orders.decisions import decide
from orders.intake import submission
from orders.intake.drafts import LineDraft
from orders.models import Order
from orders.states import Status
from tests.browser.conftest import Visit
from tests.database import past_the_rules
from tests.making import make_draft, make_user
from tests.waiting import wait_for_status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("workers_running")]
PICTURES = Path(project.BASE_DIR, "docs", "screenshots")
GOODS = (
    LineDraft("LAMP-07", "Desk lamp, brass", 1, 8990),
    LineDraft("CHAIR-2", "Chair, oak", 4, 14900),
    LineDraft("MUG-WHITE", "Mug, white", 6, 1250),
    LineDraft("NOTE-A5", "Notebook A5, dotted", 3, 1690),
)
# Customer, e-mail, currency, minutes to decide, minutes since it was submitted, and the goods by their place.
ORDERS = (
    ("Zoë Smith-Jones", "zoe@example.com", "GBP", 38, 1402, (0, 1)),
    ("Ángel García", "angel.garcia@example.com", "EUR", 52, 1388, (2,)),
    ("Priya Raghunathan", "priya.r@example.com", "EUR", 145, 1295, (1, 2, 3)),
    ("Hiroshi Tanaka", "tanaka@example.com", "JPY", 280, 1160, (3,)),
    ("Mary O'Neill", "mary.oneill@example.com", "EUR", 401, 1039, (0,)),
    ("Ludwig van der Berg", "l.vdberg@example.com", "CHF", 566, 874, (1,)),
    ("Fatima Al-Sayed", "fatima@example.com", "GBP", 720, 720, (2, 3)),
    ("Jean-Luc Moreau", "jl.moreau@example.com", "EUR", 987, 453, (0, 2)),
    ("Emma Lindqvist", "emma.lindqvist@example.com", "EUR", 1233, 207, (1, 3)),
    ("Tomasz Wójcik", "t.wojcik@example.com", "EUR", 1395, 45, (3, 2)),
    ("Ana Horvat", "ana.horvat@example.com", "EUR", 1436, 4, (0, 1, 2)),
)


@pytest.fixture
def people() -> tuple[User, User]:
    """The clerk who submits and the approver who decides."""
    return make_user("alice", "clerk"), make_user("bob", "approver")


@pytest.fixture
def orders(people: tuple[User, User], settings: Settings) -> list[Order]:
    """Orders that wait, the next to expire first."""
    waiting = []
    for number, (name, mail, currency, minutes, age, goods) in enumerate(ORDERS):
        settings.ORDER_APPROVAL_TIMEOUT = minutes * 60
        lines = tuple(GOODS[place] for place in goods)
        draft = make_draft(customer_name=name, customer_email=mail, currency=currency, lines=lines)
        order = submission.submit_order(draft, actor=people[0], idempotency_key=f"picture-{number}")
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
        with past_the_rules():
            Order.objects.filter(pk=order.pk).update(created_at=timezone.now() - timedelta(minutes=age))
        waiting.append(order)
    return waiting


def test_pictures(visit: Visit, people: tuple[User, User], orders: list[Order]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    alice, bob = people
    done, given_up = orders[5], orders[6]
    decide.approve_order(done, actor=bob)
    decide.cancel_order(given_up, actor=bob, reason="Customer ordered twice")
    wait_for_status(done, Status.COMPLETED)
    wait_for_status(given_up, Status.CANCELLED)

    page = visit("/", bob, viewport={"width": 1280, "height": 640})
    page.screenshot(path=PICTURES / "desk.png")

    page.goto("/orders/?status=awaiting")
    page.locator("input[name=order_id]").nth(2).check()
    page.locator("input[name=order_id]").nth(3).check()
    page.locator("input[name=order_id]").nth(3).blur()
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    page.screenshot(path=PICTURES / "list.png")

    page.set_viewport_size({"width": 1280, "height": 860})
    page.goto(orders[2].get_absolute_url())
    expect(page.locator(".status-live")).to_be_visible()
    page.get_by_text("Cancel this order…").click()
    page.screenshot(path=PICTURES / "order-waiting.png")

    page.goto(done.get_absolute_url())
    page.set_viewport_size({"width": 1280, "height": 1060})
    page.screenshot(path=PICTURES / "order-completed.png")

    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto("/orders/review/")
    expect(page.locator(".review-counter")).to_be_visible()
    page.screenshot(path=PICTURES / "review.png")

    phone = visit("/", bob, viewport={"width": 390, "height": 844}, color_scheme="dark")
    phone.screenshot(path=PICTURES / "desk-phone-dark.png")
    phone.goto("/orders/review/")
    expect(phone.locator(".review-counter")).to_be_visible()
    phone.screenshot(path=PICTURES / "review-phone-dark.png")

    _fill_form(visit("/orders/new/", alice, viewport={"width": 1280, "height": 800}))


def _fill_form(form: Page) -> None:
    form.get_by_label("Name", exact=True).fill("Lisa Lindqvist")
    form.get_by_label("E-mail").fill("lisa@example.com")
    form.get_by_label("Street and number").fill("Kärntner Straße 1")
    form.get_by_label("Postcode").fill("1010")
    form.get_by_label("City").fill("Wien")
    form.get_by_label("Country").select_option("AT")
    for number, line in enumerate(GOODS[:2], start=1):
        row = form.get_by_role("group", name=f"Line {number}")
        row.get_by_label("SKU").fill(line.sku)
        row.get_by_label("Description").fill(line.description)
        row.get_by_label("Quantity").fill(str(line.quantity))
        row.get_by_label("Unit price").fill(f"{line.unit_price / 100:.2f}")
        if number == 1:
            form.get_by_role("button", name="Add a line").click()
    expect(form.locator("#order-totals")).to_contain_text("685.90 EUR")
    form.screenshot(path=PICTURES / "new-order.png")
