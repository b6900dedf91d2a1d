"""/orders/: the filters of the list, their panel, and what is set in words."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape

from console.desk import filter_panel, list_asked
from orders.listing import known_rules
from orders.listing.filters import FILTERS
from tests.asking import HTMX, text_of
from tests.making import MakeOrder
from tests.orders.policy.asking import make_rule

pytestmark = pytest.mark.django_db
URL = "/orders/"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def shown(response: Any) -> set[str]:
    """Return the order ids of the rows."""
    return {row.order.order_id for row in response.context["rows"]}


def test_filters_narrow_the_list_together_with_a_search(bobs: Client, make_order: MakeOrder) -> None:
    wanted = make_order("PAID", currency="USD", customer_name="Zoë Lang")
    make_order("PAID", currency="USD")
    make_order("PAID", customer_name="Zoë Lang")
    response = bobs.get(URL, {"currency": "USD", "q": "zoë"})
    assert shown(response) == {wanted.order_id}
    assert shown(bobs.get(URL, {"currency": "USD", "q": "zoë"}, headers=HTMX)) == {wanted.order_id}
    assert shown(bobs.get(URL, {"currency": "USD", "status": ["PAID", "COMPLETED"], "q": "lang"})) == {wanted.order_id}


def test_waits_for_me_leaves_out_own_orders(bobs: Client, make_order: MakeOrder) -> None:
    other = make_order()
    make_order(submitted_by="bob")
    assert shown(bobs.get(URL, {"waits_for": "me"})) == {other.order_id}


def test_what_is_set_is_said_in_words_and_can_be_removed(bobs: Client, make_order: MakeOrder) -> None:
    make_order("PAID")
    page = text_of(bobs.get(URL, {"status": ["PAID", "COMPLETED"], "decided_by": "bob", "q": "emma"}))
    chips = re.findall(r'class="chip" href="([^"]*)"> <span>([^<]*)<bdi>([^<]*)</bdi>', page)
    assert [(label, words) for _, label, words in chips] == [
        ("Status: ", "Paid"),
        ("Status: ", "Completed"),
        ("Decided by: ", "bob"),
    ]
    assert chips[2][0] == escape("/orders/?status=PAID&status=COMPLETED&q=emma")
    assert chips[0][0] == escape("/orders/?status=completed&decided_by=bob&q=emma").replace("completed", "COMPLETED")
    assert 'href="/orders/?q=emma">Remove all</a>' in page


def test_one_status_is_a_tab_where_there_is_one(bobs: Client, make_order: MakeOrder) -> None:
    make_order("COMPLETED")
    page = bobs.get(URL, {"status": "COMPLETED"})
    assert [tab.label for tab in page.context["tabs"] if tab.is_current] == ["Completed"]
    assert [tab for tab in bobs.get(URL, {"status": "PAID"}).context["tabs"] if tab.is_current] == []


def test_tabs_and_pages_and_the_search_keep_the_filters(
    bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_asked, "PAGE_SIZE", 2)
    for _ in range(5):
        make_order(currency="USD")
    make_order()
    response = bobs.get(URL, {"currency": "USD", "sort": "largest"})
    assert all("currency=USD" in tab.url and not tab.count for tab in response.context["tabs"])
    assert '<input type="hidden" name="currency" value="USD">' in text_of(response)
    seen = shown(response)
    while response.context["next_url"]:
        assert "sort=largest" in response.context["next_url"]
        response = bobs.get(response.context["next_url"])
        seen |= shown(response)
    assert len(seen) == 5


def test_an_order_leads_back_to_the_filtered_list(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order("PAID", currency="USD")
    query = "status=PAID&status=CANCELLED&currency=USD&q=emma"
    link = re.search(rf'id="row-{order}" class="order-id" href="([^"]+)"', text_of(bobs.get(f"{URL}?{query}")))
    assert link is not None
    page = text_of(bobs.get(link[1].replace("&amp;", "&")))
    assert f'href="{escape(URL + "?" + query)}">Orders</a>' in page


def test_the_panel_shows_what_is_set_and_what_is_wrong(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order()
    response = bobs.get(URL, {"total_min": "1.500", "currency": "EUR", "submitted_from": "31.12.2026", "payment": "x"})
    page = text_of(response)
    assert response.status_code == 200
    assert shown(response) == {order.order_id}
    assert '<details class="filter-panel" open>' in page
    assert "Total from: 1.500 is ambiguous." in page
    assert "Enter a date as year-month-day" in page
    assert 'value="1.500"' in page
    assert page.count('aria-invalid="true"') == 3


def test_empty_fields_of_the_panel_leave_no_trace_in_the_address(bobs: Client) -> None:
    query = dict.fromkeys(FILTERS, "") | {"decided_by": "bob", "q": "emma"}
    assert bobs.get(URL, query)["Location"] == "/orders/?decided_by=bob&q=emma"


def test_every_filter_has_a_field(bobs: Client) -> None:
    page = text_of(bobs.get(URL))
    assert {name for name in FILTERS if f'name="{name}"' not in page} == set()


def test_shortcuts_set_what_is_asked_often(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    panel = bobs.get(URL, {"currency": "EUR"}).context["panel"]
    assert [link.url for link in panel.shortcuts[:2]] == [
        "/orders/?waits_for=me&currency=EUR",
        "/orders/?submitted_from=today&currency=EUR",
    ]
    for link in panel.shortcuts:
        assert bobs.get(link.url).status_code == 200


@pytest.mark.parametrize(
    ("query", "sorts"),
    [
        ({}, ["Newest", "Oldest"]),
        ({"status": "awaiting"}, ["Newest", "Next to expire", "Oldest"]),
        ({"currency": "EUR"}, ["Newest", "Oldest", "Largest total", "Smallest total"]),
        ({"status": "completed"}, ["Newest", "Oldest", "Last closed"]),
        ({"closed_from": "today"}, ["Newest", "Oldest", "Last closed"]),
    ],
)
def test_only_sorts_that_an_index_serves_are_offered(
    bobs: Client, make_order: MakeOrder, query: dict[str, str], sorts: list[str]
) -> None:
    make_order(), make_order("COMPLETED")
    assert [str(label) for label, _, _ in bobs.get(URL, query).context["sorts"]] == sorts


def test_a_day_in_words_stays_in_its_field(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    page = text_of(bobs.get(URL, {"submitted_from": "6d", "submitted_to": "2026-11-30"}))
    assert 'name="submitted_from" value="6d" type="text"' in page
    assert 'name="submitted_to" value="2026-11-30" type="date"' in page


def test_rules_of_the_policy_are_suggested(bobs: Client, make_order: MakeOrder) -> None:
    make_rule("Large orders")
    ruled = make_order()
    known_rules.forget()
    page = text_of(bobs.get(URL))
    assert 'list="filter-rule-list"' in page
    assert '<option value="Large orders"></option>' in page
    assert shown(bobs.get(URL, {"rule": "large orders"})) == {ruled.order_id}


def test_no_match_says_so_and_how_to_see_more(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    page = text_of(bobs.get(URL, {"status": "awaiting", "currency": "USD"}))
    assert "No order matches these filters" in page
    assert 'href="/orders/?status=awaiting">Remove all filters</a>' in page


def test_a_poll_fits_into_an_address_beside_any_filter(bobs: Client, make_order: MakeOrder) -> None:
    for number in range(20):
        make_order("PAID", order_id=f"order-{number:058}")
    query = {"status": ["PAID", "COMPLETED"], "customer": "emma@example.com", "decided_by": "🦀" * 160}
    bobs.get(URL, query)
    page = bobs.get(URL, {**query, "decided_by": "bob", "submitted_by": "alice", "cursor": "é" * 280})
    for address in (page.context["poll_url"], bobs.get(URL, {"q": "emma " * 5 + "🦀" * 220}).context["poll_url"]):
        assert len(f"GET {address} HTTP/1.1") < 4094
        assert bobs.get(address, headers=HTMX).status_code in {200, 204}


def test_a_filtered_list_is_live_and_counts_nothing(bobs: Client, make_order: MakeOrder) -> None:
    make_order(currency="USD")
    page = bobs.get(URL, {"currency": "USD"})
    assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204
    make_order()
    assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204


def test_the_panel_is_made_once_for_the_same_filters_and_for_no_others(client: Client, bob: User, dana: User) -> None:
    filter_panel._render.cache_clear()
    for user, path in ((bob, "/orders/?total_min=5&currency=EUR"), (dana, "/orders/?total_min=5&currency=EUR")):
        client.force_login(user)
        assert 'value="5"' in text_of(client.get(path))
    assert filter_panel._render.cache_info().misses == 1
    assert 'value="5"' not in text_of(client.get("/orders/?total_min=7&currency=EUR"))
    assert 'name="q" value="mug"' in text_of(client.get("/orders/?total_min=7&currency=EUR&q=mug"))
