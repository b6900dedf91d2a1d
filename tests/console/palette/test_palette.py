"""/palette/: what a few letters lead to, as a dialog for htmx and as a page without."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.listing.saved_views import save_view
from orders.models import Order
from orders.overview import finding
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
URL = "/palette/"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def offered(response: Any, title: str) -> dict[str, str]:
    """Return the words and addresses of a group."""
    assert response.status_code == 200
    groups = {str(group.title): group.choices for group in response.context["groups"]}
    return {choice.words: choice.url for choice in groups.get(title, ())}


def test_it_finds_orders_and_their_customers(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order(customer_name="Şahin Öz", customer_email="sahin@example.org")
    make_order()
    for typed in ("sahin", "SAHIN öz", order.order_id[:12]):
        response = bobs.get(URL, {"q": typed})
        assert offered(response, "Orders") == {order.order_id: order.get_absolute_url()}
        assert "Şahin Öz · 25.00 EUR · Awaiting approval" in text_of(response)
    assert offered(bobs.get(URL, {"q": "sahin"}), "Customers") == {"Şahin Öz": "/orders/?customer=sahin%40example.org"}
    assert offered(bobs.get(URL, {"q": order.order_id[:12]}), "Customers") == {}


def test_the_latest_come_first_and_the_index_finds_the_rest(
    bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make_order(customer_name="Zoë Lang")
    for _ in range(8):
        make_order()
    assert len(offered(bobs.get(URL, {"q": "emma"}), "Orders")) == 6
    monkeypatch.setattr(finding, "NEAR_ROWS", 2)
    assert list(offered(bobs.get(URL, {"q": "zoë"}), "Orders")) == [old.order_id]
    newest = [order.order_id for order in Order.objects.order_by("-pk")[:6]]
    assert list(offered(bobs.get(URL, {"q": "emma"}), "Orders")) == newest


@pytest.mark.parametrize("typed", ["", " ", "'", "%", "\x00", "&|!", "🦀" * 300, "https://x/order-0"])
def test_any_text_is_answered(bobs: Client, make_order: MakeOrder, typed: str) -> None:
    make_order()
    for headers in ({}, HTMX):
        assert bobs.get(URL, {"q": typed, "order": typed}, headers=headers).status_code == 200


def test_it_finds_pages_that_the_person_may_open(client: Client, bob: User, alice: User, charlie: User) -> None:
    for user, has, has_not in (
        (bob, {"Your desk", "My batches"}, {"New order", "Admin"}),
        (alice, {"New order", "All orders"}, {"Your desk", "My batches"}),
        (charlie, {"Reports"}, {"New order", "My batches"}),
    ):
        client.force_login(user)
        pages = offered(client.get(URL), "Pages")
        assert has <= pages.keys()
        assert not has_not & pages.keys()
        for url in pages.values():
            assert client.get(url).status_code in {200, 302}
    assert offered(client.get(URL, {"q": "orders await"}), "Pages") == {
        "Orders awaiting approval": "/orders/?status=awaiting"
    }


def test_it_finds_own_views_alone(bobs: Client, bob: User, dana: User) -> None:
    view = save_view("status=PAID", owner=bob, name="Morning round")
    save_view("", owner=dana, name="Morning of dana")
    assert offered(bobs.get(URL, {"q": "morn"}), "Saved views") == {"Morning round": f"/orders/?view={view.view_id}"}


def test_it_offers_what_may_be_done_with_the_order_of_the_page(
    client: Client, bob: User, charlie: User, make_order: MakeOrder
) -> None:
    waiting, done = make_order(), make_order("COMPLETED")
    client.force_login(bob)
    page = text_of(client.get(waiting.get_absolute_url()))
    assert f'href="/palette/?order={waiting.order_id}"' in page
    assert 'id="approve"' in page
    assert 'id="cancel"' in page
    actions = offered(client.get(URL, {"order": waiting.order_id}), "This order")
    assert actions["Approve this order"] == f"{waiting.get_absolute_url()}#approve"
    assert actions["Cancel this order…"] == f"{waiting.get_absolute_url()}#cancel"
    assert list(offered(client.get(URL, {"order": waiting.order_id, "q": "canc"}), "This order")) == [
        "Cancel this order…"
    ]
    assert "Approve this order" not in offered(client.get(URL, {"order": done.order_id}), "This order")
    assert offered(client.get(URL, {"order": "order-UNKNOWN"}), "This order") == {}
    client.force_login(charlie)
    assert "Approve this order" not in offered(client.get(URL, {"order": waiting.order_id}), "This order")


def test_the_dialogs_list_is_a_fragment(bobs: Client) -> None:
    assert '<dialog id="palette"' in text_of(bobs.get("/orders/"))
    listed = text_of(bobs.get(URL, {"q": "orders"}, headers=HTMX))
    assert "<html" not in listed
    assert 'role="option"' in listed
    assert "results" in listed
    assert "Nothing found." in text_of(bobs.get(URL, {"q": "xyzzy"}, headers=HTMX))


def test_without_htmx_it_is_a_page(bobs: Client) -> None:
    page = text_of(bobs.get(URL, {"q": "<b>"}))
    assert "<h1>Go to</h1>" in page
    assert 'value="&lt;b&gt;"' in page
    assert 'role="option"' not in page


def test_it_costs_three_statements(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order()
    query = {"q": "emma", "order": order.order_id}
    bobs.get(URL, query, headers=HTMX)
    with CaptureQueriesContext(connection) as sent:
        bobs.get(URL, query, headers=HTMX)
    assert len(sent) <= 3


def test_who_may_not_look_is_refused(client: Client, bob: User) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)
    assert client.get(URL, headers=HTMX).status_code == 401
    client.force_login(User.objects.create_user("erin"))
    assert client.get(URL).status_code == 403
    assert 'id="palette-open"' not in text_of(client.get("/accounts/password/"))
    client.force_login(bob)
    assert client.post(URL).status_code == 405
