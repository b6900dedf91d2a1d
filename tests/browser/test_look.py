"""What can be measured of the look: nothing sticks out, and colours have contrast in light and dark."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import expect

from console.models import PersonalSettings
from orders.contracts import DecideChunk
from orders.decisions.batches import create_batch
from orders.decisions.chunks import decide_chunk
from orders.decisions.comment import add_comment, edit_comment
from orders.decisions.tags import add_tag
from orders.intake.drafts import LineDraft
from orders.states import DecisionKind
from tests.browser.conftest import Visit
from tests.making import MakeOrder, make_user
from tests.orders.imports.files import check, make_row, upload
from tests.orders.policy.asking import make_rule
from tests.orders.schedules.scheduling import schedule

STYLE = Path(settings.BASE_DIR, "static", "console.css")
STICKS_OUT = """[...document.querySelectorAll("body *")].filter(
    (one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.outerHTML.slice(0, 200))"""
# What is written in the first colour stands on the second.
PAIRS = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-soft", "accent")
        for ground in ("ground", "surface", "sunken", "accent-soft")
    ),
    *((ink, f"{ink}-soft") for ink in ("danger", "waiting", "progress", "done", "stopped")),
    *((ink, "surface") for ink in ("danger", "waiting", "progress", "done", "stopped")),
    *(("ink", f"{tone}-soft") for tone in ("danger", "waiting", "progress", "done", "stopped")),
    ("accent-ink", "accent"),
    ("danger-ink", "danger"),
    ("ink-soft", "stopped-soft"),
    ("ink-soft", "danger-soft"),
    ("ink-soft", "waiting-soft"),
]


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, by WCAG 2."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_has_contrast(scheme: int, ink: str, ground: str) -> None:
    colours = {
        name: pair
        for name, *pair in re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLE.read_text())
    }
    lights = sorted(luminance(colours[name][scheme]) for name in (ink, ground))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "language"), [(360, "en-gb"), (360, "de"), (768, "de"), (1920, "en-gb")])
def test_nothing_sticks_out(visit: Visit, make_order: MakeOrder, width: int, language: str) -> None:
    wide = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
    lines = (LineDraft("S" * 64, wide * 3, 99, 10**9),)
    facts: dict[str, Any] = {"customer_name": wide * 3, "customer_email": f"{wide}@{wide}.example.com", "lines": lines}
    orders = [make_order("CANCELLED", cancelled_from="PAID", reason=wide * 5, **facts)]
    make_rule(wide, approvals_needed=2, skus=["S" * 64], explanation=wide * 3, deadline_seconds=3600)
    orders.append(make_order(**facts))
    boss = make_user("bartholomew-the-long-named-administrator", is_superuser=True)
    batch = create_batch([order.pk for order in orders], DecisionKind.CANCEL, actor=boss, reason=wide * 5)
    decide_chunk(DecideChunk(batch.batch_id))
    orders.append(make_order(**facts))
    row = [wide * 3, *make_row("A-1", quantity=wide)[1:]]
    importing, checked = (upload(boss, row, make_row(wide[:60])) for _ in range(2))
    check(checked, boss)
    for order in orders:
        comment = add_comment(order, actor=boss, text=wide * 5)
        edit_comment(order, comment.pk, actor=boss, text=wide * 6)
        add_tag(order, actor=boss, text="w" * 30)
    PersonalSettings.objects.create(account=boss, language=language)
    sent = schedule(boss, f"q={wide}", name=wide)
    page = visit("/orders/", boss, viewport={"width": width, "height": 800})
    paths = [
        "/orders/",
        "/orders/?q=nobody",
        "/orders/review/",
        *("/orders/schedules/", f"/orders/schedules/new/?q={wide}", f"/orders/schedules/{sent.schedule_id}/"),
        *("/orders/views/", "/orders/exports/", "/palette/", f"/palette/?q={wide[:9]}", "/keys/"),
        "/orders/stuck/",
        "/orders/batches/",
        f"/orders/batches/{batch.batch_id}/",
        "/system/",
        "/reports/",
        "/policy/try/",
        "/admin/orders/policyrule/add/",
        "/orders/new/",
        "/orders/import/",
        *(f"/orders/import/{each.import_id}/" for each in (importing, checked)),
        "/accounts/password/",
        "/accounts/notices/",
        "/notices/",
        "/system/mail/",
        "/accounts/settings/",
        "/admin/auth/user/add/",
        "/nonsense/",
        *(order.get_absolute_url() for order in orders),
        *(f"{order.get_absolute_url()}payment-proof/" for order in orders),
        *(f"{order.get_absolute_url()}address/" for order in orders),
        *(f"{order.get_absolute_url()}extend/" for order in orders),
    ]
    for path in paths:
        page.goto(path)
        expect(page.locator("main")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)
    page.goto("/orders/?status=awaiting")
    page.locator("input[name=order_id][type=checkbox]").first.check()
    page.locator(".bulk-buttons button[value=cancel]").click()
    expect(page.locator(".bulk-result")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(STICKS_OUT)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_colours_can_be_chosen(visit: Visit, bob: User) -> None:
    page = visit("/orders/", bob, color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.get_by_role("button", name="Colours")
    button.click()
    button.click()
    expect(button).to_contain_text("dark")
    page.reload()
    expect(button).to_contain_text("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


CENTRES = """(selectors) => selectors.map((each) => {
    const box = document.querySelector(each).getBoundingClientRect();
    return box.top + box.height / 2;
})"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_what_stands_in_a_row_stands_on_one_line(visit: Visit, bob: User, make_order: MakeOrder) -> None:
    make_order()
    page = visit("/orders/", bob, viewport={"width": 1280, "height": 800})
    row = page.evaluate(CENTRES, ["[data-row] .order-id", "[data-row] .name", "[data-row] .col-total"])
    page.goto("/accounts/settings/")
    choice = page.evaluate(CENTRES, [f"label:has(#id_density_0){part}" for part in ("", " input")])
    for centres in (row, choice):
        assert max(centres) - min(centres) <= 3, centres
    assert page.locator("#id_density_0").evaluate("(one) => one.getBoundingClientRect().width") < 30
