"""Orders as JSON, from a file at the terminal: the shape that the API takes."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from orders.errors import OrderInvalid
from orders.intake.documents import read_document
from orders.models import Order

ORDER = {
    "customer": {"name": "Emma Example", "email": "emma@example.com"},
    "shipping_address": {"line1": "Long Street 1", "postal_code": "10115", "city": "Berlin", "country": "DE"},
    "currency": "EUR",
    "lines": [{"sku": "CUP", "description": "Cup", "quantity": 2, "unit_price": 950}],
    "shop_order_number": "A-1001",
}


def write(document: object) -> bytes:
    return json.dumps(document).encode()


def test_it_reads_what_the_api_takes() -> None:
    draft = read_document(write(ORDER))
    assert (draft.customer_name, draft.address_city, draft.shop_order_number) == ("Emma Example", "Berlin", "A-1001")
    assert str(draft.total) == "19.00 EUR"


def test_a_line_may_say_what_a_unit_weighs() -> None:
    line = ORDER["lines"][0]  # type: ignore[index]
    lines = [line, {**line, "weight_grams": None}, {**line, "weight_grams": 350}]
    draft = read_document(write(ORDER | {"lines": lines}))
    assert [each.weight_grams for each in draft.lines] == [None, None, 350]
    for wrong in (0, -1, 1_000_001, 0.5, "350", True):
        with pytest.raises(OrderInvalid, match=r"lines/0/weight_grams: Input should be"):
            read_document(write(ORDER | {"lines": [{**line, "weight_grams": wrong}]}))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "Invalid JSON"),
        (b"\xff\xfe{", "Invalid JSON"),
        (write([]), "Input should be an object."),
        (write(ORDER | {"colour": "red"}), "colour: Extra inputs are not permitted."),
        (write(ORDER | {"lines": [{**ORDER["lines"][0], "quantity": "2"}]}), "lines/0/quantity:"),  # type: ignore[index]
        (write({"lines": []}), "customer: Field required."),
    ],
)
def test_it_names_what_does_not_fit(text: bytes, sentence: str) -> None:
    with pytest.raises(OrderInvalid, match=sentence):
        read_document(text)


@pytest.mark.django_db
def test_the_terminal_submits_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "order.json"
    file.write_bytes(write(ORDER))
    call_command("order", "start", "--file", str(file), "--by", "nina", "--json")
    answer = json.loads(capsys.readouterr().out)
    order = Order.objects.get(order_id=answer["order_id"])
    assert (answer["total"], order.submitted_by, order.shop_order_number) == ("19.00 EUR", "nina", "A-1001")


@pytest.mark.django_db
def test_the_terminal_submits_what_stands_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(write(ORDER))))
    call_command("order", "start", "--file", "-", "--order-id", "order-PIPED")
    assert Order.objects.get(order_id="order-PIPED").total == 1900


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (None, "cannot be read: No such file"),
        (b"{}", "customer: Field required."),
        (write(ORDER | {"currency": "XXX"}), "is not an accepted currency"),
        (b" " * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
)
def test_a_bad_file_is_a_sentence(tmp_path: Path, contents: bytes | None, sentence: str) -> None:
    file = tmp_path / "order.json"
    if contents is not None:
        file.write_bytes(contents)
    with pytest.raises(CommandError, match=sentence):
        call_command("order", "start", "--file", str(file))
    assert not Order.objects.exists()
