"""/orders/<order_id>/tags/ and …/remove/: the tags of an order, on its page, in the list and in the API."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.decisions.tags import add_tag
from orders.models import Order
from tests.asking import HTMX, leads_to_login, text_of
from tests.console.api.calling import ORDERS, Program
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
PATHS = pytest.mark.parametrize("path", ["tags/", "tags/remove/"])


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def names(order: Order) -> list[str]:
    return list(order.tags.values_list("name", flat=True))


@BOTH
class TestTags:
    def test_one_is_added_and_removed(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        url = f"{order.get_absolute_url()}tags/"
        page = text_of(bobs.post(url, {"tag": "Gift wrap"}, headers=headers, follow=True))
        assert '<a href="/orders/?tag=gift-wrap"><bdi>gift-wrap</bdi></a>' in page
        assert ("<html" in page) is not bool(headers)
        assert names(order) == ["gift-wrap"]
        page = text_of(bobs.post(f"{url}remove/", {"tag": "gift-wrap"}, headers=headers, follow=True))
        assert "?tag=gift-wrap" not in page
        assert names(order) == []

    def test_what_is_no_tag_is_refused_and_not_lost(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        response = bobs.post(f"{order.get_absolute_url()}tags/", {"tag": "gift/wrap"}, headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert 'value="gift/wrap"' in page
        assert "Use letters, digits and hyphens in a tag, such as gift-wrap." in page

    @PATHS
    def test_others_are_refused(
        self, client: Client, order: Order, bob: User, headers: dict[str, str], path: str
    ) -> None:
        add_tag(order, actor=bob, text="kept")
        for person in (make_user("alice", "clerk"), make_user("charlie", "viewer"), make_user("nobody")):
            client.force_login(person)
            url = f"{order.get_absolute_url()}{path}"
            assert client.post(url, {"tag": "kept"}, headers=headers).status_code == 403
        assert names(order) == ["kept"]

    @PATHS
    def test_strangers_and_other_methods(
        self, client: Client, bob: User, order: Order, headers: dict[str, str], path: str
    ) -> None:
        url = f"{order.get_absolute_url()}{path}"
        response = client.post(url, {"tag": "gift"}, headers=headers)
        if headers:
            assert response.status_code == 401
        else:
            assert response["Location"] == leads_to_login(order.get_absolute_url())
        client.force_login(bob)
        assert client.get(url, headers=headers)["Location"] == order.get_absolute_url()
        assert client.put(url, headers=headers).status_code == 405
        assert client.post(f"/orders/order-NOPE/{path}", {"tag": "gift"}, headers=headers).status_code == 404


def test_who_may_not_decide_reads_them(client: Client, alice: User, bob: User, order: Order) -> None:
    add_tag(order, actor=bob, text="gift")
    client.force_login(alice)
    page = text_of(client.get(order.get_absolute_url()))
    assert ("<bdi>gift</bdi>" in page, 'id="tag"' in page, "Remove the tag" in page) == (True, False, False)


def test_the_list_is_filtered_by_them(bobs: Client, bob: User, make_order: MakeOrder) -> None:
    tagged, other = make_order("PAID"), make_order("PAID")
    add_tag(tagged, actor=bob, text="gift")
    page = text_of(bobs.get("/orders/?tag=%23Gift"))
    assert (tagged.order_id in page, other.order_id in page) == (True, False)
    assert "Use letters, digits and hyphens" in text_of(bobs.get("/orders/?tag=a/b"))


def test_the_api_tells_and_filters(bob: User, make_order: MakeOrder) -> None:
    tagged, other = make_order(), make_order()
    add_tag(tagged, actor=bob, text="gift")
    found = Program("read").get(ORDERS, tag="gift").json()["data"]
    assert [(each["order_id"], each["tags"]) for each in found] == [(tagged.order_id, ["gift"])]
    assert Program("read", name="second").get(f"{ORDERS}/{other.order_id}").json()["tags"] == []
