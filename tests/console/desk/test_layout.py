"""/orders/layout/: the columns of the list, as each person wants them."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.desk import tabs
from console.desk.layout import COLUMNS, USUAL, Layout
from orders.models import ListLayout, Order
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
URL = "/orders/layout/"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def heads(response: Any) -> list[str]:
    """Return the words over the columns."""
    cells = re.findall(r'<th[^>]*role="columnheader"[^>]*>(.*?)</th>', text_of(response))
    return [html.unescape(re.sub("<[^>]*>", "", cell)).strip() for cell in cells if "<input" not in cell]


def choose(client: Client, *names: str, **more: str) -> Any:
    return client.post(URL, {"column": names, **more})


def test_columns_are_chosen_and_stay(bobs: Client, dana: User, make_order: MakeOrder) -> None:
    make_order("COMPLETED", customer_company="Öz & Co", submitted_by="erin")
    response = choose(bobs, "submitter", "company", "closed", **{"from": "status=completed"})
    assert response["Location"] == "/orders/?status=completed"
    page = bobs.get(response["Location"])
    assert heads(page) == ["Order", "Company", "Submitted by", "Closed"]
    assert "Öz &amp; Co" in text_of(page)
    assert ">erin<" in text_of(page)
    bobs.force_login(dana)
    assert heads(bobs.get("/orders/"))[1:] == [str(COLUMNS[name].label) for name in USUAL]


def test_the_usual_ones_come_back(bobs: Client) -> None:
    for fields in ({"usual": "1"}, {"column": USUAL}, {"column": ["nonsense"]}, {}):
        choose(bobs, "company")
        bobs.post(URL, fields)
        assert not ListLayout.objects.exists()


def test_rows_that_are_renewed_have_the_same_columns(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order(submitted_by="erin")
    choose(bobs, "status", "submitter")
    page = bobs.get("/orders/")
    assert "look=status.submitter" in page.context["poll_url"]
    assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204
    Order.objects.filter(pk=order.pk).update(version=99)
    row = text_of(bobs.get(page.context["poll_url"], headers=HTMX))
    assert row.count("<td") == 4
    assert ">erin<" in row
    assert "col-customer" not in row


def test_a_search_while_typing_has_the_same_columns(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    choose(bobs, "country")
    page = text_of(bobs.get("/orders/"))
    assert 'name="look" value="country"' in page
    found = bobs.get("/orders/", {"q": "emma", "look": "country"}, headers=HTMX)
    assert heads(found) == ["Order", "Country"]


def test_the_usual_columns_are_no_part_of_an_address(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    assert "look=" not in bobs.get("/orders/").context["poll_url"]


def test_columns_that_were_chosen_cost_no_statement(bobs: Client, make_order: MakeOrder) -> None:
    make_order("COMPLETED")
    numbers = []
    for names in (USUAL, tuple(COLUMNS)):
        choose(bobs, *names)
        bobs.get("/orders/")
        tabs.forget()
        with CaptureQueriesContext(connection) as sent:
            bobs.get("/orders/")
        numbers.append(len(sent))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("token", ["", "nonsense", "dense", "status.dense", "status.total.nonsense", "\x00", "x" * 300])
def test_what_an_open_page_says_of_its_columns_is_read(token: str) -> None:
    layout = Layout.read(token)
    assert Layout.read(layout.token) == layout
    assert set(layout.names) <= set(COLUMNS)
    assert layout.names


@pytest.mark.parametrize(
    ("query", "head", "link", "direction"),
    [
        ("", "Submitted", "/orders/?sort=oldest", "descending"),
        ("sort=oldest", "Submitted", "/orders/", "ascending"),
        ("status=awaiting", "Decide", "", "ascending"),
        ("status=awaiting", "Submitted", "/orders/?status=awaiting&sort=newest", ""),
        ("currency=EUR", "Total", "/orders/?currency=EUR&sort=largest", ""),
        ("currency=EUR&sort=largest", "Total", "/orders/?currency=EUR&sort=smallest", "descending"),
        ("", "Total", "", ""),
        ("", "Customer", "", ""),
    ],
)
def test_heads_lead_to_the_sorts_that_an_index_serves(
    bobs: Client, make_order: MakeOrder, query: str, head: str, link: str, direction: str
) -> None:
    make_order()
    found = {str(each.column.label): each for each in bobs.get(f"/orders/?{query}").context["heads"]}
    assert (found[head].url, found[head].direction) == (link, direction)


def test_it_says_to_screen_readers_how_it_is_sorted(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    assert 'aria-sort="descending" > <a href="/orders/?sort=oldest">Submitted</a>' in text_of(bobs.get("/orders/"))


class TestAccess:
    def test_a_stranger_has_to_sign_in(self, client: Client) -> None:
        assert client.post(URL, headers=HTMX).status_code == 401
        assert client.get(URL)["Location"] == leads_to_login(URL)

    def test_who_may_not_look_chooses_nothing(self, client: Client) -> None:
        client.force_login(User.objects.create_user("erin"))
        assert choose(client, "company").status_code == 403

    def test_with_htmx_it_leads_back_too(self, bobs: Client) -> None:
        response = bobs.post(URL, {"column": "total", "from": "status=awaiting"}, headers=HTMX)
        assert response["HX-Redirect"] == "/orders/?status=awaiting"

    def test_other_methods_are_refused(self, bobs: Client) -> None:
        assert bobs.get(URL).status_code == 405
