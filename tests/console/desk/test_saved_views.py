"""/orders/views/: lists that a person keeps under names, opens, shares, changes and deletes."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.expressions import RawSQL
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.desk import saved_views as shelf
from console.desk import tabs
from orders.errors import ViewInvalid
from orders.intake.drafts import LineDraft
from orders.listing.saved_views import MOST_VIEWS, choose_default, save_view
from orders.models import Order, SavedView
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
URL = "/orders/views/"
QUERY = "status=PAID&currency=USD&sort=largest"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def view(bob: User) -> SavedView:
    """Bob's view of paid orders in US dollars."""
    return save_view(QUERY, owner=bob, name="Dollars")


def shown(response: Any) -> set[str]:
    return {row.order.order_id for row in response.context["rows"]}


def lines(price: int) -> tuple[LineDraft, ...]:
    return (LineDraft("MUG-1", "Mug", 1, price),)


def change(client: Client, view: SavedView, **fields: str) -> Any:
    return client.post(f"{URL}{view.view_id}/change/", fields)


class TestSaving:
    def test_a_list_is_saved_as_its_address_has_it(self, bobs: Client, make_order: MakeOrder) -> None:
        page = text_of(bobs.get("/orders/?currency=usd&status=PAID&sort=largest"))
        query = re.search(r'name="query" value="([^"]*)"', page)
        assert query is not None
        response = bobs.post(URL, {"query": query[1].replace("&amp;", "&"), "name": "  Dollars "})
        saved = SavedView.objects.get()
        assert (saved.name, saved.is_default) == ("Dollars", False)
        assert response["Location"] == f"/orders/?view={saved.view_id}"
        assert "Saved as “Dollars”." in text_of(bobs.get(response["Location"]))

    def test_with_htmx_it_leads_there_too(self, bobs: Client) -> None:
        response = bobs.post(URL, {"query": QUERY, "name": "Dollars"}, headers=HTMX)
        assert response["HX-Redirect"] == f"/orders/?view={SavedView.objects.get().view_id}"

    @pytest.mark.parametrize(
        ("name", "query", "said"),
        [
            ("", QUERY, "Enter a name for the view."),
            ("x" * 61, QUERY, "at most 60 characters"),
            ("DOLLARS", QUERY, "You already have a view named “DOLLARS”"),
            ("Other", "total_min=5", "This list cannot be saved as it is."),
            ("Other", "customer=" + "é" * 250 + "&q=" + "é" * 250 + "&decided_by=" + "é" * 250, "too many filters"),
        ],
    )
    def test_what_cannot_be_saved_is_told_and_kept(
        self, bobs: Client, view: SavedView, name: str, query: str, said: str
    ) -> None:
        response = bobs.post(URL, {"query": query, "name": name})
        assert response.status_code == 422
        assert said in text_of(response)
        assert f'value="{name}"' in text_of(response)
        assert SavedView.objects.count() == 1

    def test_their_number_is_bounded(self, bob: User) -> None:
        for number in range(MOST_VIEWS):
            save_view("", owner=bob, name=str(number))
        with pytest.raises(ViewInvalid, match="which is the most"):
            save_view("", owner=bob, name="One more")


