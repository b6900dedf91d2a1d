"""/orders/export/: exactly the orders of a filtered list, as a file."""

import io
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import load_workbook

from orders.listing import table, workbook
from orders.models import Order
from orders.models.list_export import CONTENT_TYPES, FileFormat
from orders.reading.querysets import NEWEST
from tests.asking import leads_to_login, text_of
from tests.making import MakeOrder, make_user
from tests.reading import read_csv_answer

pytestmark = pytest.mark.django_db
URL = "/orders/export/"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def test_it_holds_what_the_list_holds(bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "BATCH", 2)
    wanted = [make_order("COMPLETED", currency="USD", customer_name="Zoë Lang") for _ in range(5)]
    make_order(currency="USD", customer_name="Zoë Lang")
    make_order("COMPLETED", customer_name="Zoë Lang")
    query = {"status": "completed", "currency": "USD", "q": "zoë", "decided_by": "bob"}
    response = bobs.get(URL, query)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    rows = read_csv_answer(response)
    assert [row["order_id"] for row in rows] == [order.order_id for order in reversed(wanted)]
    first = rows[0]
    assert (first["total"], first["currency"], first["payment_status"]) == ("25.00", "USD", "CHARGED")
    assert first["tracking_number"] == wanted[-1].shipment.tracking_number
    assert datetime.fromisoformat(first["submitted_at"]).tzinfo is not None


def test_an_order_without_payment_and_shipment_has_empty_cells(bobs: Client, make_order: MakeOrder) -> None:
    make_order()
    (row,) = read_csv_answer(bobs.get(URL, {"status": "awaiting"}))
    assert (row["payment_status"], row["tracking_number"], row["decided_at"]) == ("", "", "")
    assert row["approval_deadline"]


@pytest.mark.parametrize("name", ["=1+1", "+49 30 1", "-2", "@sum(a1)", '=HYPERLINK("http://x","y")'])
def test_no_cell_is_a_formula(bobs: Client, make_order: MakeOrder, name: str) -> None:
    make_order(customer_name=name)
    (row,) = read_csv_answer(bobs.get(URL))
    assert row["customer_name"] == f"'{name}"


def test_a_batch_is_all_that_is_held(bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "BATCH", 2)
    for _ in range(5):
        make_order()
    rows = table.read_table(Order.objects.all(), NEWEST, None)
    assert len([next(rows) for _ in range(3)]) == 3
    Order.objects.filter(pk__in=Order.objects.order_by("created_at", "id")[:1]).update(customer_name="Changed")
    assert "Changed" in list(rows)[-1], "it was not read yet"


class TestWorkbook:
    def test_it_holds_the_same(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order("COMPLETED", currency="JPY", customer_name="Zoë Lang"), make_order()
        response = bobs.get(URL, {"format": "xlsx"})
        assert response["Content-Type"] == CONTENT_TYPES[FileFormat.XLSX]
        assert response["Content-Disposition"].endswith('.xlsx"')
        lines = read_csv_answer(bobs.get(URL))
        names, *rows = open_workbook(response)
        assert names == list(lines[0])
        assert [["" if cell is None else str(cell) for cell in row] for row in rows] == [
            [line[name] if name != "total" else line[name].removesuffix(".00") for name in names] for line in lines
        ]

    def test_a_total_is_a_number_and_no_text_a_formula(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order(customer_name='=HYPERLINK("http://x","y")')
        names, row = open_workbook(bobs.get(URL, {"format": "xlsx"}))
        found = dict(zip(names, row, strict=True))
        assert (found["total"], found["customer_name"]) == (25, '=HYPERLINK("http://x","y")')

    def test_a_list_that_is_too_long_is_told(
        self, bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workbook, "MOST_ROWS", 2)
        make_order(), make_order()
        assert len(open_workbook(bobs.get(URL, {"format": "xlsx"}))) == 3
        make_order()
        page = bobs.get(URL, {"format": "xlsx", "currency": "EUR"}, follow=True)
        assert page.redirect_chain == [("/orders/?currency=EUR", 302)]
        assert "An Excel file can have at most 2 orders" in text_of(page)


def open_workbook(response: Any) -> list[list[Any]]:
    """Return the cells of the file that came; a formula would be one."""
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content)))["Orders"]
    assert {cell.data_type for row in sheet.rows for cell in row} <= {"s", "n", "inlineStr"}
    return [[cell.value for cell in row] for row in sheet.rows]


def test_what_cannot_be_read_leads_to_the_list(bobs: Client) -> None:
    response = bobs.get(URL, {"total_min": "5"})
    assert response["Location"] == "/orders/?total_min=5"
    assert bobs.get(URL, {"format": "pdf"}).status_code == 400


def test_who_may_look_may_export(client: Client, charlie: User, make_order: MakeOrder) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)
    client.force_login(make_user("nobody"))
    assert client.get(URL).status_code == 403
    client.force_login(charlie)
    make_order()
    assert len(read_csv_answer(client.get(URL))) == 1
    assert client.post(URL).status_code == 405


def test_the_list_offers_it(bobs: Client, make_order: MakeOrder) -> None:
    make_order("PAID")
    page = bobs.get("/orders/", {"status": "PAID", "q": "emma"}).content.decode()
    assert 'href="/orders/export/?status=PAID&amp;q=emma"' in page
