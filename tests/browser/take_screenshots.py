"""Takes the README's pictures, of the real console with real workers: `pytest tests/browser/take_screenshots.py`."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect
from pytest_django import Settings

from console.models import PersonalSettings
from orders.decisions import decide
from orders.decisions.comment import add_comment
from orders.decisions.tags import add_tag
from orders.imports import jobs
from orders.intake import submission
from orders.intake.drafts import LineDraft
from orders.listing.exports import begin_export, make_piece
from orders.listing.saved_views import save_view
from orders.models import Order, Trouble
from orders.notifications.making import make_from_events, make_from_tables
from orders.states import Status, TroubleCode
from tests.browser.conftest import Visit
from tests.database import past_the_rules
from tests.making import make_draft, make_user
from tests.orders.schedules.scheduling import make_due, schedule, work
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


@pytest.fixture
def more(people: tuple[User, User], orders: list[Order], settings: Settings) -> list[Order]:
    """Two of the orders are done, one cancelled, one in trouble; and there is something on every other page."""
    alice, bob = people
    done, given_up, stuck = orders[5], orders[6], orders[1]
    add_tag(done, actor=bob, text="gift-wrap")
    add_comment(done, actor=alice, text="They ask for a call before delivery.", key="picture")
    add_comment(orders[2], actor=alice, text="@bob, is the address right? They moved in May.", key="picture")
    decide.approve_order(done, actor=bob)
    decide.cancel_order(given_up, actor=bob, reason="Customer ordered twice")
    wait_for_status(done, Status.COMPLETED)
    wait_for_status(given_up, Status.CANCELLED)
    Trouble.objects.create(order=stuck, code=TroubleCode.RUN_FAILING)
    save_view("status=awaiting&currency=EUR&sort=expiring", owner=bob, name="Euros, next to expire")
    save_view("status=cancelled", owner=bob, name="Cancelled")
    begin_export("status=awaiting", owner=bob)
    while make_piece():
        pass
    settings.SENDS_MAIL, bob.email = True, "bob@example.com"
    bob.save()
    schedule(bob, "status=awaiting&currency=EUR&sort=expiring", name="Euros, next to expire")
    make_due()
    work()
    schedule(bob, "closed_from=6d&sort=closed", name="Closed this week", weekdays="1", file_format="xlsx", hour=7)
    jobs.create_import("orders.csv", b"name,sku,quantity\nEmma,MUG-1,2\n", actor=alice, currency="EUR")
    make_from_tables()
    make_from_events()
    return [orders[2], done, given_up]


LOOKS = [
    (name, {"viewport": {"width": width, "height": height}, "color_scheme": scheme})
    for name, width, height, scheme in (
        ("", 1280, 860, "light"),
        ("-dark", 1280, 860, "dark"),
        ("-phone", 390, 844, "light"),
        ("-phone-dark", 390, 844, "dark"),
    )
]


def test_pictures(visit: Visit, people: tuple[User, User], more: list[Order]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    boss = make_user("admin", is_superuser=True)
    for look, options in LOOKS:
        _take_for_bob(visit("/", people[1], **options), look, more)
        _take_for_others(visit("/orders/new/", people[0], **options), visit("/system/", boss, **options), look, more)


def test_pictures_in_german(visit: Visit, people: tuple[User, User], more: list[Order]) -> None:
    PersonalSettings.objects.create(account=people[1], language="de")
    for look, options in (LOOKS[0], LOOKS[2]):
        page = visit("/", people[1], **options)
        for name, path in (
            ("desk", "/"),
            ("review", "/orders/review/"),
            ("list", "/orders/?status=awaiting"),
            ("order-waiting", more[0].get_absolute_url()),
            ("order-completed", more[1].get_absolute_url()),
            ("settings", "/accounts/settings/"),
            ("reports", "/reports/"),
            ("stuck", "/orders/stuck/"),
        ):
            page.goto(path)
            take(page, f"german-{name}{look}")


def _take_for_bob(page: Page, look: str, more: list[Order]) -> None:
    waiting, done, given_up = more
    take(page, f"desk{look}")
    page.goto("/orders/review/")
    expect(page.locator(".review-counter")).to_be_visible()
    take(page, f"review{look}")
    page.goto("/orders/?status=awaiting")
    for number in (2, 3):
        page.locator("input[name=order_id]").nth(number).check()
    page.locator("input[name=order_id]").nth(3).blur()
    take(page, f"list{look}")
    page.goto("/orders/?currency=EUR&total_min=40")
    page.get_by_text("Filter", exact=True).click()
    take(page, f"filters{look}")
    page.goto(waiting.get_absolute_url())
    expect(page.locator(".status-live")).to_be_visible()
    page.get_by_text("Cancel this order…").click()
    take(page, f"order-waiting{look}")
    page.goto("/orders/")
    page.keyboard.press("Control+k")
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.type("tanaka")
    page.wait_for_timeout(1000)
    take(page, f"palette{look}")
    for name, path in (
        ("order-completed", done.get_absolute_url()),
        ("order-cancelled", given_up.get_absolute_url()),
        ("notices", "/notices/"),
        ("exports", "/orders/exports/"),
        ("exports-by-mail", "/orders/schedules/"),
        ("export-by-mail", "/orders/schedules/new/?closed_from=6d&sort=closed"),
        ("views", "/orders/views/"),
        ("settings", "/accounts/settings/"),
        ("reports", "/reports/"),
        ("stuck", "/orders/stuck/"),
    ):
        page.goto(path)
        take(page, f"{name}{look}")


def _take_for_others(alices: Page, admins: Page, look: str, more: list[Order]) -> None:
    _fill_form(alices)
    take(alices, f"new-order{look}")
    alices.goto("/orders/import/")
    take(alices, f"import{look}")
    take(admins, f"system{look}")
    for name, path in (("admin-orders", ""), ("admin-order", f"{more[1].pk}/change/")):
        admins.goto(f"/admin/orders/order/{path}")
        take(admins, f"{name}{look}")


def take(page: Page, name: str) -> None:
    """Keep what the window shows, in 256 colours, which nobody tells from the others and which take a third."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(256).save(PICTURES / f"{name}.png", optimize=True)


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
            expect(form.locator("#order-totals")).to_contain_text("89.90 EUR")
            form.get_by_role("button", name="Add a line").click()
    expect(form.locator("#order-totals")).to_contain_text("685.90 EUR")
