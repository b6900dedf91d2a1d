"""The way from the list to an order and back: to the same tab, search and page, and nowhere else."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.desk import list_asked
from console.desk.way_back import WayBack
from orders.models import Order
from tests.asking import HTMX, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
LISTS = [
    "/orders/?status=all",
    "/orders/?status=awaiting",
    "/orders/?status=awaiting&sort=newest",
    "/orders/?status=awaiting&q=emma+example",
    "/orders/?status=all&q=" + quote("Åsa & Söhne + 100% = #1; “สมหญิง” /?from=x"),
]


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def row_link(response: Any, order: Order) -> str:
    """Return where the row of an order leads to."""
    found = re.search(rf'id="row-{order}" class="order-id" href="([^"]+)"', text_of(response))
    assert found is not None
    return html.unescape(found[1])


def way_back(response: Any) -> str:
    """Return where "← Orders" leads to."""
    found = re.search(r'<nav class="crumbs"[^>]*> ?<a href="([^"]+)">Orders</a>', text_of(response))
    assert found is not None
    return html.unescape(found[1])


def is_same_list(one: str, other: str) -> bool:
    return urlsplit(one).path == urlsplit(other).path and parse_qs(urlsplit(one).query) == parse_qs(
        urlsplit(other).query
    )


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_it_leads_back_to_the_list_one_came_from(
    bobs: Client, make_order: MakeOrder, address: str, headers: dict[str, str]
) -> None:
    order = make_order(customer_name="Emma Example Åsa Söhne 100 1 สมหญิง from x")
    page = bobs.get(row_link(bobs.get(address, headers=headers), order))
    assert is_same_list(way_back(page), address)
    assert str(order) in text_of(bobs.get(way_back(page)))


def test_it_leads_back_to_the_page_one_came_from(
    bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_asked, "PAGE_SIZE", 1)
    first, second = make_order(deadline_seconds=100), make_order(deadline_seconds=200)
    next_url = bobs.get("/orders/?status=awaiting").context["next_url"]
    page = bobs.get(row_link(bobs.get(next_url), second))
    assert is_same_list(way_back(page), next_url)
    assert [row.order for row in bobs.get(way_back(page)).context["rows"]] == [second]
    assert first.order_id not in text_of(bobs.get(way_back(page)))


def test_rows_that_are_renewed_keep_it(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order(customer_name="Emma Example")
    page = bobs.get("/orders/?status=awaiting&q=emma")
    Order.objects.update(version=99)
    assert row_link(bobs.get(page.context["poll_url"], headers=HTMX), order) == row_link(page, order)


def test_it_outlives_decisions_the_next_order_and_live_status(bobs: Client, make_order: MakeOrder) -> None:
    order, following = make_order(deadline_seconds=100), make_order(deadline_seconds=200)
    way = WayBack.of([("status", "awaiting"), ("q", "emma")])
    page = text_of(bobs.get(order.get_absolute_url() + way.suffix))
    for verb in ("approve", "cancel"):
        assert f'action="{order.get_absolute_url()}{verb}/{way.suffix}"' in page
        assert f'hx-post="{order.get_absolute_url()}{verb}/{way.suffix}"' in page
    assert f'href="{following.get_absolute_url()}{way.suffix}"' in page
    status_url = html.unescape(re.findall(r'hx-get="([^"]+/status/[^"]+)"', page)[0])
    changes = text_of(bobs.get(status_url.replace("version=", "version=0"), headers=HTMX))
    assert f'href="{following.get_absolute_url()}{way.suffix}"' in changes
    assert f"from={quote(way.query, safe='')}" in changes, "the next one knows it too"
    cancelled = bobs.post(f"{following.get_absolute_url()}cancel/{way.suffix}", {"reason": "x"})
    assert is_same_list(way_back(bobs.get(cancelled["Location"])), way.url)
    refused = bobs.post(f"{order.get_absolute_url()}cancel/{way.suffix}", {"reason": ""})
    assert is_same_list(way_back(refused), way.url)
    for path in ("approve/", "cancel/", "status/"):
        assert bobs.get(f"{order.get_absolute_url()}{path}{way.suffix}")["Location"].endswith(way.suffix)


def test_it_outlives_a_session(client: Client, bob: User, make_order: MakeOrder) -> None:
    order, way = make_order(), WayBack.of([("status", "completed"), ("q", "emma")])
    response = client.post(f"{order.get_absolute_url()}cancel/{way.suffix}", {"reason": "typed"})
    response = client.get(response["Location"])
    response = client.post(
        "/accounts/login/", {"username": "bob", "password": "demo", "next": response.context["next"]}, follow=True
    )
    assert is_same_list(way_back(response), way.url)
    assert "typed" in text_of(response)


def test_several_decisions_lead_back_too(bobs: Client, make_order: MakeOrder) -> None:
    order, way = make_order(), WayBack.of([("status", "in-motion"), ("q", "emma")])
    page = text_of(bobs.get("/orders/?status=awaiting&q=emma"))
    assert f'name="from" value="{html.escape(WayBack.of([("status", "awaiting"), ("q", "emma")]).query)}"' in page
    sent = {"order_id": [str(order)], "from": way.query}
    asked = text_of(bobs.post("/orders/bulk/", sent | {"ask": "approve"}))
    assert f'name="from" value="{html.escape(way.query)}"' in asked
    assert f'href="{html.escape(way.url)}"' in asked
    decided = text_of(bobs.post("/orders/bulk/", sent | {"kind": "approve"}, follow=True))
    assert f'href="{html.escape(way.url)}"' in decided
    assert f'href="{order.get_absolute_url()}{way.suffix}"' in decided


@pytest.mark.parametrize(
    "given",
    [
        *("", "https://evil.example/", "//evil.example", "/admin/", "javascript:alert(1)", "\x00", "\\\\evil", "%00"),
        *("status=nonsense", "sort=x&rows=1", "next=https://evil.example", "q=%00", "live=1", "a" * 5000, "&&==;;"),
        *("status=all\r\nSet-Cookie: a=b", "\ud800"),
    ],
)
def test_it_leads_to_no_other_page(bobs: Client, make_order: MakeOrder, given: str) -> None:
    query = urlencode({"from": given}, errors="surrogatepass")
    page = bobs.get(f"{make_order().get_absolute_url()}?{query}")
    target = urlsplit(way_back(page))
    assert (target.scheme, target.netloc, target.path) == ("", "", "/orders/")
    assert parse_qs(target.query).keys() <= {"status", "sort", "q", "cursor"}
    assert "evil" not in target.query or target.query.startswith("q=")
    assert bobs.get(way_back(page)).status_code == 200


def test_without_one_it_leads_to_what_waits(bobs: Client, make_order: MakeOrder) -> None:
    assert way_back(bobs.get(make_order().get_absolute_url())) == "/orders/?status=awaiting"


def test_the_longest_way_fits_into_an_address(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order(customer_name="สมหญิง", order_id="order-" + "x" * 58)
    query = {"status": "awaiting", "q": "สมหญิง" * 42}
    way = WayBack.of([*query.items(), ("cursor", "A" * 160)])
    page = text_of(bobs.get(order.get_absolute_url() + way.suffix))
    for address in re.findall(r'(?:href|action|hx-get)="([^"]+)"', page):
        assert len(f"POST {html.unescape(address)} HTTP/1.1") < 4094, "gunicorn takes no longer line"
    assert is_same_list(WayBack.of(query.items()).url, "/orders/?" + urlencode(query))
