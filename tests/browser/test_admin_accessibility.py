"""The admin's pages can be used by everybody: axe-core finds nothing, light and wide, dark and narrow."""

from collections.abc import Iterator
from typing import Final

import pytest
from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Page

from orders.contracts import DecideChunk
from orders.decisions.batches import create_batch
from orders.decisions.chunks import decide_chunk
from orders.imports import jobs
from orders.models import GatewayEvent, ImportedOrder, Mail, Order, WebhookDelivery, WebhookEndpoint, WorkerProcess
from orders.shops import keys
from orders.states import DecisionKind
from orders.webhooks import endpoints
from tests.browser.accessible import LOOKS, find_faults
from tests.browser.conftest import Visit
from tests.making import MakeOrder
from tests.orders.policy.asking import make_limit, make_rule
from tests.orders.schedules.scheduling import schedule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW: Final = (390, 320)
INDEX: Final = "/admin/"
# Looked at on the index alone, beside which it stands too; and of a hundred rights, all but the first.
REPEATED: Final = ("#nav-sidebar", "#id_permissions > :nth-child(n+4)", "#id_user_permissions > :nth-child(n+4)")


@pytest.fixture
def boss(admin_user: User, make_order: MakeOrder, alice: User, bob: User) -> User:
    """A superuser, and a row of every table that the admin shows."""
    orders = [make_order("CANCELLED", cancelled_from="PAID"), make_order("COMPLETED"), make_order()]
    batch = create_batch([orders[2].pk], DecisionKind.CANCEL, actor=admin_user, reason="They called")
    decide_chunk(DecideChunk(batch.batch_id))
    make_rule("Large", approvals_needed=2, total_above=1000, currency="EUR", explanation="Ask for the invoice")
    make_limit(bob, 100_000)
    keys.create_key(name="shop", scopes=["read"], created_by="admin")
    endpoint = endpoints.add_endpoint("https://example.com/told", created_by="admin")
    event = orders[1].events.all()[0]
    delivery = WebhookDelivery.objects.create(endpoint=endpoint, event=event, order=orders[1], position=1)
    delivery.log.create(status_code=500, detail="Away for lunch", milliseconds=120)
    Mail.objects.create(order=orders[1], customer_message="SHIPPED")
    GatewayEvent.objects.create(gateway="stripe", event_id="evt_1", kind="x", payload={}, payment=orders[1].payment)
    WorkerProcess.objects.create(process_id="1@worker-1", host="worker-1", pid=1, queues=["order-tq"], problems=[])
    imported = jobs.create_import("orders.csv", b"name,sku\nEmma,MUG-1\n", actor=alice, currency="EUR")
    ImportedOrder.objects.create(of=imported, first_row=2, shop_order_number="A-1", result="CREATED", order=orders[1])
    schedule(alice)
    LogEntry.objects.log_actions(admin_user.pk, [endpoint], ADDITION, change_message="Added.", single_object=True)
    return admin_user


def list_pages(boss: User) -> Iterator[str]:
    """Yield every list of the admin, and of each the pages of one row that a superuser may open."""
    request = RequestFactory().get("/admin/")
    request.user = boss
    yield from (INDEX, "/admin/auth/")
    for model, shown in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        assert row is not None, f"there is no {model.__name__} to show"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[row.pk])
        if shown.has_add_permission(request):
            yield reverse(f"{name}_add")
        if shown.has_delete_permission(request, row):
            yield reverse(f"{name}_delete", args=[row.pk])
    yield reverse("admin:orders_webhookendpoint_history", args=[WebhookEndpoint.objects.get().pk])
    yield reverse("admin:orders_order_history", args=[Order.objects.all()[0].pk])
    yield reverse("admin:auth_user_password_change", args=[boss.pk])
    yield "/admin/orders/order/?q=emma&status__exact=COMPLETED&o=1"
    yield "/admin/orders/payment/?q=nobody"


def test_every_page(visit: Visit, boss: User) -> None:
    page = visit("/admin/auth/user/add/", boss, reduced_motion="reduce")
    errors: list[str] = []
    page.on("console", lambda said: errors.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.get_by_label("Password of admin").fill("demo")
    page.get_by_role("button", name="Go on").click()
    found = {path: faults for path in list_pages(boss) if (faults := look_at(page, path))}
    assert found == {}
    assert errors == []


def look_at(page: Page, path: str) -> list[str]:
    """Return what is wrong with a page: by all rules where it is light and wide, by those of looks dark and narrow."""
    without = REPEATED if path != INDEX else ()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(path)
    faults = find_faults(page, without=without)
    page.emulate_media(color_scheme="dark")
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append(f"scrolls sideways at {width}")
    return faults + [f"narrow: {fault}" for fault in find_faults(page, LOOKS, without=without)]
