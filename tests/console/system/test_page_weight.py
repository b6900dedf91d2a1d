"""What pages weigh on the wire, compressed: on a slow line every kilobyte is waited for."""

import gzip
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.asking import HTMX, LOGIN
from tests.making import MakeOrder
from tests.programs import ROOT

pytestmark = pytest.mark.django_db
KILOBYTE: Final = 1024
STATIC: Final = ROOT / "static"
BUDGETS: Final = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["pages"]["kilobytes"]
GZIP: Final = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def weigh(response: Any) -> int:
    """Return the bytes of an answer that is compressed and can be read."""
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert gzip.decompress(response.content).endswith(b"</html>\n")
    return len(response.content)


def test_a_list_of_fifty_orders(bobs: Client, make_order: MakeOrder) -> None:
    for number in range(50):
        make_order(customer_name=f"Customer {number}", customer_email=f"customer-{number}@example.com")
    page = bobs.get("/orders/?status=awaiting", headers=GZIP)
    assert gzip.decompress(page.content).count(b"data-row") == 50
    assert weigh(page) <= BUDGETS["list_of_50_orders"] * KILOBYTE


@pytest.mark.parametrize("status", ["PENDING_MANUAL_APPROVAL", "COMPLETED"])
def test_the_page_of_an_order(bobs: Client, make_order: MakeOrder, status: str) -> None:
    order = make_order(status)
    assert weigh(bobs.get(order.get_absolute_url(), headers=GZIP)) <= BUDGETS["order"] * KILOBYTE


def find_modules(script: Path) -> set[Path]:
    """Return the module with all that it imports, at second hand too."""
    imported = {script.parent / name for name in re.findall(r'import [^;]*?"\./([^"]+)";', script.read_text())}
    return {script}.union(*(find_modules(each) for each in imported))


def test_the_first_page_with_all_that_it_loads(client: Client) -> None:
    page = client.get(LOGIN, headers=GZIP)
    names = set(re.findall(r'(?:src|href)="/static/([^"#]+)', gzip.decompress(page.content).decode()))
    assert {"console.css", "js/main.js"} <= names
    files = {STATIC / name for name in names} | find_modules(STATIC / "js/main.js")
    assert (
        weigh(page) + sum(len(gzip.compress(file.read_bytes())) for file in files) <= BUDGETS["first_visit"] * KILOBYTE
    )


def test_the_same_page_has_another_length_each_time(client: Client) -> None:
    """Whoever makes a browser ask again and again learns nothing from the lengths."""
    assert len({len(client.get(LOGIN, headers=GZIP).content) for _ in range(20)}) > 5


def test_a_poll_that_has_no_news_stays_empty(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    page = bobs.get("/orders/?status=awaiting")
    answer = bobs.get(page.context["poll_url"], headers=HTMX | GZIP)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Encoding" not in answer
    assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) <= 200, answer.headers
    assert "no-store" in answer["Cache-Control"]


def test_a_browser_that_cannot_unpack_gets_the_page_as_it_is(client: Client) -> None:
    page = client.get(LOGIN)
    assert "Content-Encoding" not in page
    assert page.content.endswith(b"</html>\n")
