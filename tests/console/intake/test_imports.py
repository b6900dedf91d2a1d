"""/orders/import/: a file is uploaded, its columns chosen, checked, confirmed, and followed until its last order."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from console.intake import import_pages
from orders.imports import jobs
from orders.models import Order, OrderImport, Shop
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import make_user
from tests.orders.imports.files import (
    HEADER,
    carry_on_check,
    carry_out,
    check,
    confirmed,
    make_row,
    upload,
    write_csv,
)

pytestmark = pytest.mark.django_db
LIST = "/orders/import/"


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def url(importing: OrderImport) -> str:
    return f"/orders/import/{importing.import_id}/"


def send(client: Client, contents: bytes, name: str = "orders.csv", **options: Any) -> Any:
    return client.post(LIST, {"file": SimpleUploadedFile(name, contents)}, **options)


def change(client: Client, importing: OrderImport, what: str, **fields: str) -> Any:
    return client.post(f"{url(importing)}change/", {"change": what, **fields})


def chosen(importing: OrderImport, **changes: str) -> dict[str, str]:
    """Return the form on the layout as it stands on the page, with `changes`."""
    layout = jobs.read_layout(importing)
    facts = {name: getattr(layout, name) for name in ("encoding", "delimiter", "decimal_mark", "currency")}
    return facts | {f"column-{name}": str(place) for name, place in layout.columns.items()} | changes


def state_of(importing: OrderImport) -> str:
    importing.refresh_from_db()
    return importing.state


class TestUpload:
    def test_a_file_leads_to_the_page_of_its_import(self, alices: Client) -> None:
        response = send(alices, write_csv(make_row("A-1"), delimiter=";", encoding="cp1252"))
        importing = OrderImport.objects.get()
        assert response["Location"] == url(importing)
        page = text_of(alices.get(url(importing)))
        assert "The first price, 9.50, is read as 9.50 EUR." in page
        assert "K: <bdi>Price</bdi>" in page
        assert '<option value=";" selected>Semicolon</option>' in page
        assert "orders.csv" in text_of(alices.get(LIST))
        assert not Order.objects.exists()

    def test_an_excel_file_has_no_encoding_and_no_delimiter(self, alices: Client) -> None:
        book, file = Workbook(), io.BytesIO()
        sheet = book.active
        assert sheet is not None
        sheet.append(HEADER)
        sheet.append([*make_row("A-1")[:9], 2, 9.5])
        book.save(file)
        page = text_of(alices.get(send(alices, file.getvalue(), "orders.xlsx")["Location"]))
        assert 'name="encoding"' not in page
        assert "The first price, 9.5, is read as 9.50 EUR." in page

    @pytest.mark.parametrize(
        ("contents", "sentence"), [(b" ", "The file is empty."), (b"%PDF-1.7", "is no CSV and no Excel file")]
    )
    def test_what_cannot_be_read_is_a_sentence(self, alices: Client, contents: bytes, sentence: str) -> None:
        for headers in ({}, HTMX):
            response = send(alices, contents, headers=headers)
            assert (response.status_code, sentence in text_of(response)) == (422, True)

    def test_no_file_is_a_sentence(self, alices: Client) -> None:
        assert "Choose a CSV or Excel file." in text_of(alices.post(LIST))

    def test_a_large_file_is_refused_before_it_is_read(self, alices: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(import_pages, "LARGEST_FILE", 5)
        assert send(alices, b"order,name").status_code == 422


class TestLayout:
    def test_other_choices_show_another_preview(self, alices: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1", price="9,50"))
        fields = chosen(importing, **{"decimal_mark": ".", "column-description": ""})
        assert change(alices, importing, "preview", **fields)["Location"] == url(importing)
        page = text_of(alices.get(url(importing)))
        assert "The first price, 9,50, cannot be read: 9,50 has a comma" in page
        assert change(alices, importing, "check", **fields).status_code == 422
        assert state_of(importing) == "CHOOSING"

    def test_other_columns_are_shown_before_they_are_checked(self, alices: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        change(alices, importing, "check", **chosen(importing, delimiter=";"))
        assert state_of(importing) == "CHOOSING"
        assert "the file has other columns" in text_of(alices.get(url(importing)))

    def test_a_made_up_choice_is_refused(self, alices: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        for fields in ({"delimiter": "x"}, {"column-sku": "99"}):
            assert change(alices, importing, "check", **chosen(importing, **fields)).status_code == 422
        assert change(alices, importing, "burn").status_code == 400

    def test_the_shop_can_be_chosen_where_there_is_one(self, alices: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        assert 'name="shop"' not in text_of(alices.get(url(importing)))
        shop = Shop.objects.create(name="Corner")
        change(alices, importing, "check", **chosen(importing, shop=str(shop.pk)))
        assert (state_of(importing), importing.shop) == ("CHECKING", shop)


class TestImport:
    def test_it_is_checked_confirmed_and_carried_out(self, alices: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1"), make_row("A-2", quantity="none"))
        assert change(alices, importing, "check", **chosen(importing))["Location"] == url(importing)
        assert "Checking: 0 rows so far" in text_of(alices.get(url(importing)))
        carry_on_check(importing)
        page = text_of(alices.get(url(importing)))
        assert "1 order can be imported. 1 has errors and will not be submitted." in page
        assert "Row 3, Quantity: Enter a whole number" in page
        assert "Can be imported" not in page, "what is wrong comes first"
        change(alices, importing, "confirm")
        assert "Importing: 0 of 1" in text_of(alices.get(url(importing)))
        carry_out(importing)
        page = text_of(alices.get(url(importing)))
        assert "Done: 1 of 1" in page
        assert Order.objects.get().order_id in page
        assert "hx-get" not in page.partition('id="import"')[2].partition("</main>")[0], "it polls no longer"

    def test_a_poll_is_answered_when_something_changed(self, alices: Client, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"))
        seen = alices.get(url(importing)).context["seen"]
        assert alices.get(url(importing), {"seen": seen}, headers=HTMX).status_code == 204
        carry_out(importing)
        response = alices.get(url(importing), {"seen": seen}, headers=HTMX)
        assert (response.status_code, "<html" in text_of(response)) == (286, False)
        assert alices.get(url(importing), {"seen": response.context["seen"]}, headers=HTMX).status_code == 286

    def test_the_failed_rows_can_be_corrected_and_imported(self, alices: Client, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"), make_row("A-2", quantity="none"), make_row("A-2", sku="POT"))
        carry_out(importing)
        response: Any = alices.get(f"{url(importing)}failed/")
        assert "failed-rows-import-" in response["Content-Disposition"]
        contents = b"".join(response.streaming_content)
        rows = list(csv.reader(io.StringIO(contents.decode("utf-8-sig"))))
        assert (rows[0], [row[1] for row in rows[1:]]) == (["Error", *HEADER], ["A-2", "A-2"])
        assert (rows[1][0].startswith("Quantity: Enter a whole number"), rows[2][0]) == (True, "")
        corrected = contents.replace(b",none,", b",3,")
        again = jobs.create_import("failed.csv", corrected, actor=alice, currency="EUR")
        check(again, alice)
        change(alices, again, "confirm")
        carry_out(again)
        assert (state_of(again), Order.objects.count()) == ("DONE", 2)

    def test_the_failed_rows_say_why_in_the_language_of_the_reader(self, alices: Client, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"), make_row("A-2", quantity="none"))
        carry_out(importing)
        response: Any = alices.get(f"{url(importing)}failed/", headers={"Accept-Language": "de"})
        _, row = csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")))
        assert row[0].startswith("Menge: ")
        assert "Enter a whole number" not in row[0]

    def test_results_have_pages(self, alices: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(import_pages, "PAGE_SIZE", 1)
        importing = confirmed(alice, make_row("A-1"), make_row("A-2"))
        first = alices.get(url(importing))
        second = alices.get(first.context["next_url"])
        assert [item.number for page in (first, second) for item in page.context["items"]] == ["A-1", "A-2"]
        assert alices.get(url(importing), {"cursor": "nonsense"}).status_code == 200

    def test_a_stale_page_changes_nothing(self, alices: Client, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"))
        for what in ("confirm", "back"):
            assert change(alices, importing, what)["Location"] == url(importing)
        assert state_of(importing) == "RUNNING"
        assert "This import has moved on" in text_of(alices.get(url(importing)))
        change(alices, importing, "stop")
        assert "alice stopped it" in text_of(alices.get(url(importing)))

    def test_a_file_without_a_right_order_says_so(self, alices: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1", quantity="none"))
        check(importing, alice)
        assert "No order can be imported" in text_of(alices.get(url(importing)))
        assert change(alices, importing, "confirm").status_code == 422
        assert change(alices, importing, "back")["Location"] == url(importing)
        assert state_of(importing) == "CHOOSING"


class TestAccess:
    def test_who_may_not_submit_sees_none(self, client: Client, alice: User, bob: User, charlie: User) -> None:
        importing = upload(alice, make_row("A-1"))
        for person in (bob, charlie):
            client.force_login(person)
            for path in (LIST, url(importing), f"{url(importing)}failed/"):
                assert client.get(path).status_code == 403
            assert send(client, write_csv(make_row("A-1"))).status_code == 403
            assert change(client, importing, "stop").status_code == 403

    def test_other_clerks_do_not_find_it(self, client: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        client.force_login(make_user("nina", "clerk"))
        for path in (url(importing), f"{url(importing)}failed/", "/orders/import/import-000000000000/"):
            assert client.get(path).status_code == 404
        assert change(client, importing, "stop").status_code == 404
        assert "orders.csv" not in text_of(client.get(LIST))

    def test_a_stranger_has_to_sign_in(self, client: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        for path in (LIST, url(importing), f"{url(importing)}failed/"):
            assert client.get(path)["Location"] == leads_to_login(path)
            assert client.get(path, headers=HTMX).status_code == 401
        assert send(client, b"a")["Location"] == leads_to_login(LIST)
        assert change(client, importing, "stop")["Location"] == leads_to_login(url(importing))
        assert state_of(importing) == "CHOOSING"

    def test_other_methods_are_refused(self, alices: Client, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        assert alices.put(LIST).status_code == 405
        assert alices.post(url(importing)).status_code == 405
        assert alices.get(f"{url(importing)}change/").status_code == 405
        assert alices.post(f"{url(importing)}failed/").status_code == 405
