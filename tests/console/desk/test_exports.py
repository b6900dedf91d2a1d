"""/orders/exports/: files of long lists, made in the background a piece at a time."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.desk import export
from orders.listing import exports
from orders.listing.exports import begin_export, make_piece
from orders.models import ListExport, ListExportPiece, Order
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder
from tests.reading import read_csv_answer

pytestmark = pytest.mark.django_db
URL = "/orders/exports/"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture(autouse=True)
def pieces_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pieces hold two orders."""
    monkeypatch.setattr(exports, "PIECE_ROWS", 2)


def finish() -> None:
    """Do what the workers do until nothing is left."""
    while make_piece():
        pass


def test_a_long_list_is_offered_in_the_background(
    bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_AT_ONCE", 2)
    make_order(currency="USD"), make_order(currency="USD")
    assert len(read_csv_answer(bobs.get("/orders/export/?currency=USD"))) == 2
    make_order(currency="USD")
    page = text_of(bobs.get("/orders/export/?currency=USD"))
    assert "This list has more than 2 orders" in page
    assert '<input type="hidden" name="query" value="currency=USD">' in page
    assert 'href="/orders/export/?currency=USD&amp;now=1"' in page
    assert len(read_csv_answer(bobs.get("/orders/export/?currency=USD&now=1"))) == 3


@pytest.mark.parametrize(
    "query",
    ["", "status=completed&sort=closed", "status=awaiting", "currency=USD&sort=smallest", "q=emma", "waits_for=me"],
)
def test_it_holds_what_the_list_holds(bobs: Client, bob: User, make_order: MakeOrder, query: str) -> None:
    for currency in ("EUR", "USD", "USD", "USD"):
        make_order(currency=currency)
    for _ in range(3):
        make_order("COMPLETED", customer_name="=Zoë")
    assert bobs.post(URL, {"query": query})["Location"] == URL
    finish()
    made = ListExport.objects.get()
    lines = read_csv_answer(bobs.get(f"{URL}{made.export_id}/"))
    assert lines == read_csv_answer(bobs.get(f"/orders/export/?{query}"))
    assert (made.state, made.rows, made.total, made.percent) == ("DONE", len(lines), len(lines), 100)
    assert len(lines) > 2


def test_it_goes_on_where_another_worker_ended(bobs: Client, bob: User, make_order: MakeOrder) -> None:
    for _ in range(5):
        make_order()
    begin_export("", owner=bob)
    assert make_piece()
    half = ListExport.objects.get()
    assert (half.state, half.rows, half.total, half.percent) == ("PENDING", 2, 5, 40)
    page = text_of(bobs.get(URL))
    assert "Being made: 40 %" in page
    assert "Download CSV" not in page
    assert bobs.get(f"{URL}{half.export_id}/").status_code == 404
    finish()
    ids = [line["order_id"] for line in read_csv_answer(bobs.get(f"{URL}{half.export_id}/"))]
    assert ids == list(Order.objects.order_by("-pk").values_list("order_id", flat=True))


def test_its_page_asks_until_it_is_ready(bobs: Client, bob: User, make_order: MakeOrder) -> None:
    make_order()
    begin_export("status=awaiting", owner=bob)
    page = bobs.get(URL)
    assert "Awaiting approval" in text_of(page)
    poll = f"{URL}?seen={page.context['seen']}"
    assert f'hx-get="{poll}"' in text_of(page)
    assert bobs.get(poll, headers=HTMX).status_code == 204
    finish()
    answer = text_of(bobs.get(poll, headers=HTMX))
    assert "Download CSV" in answer
    assert "hx-get" not in answer
    assert "<html" not in answer


def test_several_take_turns(bobs: Client, bob: User, dana: User, make_order: MakeOrder) -> None:
    for _ in range(5):
        make_order()
    begin_export("", owner=bob), begin_export("", owner=dana)
    make_piece(), make_piece()
    assert list(ListExport.objects.values_list("pieces", flat=True)) == [1, 1]


def test_one_that_cannot_be_made_says_so_and_stops(bobs: Client, bob: User, make_order: MakeOrder) -> None:
    make_order()
    begin_export("", owner=bob)
    bob.groups.clear()
    assert make_piece()
    assert not make_piece()
    assert ListExport.objects.get().state == "FAILED"
    assert not ListExportPiece.objects.exists()


def test_what_is_a_day_old_is_deleted(bob: User, make_order: MakeOrder) -> None:
    make_order()
    begin_export("", owner=bob)
    finish()
    ListExport.objects.update(created_at="2020-01-01T00:00:00Z")
    exports.forget_old()
    assert not ListExport.objects.exists()
    assert not ListExportPiece.objects.exists()


def test_too_many_at_once_and_what_cannot_be_read_are_refused(bobs: Client, bob: User) -> None:
    assert "cannot be read as it is" in text_of(bobs.post(URL, {"query": "total_min=5"}))
    for _ in range(3):
        begin_export("", owner=bob)
    response = bobs.post(URL, {"query": ""})
    assert response.status_code == 422
    assert "3 files of yours are being made." in text_of(response)


def test_it_is_deleted_by_its_owner_alone(bobs: Client, bob: User, dana: User, make_order: MakeOrder) -> None:
    make_order()
    made = begin_export("", owner=bob)
    finish()
    bobs.force_login(dana)
    assert bobs.get(f"{URL}{made.export_id}/").status_code == 404
    assert bobs.post(f"{URL}{made.export_id}/delete/").status_code == 404
    assert text_of(bobs.get(URL)).count("Download CSV") == 0
    bobs.force_login(bob)
    assert bobs.post(f"{URL}{made.export_id}/delete/", headers=HTMX)["HX-Redirect"] == URL
    assert not ListExport.objects.exists()


class TestAccess:
    def test_a_stranger_has_to_sign_in(self, client: Client) -> None:
        assert client.get(URL)["Location"] == leads_to_login(URL)
        assert client.get(URL, headers=HTMX).status_code == 401

    def test_who_may_not_look_has_none(self, client: Client) -> None:
        client.force_login(User.objects.create_user("erin"))
        assert client.get(URL).status_code == 403
        assert client.post(URL, {"query": ""}).status_code == 403
        assert client.get(f"{URL}export-000000000000/").status_code == 403
        assert client.post(f"{URL}export-000000000000/delete/").status_code == 403

    def test_other_methods_are_refused(self, bobs: Client) -> None:
        assert bobs.put(URL).status_code == 405
        assert bobs.post(f"{URL}export-000000000000/").status_code == 405
        assert bobs.get(f"{URL}export-000000000000/delete/").status_code == 405

    def test_an_unknown_one_is_not_found(self, bobs: Client) -> None:
        assert bobs.get(f"{URL}export-000000000000/").status_code == 404
