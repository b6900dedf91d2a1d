"""What pages may cost, by tests/budgets.toml: statements are counted, times are not."""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.desk import tabs
from orders.intake.drafts import LineDraft
from tests.asking import HTMX
from tests.making import MakeOrder
from tests.programs import ROOT

pytestmark = pytest.mark.django_db
BUDGETS: Final = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["pages"]["statements"]


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@contextmanager
def within(name: str) -> Iterator[None]:
    """Fail when more statements are sent within the block than the budget `name` has."""
    with CaptureQueriesContext(connection) as sent:
        yield
    statements = [query["sql"] for query in sent.captured_queries]
    assert len(statements) <= BUDGETS[name], "\n".join(statements)


def test_the_list(bobs: Client, make_order: MakeOrder) -> None:
    for status in ("PENDING_MANUAL_APPROVAL", "PAID", "COMPLETED") * 4:
        make_order(status)
    bobs.get("/orders/")
    tabs.forget()
    with within("list"):
        page = bobs.get("/orders/")
    bobs.get(page.context["poll_url"], headers=HTMX)
    tabs.forget()
    with within("list_poll"):
        assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204


def test_the_desk(bobs: Client, make_order: MakeOrder) -> None:
    for _ in range(2):
        for _ in range(6):
            make_order()
        bobs.get("/")
        tabs.forget()
        with within("desk"):
            page = bobs.get("/")
        bobs.get(page.context["poll_url"], headers=HTMX)
        tabs.forget()
        with within("desk_poll"):
            assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204


@pytest.mark.parametrize("status", ["PENDING_MANUAL_APPROVAL", "PAID", "COMPLETED", "CANCELLED"])
def test_an_order(bobs: Client, make_order: MakeOrder, status: str) -> None:
    order = make_order(status, lines=tuple(LineDraft(f"S{number}", "Thing", 1, 100) for number in range(30)))
    path = order.get_absolute_url()
    bobs.get(path)
    with within("order"):
        bobs.get(path)


def test_an_order_of_a_known_customer(bobs: Client, make_order: MakeOrder) -> None:
    for _ in range(8):
        path = make_order().get_absolute_url()
    bobs.get(path)
    with within("order_of_a_known_customer"):
        page = bobs.get(path)
    assert len(page.context["customer"].listed) == 5


@pytest.mark.parametrize("status", ["PENDING_MANUAL_APPROVAL", "PAID"])
def test_an_orders_poll(bobs: Client, make_order: MakeOrder, status: str) -> None:
    order = make_order(status)
    path = f"{order.get_absolute_url()}status/"
    seen = bobs.get(path, {"version": order.version}, headers=HTMX).context["panel"].seen
    with within("order_poll"):
        assert bobs.get(path, {"version": order.version, "seen": seen}, headers=HTMX).status_code == 204


def test_the_review(bobs: Client, make_order: MakeOrder) -> None:
    make_order(lines=tuple(LineDraft(f"S{number}", "Thing", 1, 100) for number in range(30)))
    bobs.get("/orders/review/")
    with within("review"):
        page = bobs.get("/orders/review/")
    bobs.get(page.context["poll_url"], headers=HTMX)
    with within("review_poll"):
        assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204
    for _ in range(8):
        make_order()
    with within("review_of_a_known_customer"):
        bobs.get("/orders/review/")


def test_the_click_on_approve(bobs: Client, make_order: MakeOrder) -> None:
    for _ in range(2):  # the first one puts statements together
        path = f"{make_order().get_absolute_url()}approve/"
        with CaptureQueriesContext(connection) as sent:
            assert bobs.post(path, headers=HTMX).status_code == 200
    statements = [sql for query in sent.captured_queries if "SAVEPOINT" not in (sql := query["sql"])]
    assert len(statements) <= BUDGETS["approve"], "\n".join(statements)


def test_an_order_of_100_lines_in_the_admin(client: Client, admin_user: User, make_order: MakeOrder) -> None:
    client.force_login(admin_user)
    order = make_order("COMPLETED", lines=tuple(LineDraft(f"S{number}", "Thing", 1, 100) for number in range(100)))
    path = f"/admin/orders/order/{order.pk}/change/"
    client.get(path)
    with within("admin_order_with_100_lines"):
        assert client.get(path).status_code == 200
