"""orders.money: exact amounts with a currency."""

from decimal import Decimal

import pytest

from orders.money import Money, add_up


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "EUR", 1250), ("0.1", "USD", 10), ("1500", "JPY", 1500), ("7", "CHF", 700)],
)
def test_it_reads_decimal_texts_exactly(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"), [("1.999", "EUR"), ("10.5", "JPY"), ("ten", "EUR"), ("NaN", "EUR"), ("Infinity", "EUR")]
)
def test_it_refuses_what_is_no_exact_amount(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimals|not an amount"):
        Money.parse(text, currency)


def test_it_refuses_an_unknown_currency() -> None:
    with pytest.raises(ValueError, match="XXX"):
        Money(1, "XXX")


def test_ten_cents_thrice_are_thirty_cents() -> None:
    assert Money.parse("0.1", "EUR") * 3 == Money(30, "EUR")


def test_two_lines_are_charged_once_each() -> None:
    assert add_up([Money(1000, "EUR"), Money(2000, "EUR")], "EUR") == Money(3000, "EUR")


def test_nothing_adds_up_to_zero() -> None:
    assert add_up([], "JPY") == Money(0, "JPY")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="USD cannot be added to EUR"):
        add_up([Money(1, "EUR"), Money(1, "USD")], "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [(Money(123450, "EUR"), "1,234.50 EUR"), (Money(1500, "JPY"), "1,500 JPY"), (Money(-5, "GBP"), "-0.05 GBP")],
)
def test_it_is_written_with_the_decimals_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


def test_its_amount_is_a_decimal() -> None:
    assert Money(1250, "EUR").amount == Decimal("12.50")
