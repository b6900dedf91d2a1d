"""The console's pages can be used by everybody: axe-core finds nothing, light and dark, wide and narrow."""

from collections.abc import Iterable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django import Settings

from console.models import PersonalSettings
from orders.contracts import DecideChunk
from orders.decisions import decide
from orders.decisions.batches import create_batch
from orders.decisions.chunks import decide_chunk
from orders.models import Order, Presence, Trouble
from orders.schedules import keeping
from orders.schedules.sending import begin_due
from orders.states import DecisionKind, TroubleCode
from tests.browser.accessible import find_faults_in_all_looks
from tests.browser.conftest import Visit
from tests.browser.test_review import SEEN_MS
from tests.making import MakeOrder, make_user
from tests.orders.policy.asking import make_rule
from tests.orders.schedules.scheduling import make_due, schedule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def orders(make_order: MakeOrder, bob: User) -> list[Order]:
    """Orders with everything about them that can be shown."""
    make_order("CANCELLED", reason_code="PAYMENT_DECLINED", reason="", cancelled_from="CHARGING_PAYMENT")
    done = [make_order("PAID"), make_order("COMPLETED"), make_order("CANCELLED")]
    trouble = make_order("PAID")
    make_rule("Large", approvals_needed=2, total_above=1000, currency="EUR", explanation="Ask for the invoice")
    orders = [make_order(deadline_seconds=seconds, address_city="Hamburg") for seconds in (600, 7200, 90_000)]
    decide.approve_order(orders[0], actor=make_user("dana", "approver"))
    Presence.objects.create(order=orders[0], account_id=10**6, username="dana")
    Trouble.objects.create(order=trouble, code=TroubleCode.RUN_FAILING)
    PersonalSettings.objects.create(account=bob, can_undo=True)
    return [*orders, *done]


def test_the_work_of_an_approver(visit: Visit, bob: User, orders: list[Order]) -> None:
    found: dict[str, list[str]] = {}
    page = visit("/", bob)
    found["desk"] = find_faults_in_all_looks(page)
    page.goto("/orders/review/")
    expect(page.locator("#review-news")).to_contain_text("dana is looking at this order.")
    found["review"] = find_faults_in_all_looks(page)
    page.locator("#review-cancel summary").click()
    found["reasons"] = find_faults_in_all_looks(page)
    page.wait_for_timeout(SEEN_MS)
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.get_by_text("Enter a reason")).to_be_visible()
    found["reason is missing"] = find_faults_in_all_looks(page)
    page.wait_for_timeout(SEEN_MS)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#review-held")).to_contain_text("will be approved")
    found["undo"] = find_faults_in_all_looks(page)
    paths = [f"/orders/review/?after={orders[2].order_id}", "/orders/?status=awaiting", "/orders/?q=nobody", "/orders/"]
    found |= gather(page, [*paths, *(order.get_absolute_url() for order in orders)])
    page.goto(orders[1].get_absolute_url())
    page.get_by_text("Cancel this order…").click()
    found["cancelling"] = find_faults_in_all_looks(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def gather(page: Page, paths: Iterable[str]) -> dict[str, list[str]]:
    """Return what is found on each page, where anything is."""
    found = {}
    for path in paths:
        page.goto(path)
        if faults := find_faults_in_all_looks(page):
            found[path] = faults
    return found


def test_the_other_pages(visit: Visit, orders: list[Order], settings: Settings) -> None:
    settings.SENDS_MAIL = True
    boss = make_user("admin", is_superuser=True)
    batch = create_batch([order.pk for order in orders], DecisionKind.CANCEL, actor=boss, reason="They called")
    decide_chunk(DecideChunk(batch.batch_id))
    sent = schedule(boss, name="Mornings")
    make_due()
    begin_due()
    keeping.pause_schedule(schedule(boss, "currency=EUR").schedule_id, owner=boss)
    assert find_faults_in_all_looks(visit("/accounts/login/")) == []
    paths = [
        *("/orders/new/", "/orders/import/", "/orders/views/", "/orders/exports/", "/palette/"),
        *("/orders/schedules/", "/orders/schedules/new/?status=awaiting", f"/orders/schedules/{sent.schedule_id}/"),
        *("/orders/stuck/", "/orders/batches/", f"/orders/batches/{batch.batch_id}/", "/system/"),
        *(
            "/reports/",
            "/policy/try/",
            "/accounts/settings/",
            "/accounts/password/",
            "/nonsense/",
            "/notices/",
            "/accounts/notices/",
            "/system/mail/",
            "/api/v1/docs",
        ),
        f"{orders[1].get_absolute_url()}address/",
        f"{orders[-2].get_absolute_url()}payment-proof/",
        f"{orders[-2].get_absolute_url()}?refund",
        *(f"{order.get_absolute_url()}extend/" for order in (orders[1], orders[-1])),
    ]
    assert gather(visit("/accounts/settings/", boss), paths) == {}
