"""/orders/bulk/tags/: a tag added to, or removed from, the ticked orders or all of a list."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.desk import list_asked
from console.forms import PAGE_SIZE
from console.tags import bulk
from orders.decisions.tags import MOST_TAGS, add_tag
from orders.models import Order, OrderTag
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
URL = "/orders/bulk/tags/"


@pytest.fixture(params=[{}, HTMX], ids=["without htmx", "with htmx"])
def headers(request: pytest.FixtureRequest) -> dict[str, str]:
    """Ask as a browser, and as htmx."""
    asked: dict[str, str] = request.param
    return asked


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def ticked(*orders: Order | str, **more: str) -> dict[str, Any]:
    """Return the form of the list with orders ticked."""
    return {"order_id": [str(order) for order in orders], **more}


def names() -> list[str]:
    return list(OrderTag.objects.order_by("order", "name").values_list("name", flat=True))


def follow(client: Client, response: Any, headers: dict[str, str]) -> str:
    """Return the words of the list that the answer leads back to."""
    assert response.status_code == (200 if headers else 302), text_of(response)
    return " ".join(text_of(client.get(response["HX-Redirect"] if headers else response["Location"])).split())


class TestTicked:
    def test_it_asks_for_the_tag_and_tells_how_many_got_it(
        self, bobs: Client, make_order: MakeOrder, bob: User, headers: dict[str, str]
    ) -> None:
        orders = [make_order() for _ in range(3)]
        add_tag(orders[0], actor=bob, text="gift")
        asked = " ".join(text_of(bobs.post(URL, ticked(*orders), headers=headers)).split())
        assert "Tag 3 orders" in asked
        assert ("<html" in asked) is not bool(headers)
        assert asked.count('name="order_id"') == 3
        assert names() == ["gift"]
        sent = ticked(*orders, tag="Gift", deed="add", **{"from": "status=awaiting"})
        response = bobs.post(URL, sent, headers=headers)
        page = follow(bobs, response, headers)
        assert "Tagged 2 of 3 orders with gift; 1 had it before." in page
        assert "/orders/?status=awaiting" in (response.get("HX-Redirect") or response.get("Location") or "")
        assert names() == ["gift"] * 3

    def test_it_is_removed_from_those_that_have_it(
        self, bobs: Client, make_order: MakeOrder, bob: User, headers: dict[str, str]
    ) -> None:
        orders = [make_order() for _ in range(2)]
        add_tag(orders[0], actor=bob, text="gift")
        page = follow(bobs, bobs.post(URL, ticked(*orders, tag="gift", deed="remove"), headers=headers), headers)
        assert "Removed the tag gift from 1 of 2 orders; 1 did not have it." in page
        assert names() == []

    def test_what_is_no_tag_is_refused_and_not_lost(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        response = bobs.post(URL, ticked(make_order(), tag="gift/wrap", deed="add"), headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert 'value="gift/wrap"' in page
        assert "Use letters, digits and hyphens in a tag, such as gift-wrap." in page
        assert 'name="order_id"' in page

    def test_those_that_are_full_are_named(
        self, bobs: Client, make_order: MakeOrder, bob: User, headers: dict[str, str]
    ) -> None:
        full = make_order()
        for number in range(MOST_TAGS):
            add_tag(full, actor=bob, text=f"tag {number}")
        response = bobs.post(URL, ticked(full, make_order(), tag="gift", deed="add"), headers=headers)
        page = follow(bobs, response, headers)
        assert "Tagged 1 of 2 orders with gift." in page
        assert f"1 order has 20 tags already, the most that it can have: {full.order_id}." in page


class TestWholeList:
    def test_it_takes_all_that_match_the_filter(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(list_asked, "PAGE_SIZE", 2)
        for _ in range(3):
            make_order()
        make_order("PAID")
        assert f'formaction="{URL}" name="ask_all"' in " ".join(text_of(bobs.get("/orders/?status=awaiting")).split())
        asked = text_of(bobs.post(URL, {"ask_all": "tag", "query": "status=awaiting"}, headers=headers))
        assert "Tag 3 orders" in " ".join(asked.split())
        assert 'name="confirmed" value="3"' in asked
        sent = {"scope": "all", "query": "status=awaiting", "confirmed": "3", "tag": "gift", "deed": "add"}
        assert "Tagged 3 of 3 orders with gift." in follow(bobs, bobs.post(URL, sent, headers=headers), headers)

    def test_a_list_that_has_grown_is_asked_about_again(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        for _ in range(2):
            make_order()
        sent = {"scope": "all", "query": "status=awaiting", "confirmed": "1", "tag": "gift", "deed": "add"}
        page = text_of(bobs.post(URL, sent, headers=headers))
        assert "More orders are in this list now." in page
        assert 'value="gift"' in page
        assert names() == []

    def test_a_list_that_is_too_long_says_so(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "MOST_ORDERS", 1)
        for _ in range(2):
            make_order()
        response = bobs.post(URL, {"ask_all": "tag", "query": "status=awaiting"}, headers=headers)
        assert response.status_code == 422
        assert "This list has more than 1 orders. Narrow it by a filter first." in text_of(response)


def test_the_list_offers_it_to_those_who_may(client: Client, make_order: MakeOrder, bob: User) -> None:
    make_order()
    for person, is_offered in ((bob, True), (make_user("charlie", "viewer"), False)):
        client.force_login(person)
        assert (f'formaction="{URL}"' in text_of(client.get("/orders/"))) is is_offered


@pytest.mark.parametrize("deed", ["", "add", "remove"])
def test_others_are_refused(
    client: Client, make_order: MakeOrder, bob: User, headers: dict[str, str], deed: str
) -> None:
    order = make_order()
    add_tag(order, actor=bob, text="kept")
    for person in (make_user("alice", "clerk"), make_user("charlie", "viewer"), make_user("nobody")):
        client.force_login(person)
        assert client.post(URL, ticked(order, tag="kept", deed=deed), headers=headers).status_code == 403
    assert names() == ["kept"]


def test_a_stranger_is_led_to_sign_in(client: Client) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)


def test_a_get_leads_to_the_list(bobs: Client) -> None:
    assert bobs.get(URL)["Location"] == "/orders/"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"deed": "shout", "order_id": "order-0123456789AB"}, 400),
        ({"deed": "add", "tag": "x"}, 422),
        ({"deed": "add", "tag": "x", "order_id": "order-0123456789AB"}, 422),
        ({"deed": "add", "tag": "x", "order_id": [f"order-{number:012}" for number in range(PAGE_SIZE + 1)]}, 422),
    ],
)
def test_what_names_no_order_is_refused(bobs: Client, sent: dict[str, Any], status: int) -> None:
    assert bobs.post(URL, sent).status_code == status
