"""orders.intake.numbers: the one reader of quantities and prices."""

import pytest

from orders.errors import OrderInvalid
from orders.intake.numbers import MOST_QUANTITY, read_price, read_quantity, read_weight
from orders.money import Money


@pytest.mark.parametrize(
    ("text", "quantity"), [("1", 1), ("3", 3), (" 12 ", 12), ("007", 7), ("10000", 10000), ("\N{NO-BREAK SPACE}4", 4)]
)
def test_a_quantity_is_a_whole_number_in_plain_digits(text: str, quantity: int) -> None:
    assert read_quantity(text) == quantity


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1.000", "Enter a whole number using only the digits 0 to 9, such as 1000."),
        ("1,000", "Enter a whole number using only the digits 0 to 9, such as 1000."),
        ("1_000", "such as 1000."),
        ("1 000", "such as 1000."),
        ("1'000", "such as 1000."),
        ("12.345.678", "such as 12345678."),
        ("1.5", "such as 3."),
        ("3,0", "such as 3."),
        ("٣", "such as 3."),
        ("\uff13", "such as 3."),
        ("²", "such as 3."),
        ("1e3", "such as 3."),
        ("1e999999", "such as 3."),
        ("0x10", "such as 3."),
        ("+3", "such as 3."),
        ("--3", "such as 3."),
        ("three", "such as 3."),
        ("", "such as 3."),
        ("1\n2", "such as 3."),
        ("0", "Enter 1 or more."),
        ("-0", "Enter 1 or more."),
        ("-3", "Enter 1 or more."),
        ("-" + "9" * 5000, "Enter 1 or more."),
        (str(MOST_QUANTITY + 1), "Enter 10,000 or less."),
        ("9" * 5000, "Enter 10,000 or less."),
    ],
)
def test_what_is_no_quantity_is_refused_with_how_to_write_it(text: str, sentence: str) -> None:
    with pytest.raises(OrderInvalid) as refusal:
        read_quantity(text)
    assert str(refusal.value).endswith(sentence)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12,50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12,5", "EUR", 1250),
        ("0,05", "EUR", 5),
        ("0", "EUR", 0),
        ("0.00", "EUR", 0),
        ("1500", "EUR", 150000),
        ("1234567.89", "EUR", 123456789),
        ("1234567,8", "USD", 123456780),
        (" 7 ", "CHF", 700),
        ("0012.50", "GBP", 1250),
        ("10000000.00", "EUR", 10**9),
        ("1500", "JPY", 1500),
        ("1.525", "KWD", 1525),
        ("1.5", "KWD", 1500),
        ("1,52", "KWD", 1520),
        ("0,125", "KWD", 125),
        ("1234,125", "KWD", 1234125),
        ("0.1234", "CLF", 1234),
        ("1,2345", "CLF", 12345),
        ("1.50", "CLF", 15000),
        ("10000000000", "IDR", 10**12),
    ],
)
def test_a_price_has_a_point_or_a_comma_and_the_currencys_decimals(text: str, currency: str, minor: int) -> None:
    assert read_price(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("1.500", "EUR", "1.500 is ambiguous. Enter 1500 or 1.50."),
        ("1,500", "EUR", "1,500 is ambiguous. Enter 1500 or 1.50."),
        ("12,000", "USD", "12,000 is ambiguous. Enter 12000 or 12.00."),
        ("1.000", "JPY", "1.000 is ambiguous. Enter 1000 or 1."),
        ("1,000", "JPY", "1,000 is ambiguous. Enter 1000 or 1."),
        ("1.234", "JPY", "Enter 1234 without a thousands separator. A price in JPY has no decimals."),
        ("12.505", "EUR", "Enter 12505 without a thousands separator. A price in EUR has at most 2 decimals."),
        ("1,525", "KWD", "1,525 is ambiguous. Enter 1525 or 1.525."),
        ("1.500", "CLF", "1.500 is ambiguous. Enter 1500 or 1.5000."),
        ("0.500", "EUR", "A price in EUR has at most 2 decimals."),
        ("1234.500", "EUR", "A price in EUR has at most 2 decimals."),
        ("1.5000", "EUR", "A price in EUR has at most 2 decimals."),
        ("10.5", "JPY", "A price in JPY has no decimals."),
        ("10.0", "JPY", "A price in JPY has no decimals."),
        ("1.2345", "KWD", "A price in KWD has at most 3 decimals."),
        ("1,234.50", "EUR", "Leave out the thousands separators: enter 1234.50."),
        ("1.234,50", "EUR", "Leave out the thousands separators: enter 1234.50."),
        ("1.234.567", "EUR", "Leave out the thousands separators: enter 1234567."),
        ("1 234,50", "EUR", "Leave out the thousands separators: enter 1234.50."),
        ("1\N{NARROW NO-BREAK SPACE}234", "EUR", "Leave out the thousands separators: enter 1234."),
        ("1'234.50", "CHF", "Leave out the thousands separators: enter 1234.50."),
        ("1_000", "EUR", "Leave out the thousands separators: enter 1000."),
        ("-1", "EUR", "A price cannot be negative."),
        ("-0.50", "EUR", "A price cannot be negative."),
        ("x", "EUR", "Use the digits 0 to 9 and a point before the decimals, such as 12.50."),
        ("", "EUR", "such as 12.50."),
        ("1e3", "EUR", "such as 12.50."),
        ("1e999999", "EUR", "such as 12.50."),
        ("NaN", "EUR", "such as 12.50."),
        ("Infinity", "EUR", "such as 12.50."),
        ("٣", "EUR", "such as 12.50."),
        ("\uff11\uff12", "EUR", "such as 12.50."),
        (".50", "EUR", "such as 12.50."),
        ("12.", "EUR", "such as 12.50."),
        ("+1", "EUR", "such as 12.50."),
        ("€12", "EUR", "such as 12.50."),
        ("1,2,3", "EUR", "such as 12.50."),
        ("12 50", "EUR", "such as 12.50."),
        ("x", "JPY", "Use the digits 0 to 9 only, such as 1250."),
        ("x", "KWD", "such as 12.500."),
        ("10000000.01", "EUR", "A unit price can be at most 10,000,000.00 EUR."),
        ("9" * 5000, "EUR", "A unit price can be at most 10,000,000.00 EUR."),
        ("9" * 5000, "IDR", "A unit price can be at most 10,000,000,000.00 IDR."),
    ],
)
def test_what_is_no_price_is_refused_with_how_to_write_it(text: str, currency: str, sentence: str) -> None:
    with pytest.raises(OrderInvalid) as refusal:
        read_price(text, currency)
    assert str(refusal.value).endswith(sentence)


@pytest.mark.parametrize(("text", "grams"), [("1", 1), (" 0350 ", 350), ("1000000", 1_000_000)])
def test_a_weight_is_a_whole_number_of_grams(text: str, grams: int) -> None:
    assert read_weight(text) == grams


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("0", "Enter 1 or more."), ("1000001", "Enter 1,000,000 or less."), ("0.5", "Enter a whole"), ("2 kg", "whole")],
)
def test_another_weight_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(OrderInvalid, match=sentence):
        read_weight(text)