class TestOpening:
    def test_it_shows_what_was_saved(self, bobs: Client, view: SavedView, make_order: MakeOrder) -> None:
        small, large = (make_order("PAID", currency="USD", lines=lines(price)) for price in (100, 900))
        make_order("PAID"), make_order(currency="USD")
        response = bobs.get("/orders/", {"view": view.view_id})
        assert [row.order for row in response.context["rows"]] == [large, small]
        assert f'href="/orders/?view={view.view_id}" aria-current="page"' in text_of(response)
        assert response.context["is_changed"] is False

    def test_its_links_go_on_from_it(self, bobs: Client, view: SavedView, make_order: MakeOrder) -> None:
        order = make_order("PAID", currency="USD")
        page = bobs.get("/orders/", {"view": view.view_id})
        without = page.context["panel"].chips[0].url
        assert without == f"/orders/?currency=USD&sort=largest&view={view.view_id}"
        other = bobs.get(without)
        assert other.context["is_changed"] is True
        assert "Changed since you opened “Dollars”." in text_of(other)
        assert other.context["shelf"].current.view_id == view.view_id
        cleared = bobs.get(page.context["panel"].clear_url)
        assert cleared.context["asked"].query.typed == ()
        paid = bobs.get(page.context["panel"].chips[1].url)
        assert [chip.words for chip in paid.context["asked"].query.chips] == ["Paid"]
        assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204
        link = re.search(rf'id="row-{order}" class="order-id" href="([^"]+)"', text_of(page))
        assert link is not None
        back = re.search(r'<nav class="crumbs"[^>]*> ?<a href="([^"]+)">', text_of(bobs.get(link[1])))
        assert back is not None
        assert view.view_id in back[1]

    def test_somebody_else_opens_it_as_their_own_list(
        self, client: Client, bob: User, dana: User, make_order: MakeOrder
    ) -> None:
        shared = save_view("waits_for=me", owner=bob, name="Mine")
        order = make_order(submitted_by="bob")
        for user, expected in ((dana, {order.order_id}), (bob, set())):
            client.force_login(user)
            response = client.get("/orders/", {"view": shared.view_id})
            assert shown(response) == expected
        client.force_login(dana)
        page = text_of(client.get("/orders/", {"view": shared.view_id, "status": "completed"}))
        assert "by bob" in page
        assert "Save the changes" not in page

    def test_one_that_is_gone_says_so(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        response = bobs.get("/orders/?view=view-000000000000")
        assert shown(response) == {order.order_id}
        assert str(shelf.GONE) in text_of(response)
        assert bobs.get("/orders/export/?view=view-000000000000").status_code == 404
        for name in ("\x00", "nonsense", "view-%"):
            assert str(shelf.GONE) in text_of(bobs.get("/orders/", {"view": name}))
        beside = bobs.get("/orders/?view=view-000000000000&status=awaiting")
        assert shown(beside) == {order.order_id}
        assert str(shelf.GONE) not in text_of(beside)

    def test_it_is_exported(self, bobs: Client, view: SavedView, make_order: MakeOrder) -> None:
        order = make_order("PAID", currency="USD")
        make_order()
        response: Any = bobs.get("/orders/export/", {"view": view.view_id})
        text = b"".join(response.streaming_content).decode()
        assert text.count("\r\n") == 2
        assert order.order_id in text

    def test_the_one_by_default_is_what_orders_opens(self, bobs: Client, bob: User, view: SavedView) -> None:
        assert bobs.get("/orders/?view=default")["Location"] == "/orders/?status=awaiting"
        choose_default(view.view_id, owner=bob, is_default=True)
        assert bobs.get("/orders/?view=default")["Location"] == f"/orders/?view={view.view_id}"
        assert 'href="/orders/?view=default"' in text_of(bobs.get("/orders/"))

    def test_it_costs_no_statement(self, bobs: Client, view: SavedView, make_order: MakeOrder) -> None:
        make_order("PAID", currency="USD")
        numbers = []
        for path in ("/orders/", f"/orders/?{QUERY}", f"/orders/?view={view.view_id}"):
            bobs.get(path)
            tabs.forget()
            with CaptureQueriesContext(connection) as sent:
                bobs.get(path)
            numbers.append(len(sent))
        assert numbers[0] == numbers[1] == numbers[2] <= 5


class TestCounts:
    def test_a_badge_for_each_view(self, bobs: Client, bob: User, view: SavedView, make_order: MakeOrder) -> None:
        make_order("PAID", currency="USD"), make_order("PAID", customer_name="Zoë Lang")
        found = save_view("q=zoë", owner=bob, name="Zoë")
        page = text_of(bobs.get(f"{URL}counts/", headers=HTMX))
        for each in (view, found):
            assert f'<span class="count" id="count-{each.view_id}" hx-swap-oob="true">1</span>' in page
            assert f'id="count-{each.view_id}"' in text_of(bobs.get("/orders/")), "its place on the page"

    @pytest.mark.django_db(transaction=True)
    def test_counts_that_take_too_long_are_not_shown(
        self, client: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user = make_user("bob", "approver")
        client.force_login(user)
        make_order(), save_view("", owner=user, name="All")
        slow = Order.objects.filter(pk__gt=RawSQL("(SELECT 0 FROM pg_sleep(5))", ()))
        monkeypatch.setattr(shelf, "_find_orders", lambda _asked: slow)
        monkeypatch.setattr(shelf, "MOST_SECONDS", 0.05)
        response = client.get(URL)
        assert response.status_code == 200
        assert response.context["views"][0][2] == ""

    def test_without_htmx_they_are_on_the_page_of_views(self, bobs: Client) -> None:
        assert bobs.get(f"{URL}counts/")["Location"] == URL


class TestChanging:
    def test_it_is_renamed(self, bobs: Client, view: SavedView) -> None:
        assert change(bobs, view, change="rename", name="US orders")["Location"] == URL
        view.refresh_from_db()
        assert view.name == "US orders"
        response = change(bobs, view, change="rename", name=" ")
        assert response.status_code == 422
        assert "Enter a name for the view." in text_of(response)

    def test_it_keeps_another_list(self, bobs: Client, view: SavedView) -> None:
        response = change(bobs, view, change="replace", query="status=completed&q=emma")
        assert response["Location"] == f"/orders/?view={view.view_id}"
        view.refresh_from_db()
        assert view.query == "status=completed&q=emma"

    def test_one_at_most_is_opened_by_default(self, bobs: Client, bob: User, view: SavedView) -> None:
        first = save_view("", owner=bob, name="First", is_default=True)
        change(bobs, view, change="default")
        assert list(SavedView.objects.filter(is_default=True)) == [view]
        change(bobs, view, change="usual")
        assert not SavedView.objects.filter(is_default=True).exists()
        assert first.name in text_of(bobs.get(URL))

    def test_it_is_deleted(self, bobs: Client, view: SavedView) -> None:
        change(bobs, view, change="delete")
        assert not SavedView.objects.exists()
        assert "“Dollars” was deleted." in text_of(bobs.get(URL))

    def test_nobody_else_changes_it(self, client: Client, view: SavedView, dana: User) -> None:
        client.force_login(dana)
        for fields in ({"change": "delete"}, {"change": "rename", "name": "x"}, {"change": "default"}):
            assert change(client, view, **fields).status_code == 404
        assert change(client, view, change="replace", query="").status_code == 404
        view.refresh_from_db()
        assert (view.name, view.is_default, view.query) == ("Dollars", False, QUERY)
        assert "Dollars" not in text_of(client.get(URL))

    def test_a_made_up_change_is_refused(self, bobs: Client, view: SavedView) -> None:
        assert change(bobs, view, change="burn").status_code == 400

    def test_with_htmx_it_leads_on_as_well(self, bobs: Client, view: SavedView) -> None:
        response = bobs.post(f"{URL}{view.view_id}/change/", {"change": "default"}, headers=HTMX)
        assert response["HX-Redirect"] == URL


class TestAccess:
    def test_a_stranger_has_to_sign_in(self, client: Client, view: SavedView) -> None:
        assert client.get(URL)["Location"] == leads_to_login(URL)
        assert client.get(f"{URL}counts/", headers=HTMX).status_code == 401
        assert client.post(f"{URL}{view.view_id}/change/", {"change": "delete"}, headers=HTMX).status_code == 401

    def test_who_may_not_look_at_orders_has_no_views(self, client: Client, view: SavedView) -> None:
        client.force_login(User.objects.create_user("erin"))
        assert client.get(URL).status_code == 403
        assert client.post(URL, {"name": "x"}).status_code == 403
        assert client.get(f"{URL}counts/", headers=HTMX).status_code == 403
        assert change(client, view, change="delete").status_code == 403

    def test_who_only_looks_has_views(self, client: Client, charlie: User) -> None:
        client.force_login(charlie)
        assert client.post(URL, {"query": "", "name": "All"}).status_code == 302

    def test_other_methods_are_refused(self, bobs: Client, view: SavedView) -> None:
        assert bobs.put(URL).status_code == 405
        assert bobs.post(f"{URL}counts/").status_code == 405
        assert bobs.get(f"{URL}{view.view_id}/change/").status_code == 405


def test_they_go_with_their_account(bob: User, view: SavedView) -> None:
    bob.delete()
    assert not SavedView.objects.exists()
