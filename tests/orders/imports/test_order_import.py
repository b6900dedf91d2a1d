"""`manage.py order import`: CSV and Excel files, what is wrong with them, and that nothing is submitted twice."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from orders.models import Order, Shop
from tests.orders.imports.files import HEADER, make_row, write_csv

pytestmark = pytest.mark.django_db


def write(path: Path, rows: list[list[str]], **options: str) -> str:
    path.write_bytes(write_csv(*rows, **options))
    return str(path)


def run(file: str, *options: str) -> dict[str, Any]:
    out = io.StringIO()
    try:
        call_command("order", "import", file, *options, "--json", "--by", "nina", stdout=out)
    except CommandError:
        if not out.getvalue():
            raise
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_rows_with_one_number_are_one_order_and_are_submitted_once(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [make_row("A-1"), make_row("A-1", sku="POT"), make_row("A-2")])
    assert run(file) == {"orders": 2, "created": 2, "existing": 0, "failed": 0, "errors": []}
    assert run(file)["existing"] == 2
    order = Order.objects.get(shop_order_number="A-1")
    assert (Order.objects.count(), order.lines.count(), order.total, order.submitted_by) == (2, 2, 3800, "nina")


def test_a_number_that_another_order_has_is_refused(tmp_path: Path) -> None:
    shop = Shop.objects.create(name="Corner")
    run(write(tmp_path / "a.csv", [make_row("A-1")]), "--shop", "Corner")
    answer = run(write(tmp_path / "b.csv", [make_row("A-1", quantity="3")]), "--shop", "Corner")
    assert (answer["created"], answer["failed"], Order.objects.get().shop) == (0, 1, shop)
    assert answer["errors"][0]["sentence"].startswith("An order with this number was submitted before")


def test_exactly_the_wrong_rows_are_told_and_nothing_is_submitted(tmp_path: Path) -> None:
    rows = [make_row(f"A-{number}") for number in range(100)]
    for wrong in (10, 50, 99):
        rows[wrong][9] = "none"
    file = write(tmp_path / "a.csv", rows)
    answer = run(file, "--failed", str(tmp_path / "failed.csv"))
    assert [(error["row"], error["column"]) for error in answer["errors"]] == [
        (12, "quantity"),
        (52, "quantity"),
        (101, "quantity"),
    ]
    assert (answer["failed"], Order.objects.count()) == (3, 0)
    failed = list(csv.reader((tmp_path / "failed.csv").open(encoding="utf-8-sig")))
    assert [each[1] for each in failed[1:]] == ["A-10", "A-50", "A-99"]
    assert failed[1][0].startswith("Quantity: Enter a whole number")
    assert run(file, "--skip-wrong")["created"] == 97


def test_a_check_submits_nothing(tmp_path: Path) -> None:
    assert run(write(tmp_path / "a.csv", [make_row("A-1")]), "--check")["orders"] == 1
    assert not Order.objects.exists()


def test_encoding_delimiter_and_decimal_mark_are_found_and_can_be_said(tmp_path: Path) -> None:
    rows = [
        [*make_row("A-1", price="1.234,50")[:1], "Jürgen", *make_row("A-1", price="1.234,50")[2:]],
        make_row("A-2", price="9,50"),
    ]
    file = write(tmp_path / "a.csv", rows, delimiter=";", encoding="cp1252")
    assert run(file)["created"] == 2
    order = Order.objects.get(shop_order_number="A-1")
    assert (order.customer_name, order.total) == ("Jürgen", 246900)
    sentences = [error["sentence"] for error in run(file, "--decimal-mark", ".")["errors"]]
    assert sentences[1] == "9,50 has a comma, but the decimal mark of this file is a point."
    with pytest.raises(CommandError, match="is not UTF-8"):
        run(file, "--encoding", "utf-8")


def test_rows_of_one_number_follow_one_another_and_agree(tmp_path: Path) -> None:
    apart = run(write(tmp_path / "a.csv", [make_row("A-1"), make_row("A-2"), make_row("A-1")]))
    assert [(error["row"], error["column"]) for error in apart["errors"]] == [(4, "shop_order_number")]
    other = make_row("A-1")
    other[1] = "Anna"
    differs = run(write(tmp_path / "b.csv", [make_row("A-1"), other]))
    assert [(error["row"], error["column"]) for error in differs["errors"]] == [(3, "customer_name")]


def workbook(path: Path, *, merges: bool = False, price: object = 9.5) -> str:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    sheet.append([*make_row("A-1")[:9], 2, price])
    if merges:
        sheet.merge_cells("A1:B1")
    book.save(path)
    return str(path)


def test_an_excel_file_is_read(tmp_path: Path) -> None:
    assert run(workbook(tmp_path / "a.xlsx"))["created"] == 1
    assert Order.objects.get().total == 1900
    answer = run(workbook(tmp_path / "b.xlsx", price="=1+1"))
    assert answer["errors"][0]["sentence"] == "This is a formula: =1+1. Enter its value."
    with pytest.raises(CommandError, match="merged cells"):
        run(workbook(tmp_path / "c.xlsx", merges=True))


def test_a_workbook_that_grows_beyond_measure_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (101 * 1024 * 1024))
    with pytest.raises(CommandError, match="too large"):
        run(str(tmp_path / "a.xlsx"))


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (b" \n", "is empty"),
        (b"PK\3\4 no archive", "cannot be read as an Excel file"),
        (b"\xd0\xcf\x11\xe0 old", "old or protected Excel file"),
        (b"%PDF-1.7", "is no CSV"),
        (b"a,b\n", "no rows below"),
        (b"a,b\n1,2\n", "Choose the columns of: Order number"),
        (b"a,b\n1," + b"x" * 5000, "Row 2, column 2 has 5,000 characters"),
        (b"Name,Name\n1,2\n", "Several columns have the name Name"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, contents: bytes, sentence: str) -> None:
    (tmp_path / "a.csv").write_bytes(contents)
    with pytest.raises(CommandError, match=sentence):
        run(str(tmp_path / "a.csv"))


def with_weights(*weights: str, name: str = "Weight (g)") -> bytes:
    """Return a file with a row, and an order, for each weight."""
    rows = [[*make_row(f"A-{number}"), weight] for number, weight in enumerate(weights)]
    text = io.StringIO()
    csv.writer(text).writerows([[*HEADER, name], *rows])
    return text.getvalue().encode()


@pytest.mark.parametrize("name", ["Weight (g)", "weight_grams", "Grams", "Lineitem grams", "Gewicht (g)"])
def test_a_column_may_hold_weights(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_bytes(with_weights("350", "", " 20 ", name=name))
    assert run(str(tmp_path / "a.csv"))["created"] == 3
    weights = Order.objects.order_by("id").values_list("lines__weight_grams", flat=True)
    assert list(weights) == [350, None, 20]


def test_weights_that_may_be_kilograms_are_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(with_weights("2", name="Weight"))
    assert run(str(tmp_path / "a.csv"))["created"] == 1
    assert not Order.objects.exclude(lines__weight_grams=None).exists()
    (tmp_path / "b.csv").write_bytes(with_weights("1", "2", name="Weight (kg)").replace(b"A-", b"B-"))
    run(str(tmp_path / "b.csv"))
    assert not Order.objects.exclude(lines__weight_grams=None).exists()


def test_a_wrong_weight_is_told_by_its_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(with_weights("0.35", "0", "=1+1", "1000001", "7"))
    answer = run(str(tmp_path / "a.csv"))
    assert [(error["row"], error["column"]) for error in answer["errors"]] == [
        (row, "weight_grams") for row in (2, 3, 4, 5)
    ]
    assert "This is a formula" in answer["errors"][2]["sentence"]
    assert not Order.objects.exists()
