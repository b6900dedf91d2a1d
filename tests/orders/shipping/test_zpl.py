"""orders.shipping.partners.zpl: labels for Zebra's printers, whatever a name or an address holds."""

import re
from itertools import pairwise
from typing import Any

from orders.money import Money
from orders.order_facts import Address, Customer, Line
from orders.shipping.partners.interface import Parcel
from orders.shipping.partners.zpl import ROOM, TOP, write_label

FIELD = re.compile(r"\^FO40,(\d+)\^A0N,(\d+),\d+\^FH\^FD(.*?)\^FS")


def label_of(name: str = "Emma Example", company: str = "", lines: tuple[Line, ...] = (), **changes: Any) -> str:
    parts = {"line1": "Long Street 1", "line2": "", "postal_code": "10115", "city": "Berlin", "state": ""}
    address = Address(**parts | changes, country="DE")
    parcel = Parcel("shipping-order-1", "order-1", Customer(name, "emma@example.com", company=company), address, lines)
    return write_label(parcel, "SP123", carrier="Carrier")


def read_fields(label: str) -> list[tuple[int, int, str]]:
    """Return where each text stands, how high it is, and what is printed."""
    return [
        (int(top), int(height), re.sub("_([0-9A-F]{2})", lambda sign: chr(int(sign.group(1), 16)), text))
        for top, height, text in FIELD.findall(label)
    ]


def test_who_gets_it_and_where() -> None:
    texts = [text for _, _, text in read_fields(label_of(company="Mugs GmbH"))]
    to = ["Emma Example", "Mugs GmbH", "Long Street 1", "10115 Berlin", "Germany"]
    assert texts == ["Carrier", *to, "SP123", "order-1"]
    assert "^BCN,200,N,N,N^FH^FDSP123^FS" in label_of()


def test_the_weight_is_printed_where_it_is_known() -> None:
    known, unknown = (Line("MUG-1", "Mug", 2, Money(1250, "EUR"), weight) for weight in (350, None))
    assert [text for _, _, text in read_fields(label_of(lines=(known, known)))][-1] == "1400 g"
    assert [text for _, _, text in read_fields(label_of(lines=(known, unknown)))][-1] == "order-1"


def test_nobody_commands_the_printer() -> None:
    name = "Eve^XZ~JR_5E^FDx"
    label = label_of(name, line1=name)
    assert [text for _, _, text in read_fields(label)].count(name) == 2
    assert label.count("^XZ") == 1
    assert "~" not in label


def test_a_long_address_is_whole_and_in_its_place() -> None:
    words = " ".join(f"word{number}" for number in range(28))
    label = label_of(words, words, line1=words, line2=words, city="x" * 100)
    fields = read_fields(label)[1:-2]
    assert " ".join(text for _, _, text in fields).count("word27") == 4
    assert all(top >= TOP and top + height <= TOP + ROOM for top, height, _ in fields)
    assert all(after[0] - before[0] > before[1] for before, after in pairwise(fields))
    assert all(len(text) <= 34 for _, _, text in fields)
    assert min(height for _, height, _ in fields) > 8
