"""orders.money: exact amounts with a currency."""

from decimal import Decimal

import iso4217
import pytest
from django.utils.translation import override

from orders.money import CURRENCIES, DECIMALS, SMALL_UNITS, Money, add_up


def test_it_refuses_an_unknown_currency() -> None:
    with pytest.raises(ValueError, match="XXX"):
        Money(1, "XXX")


def test_ten_cents_thrice_are_thirty_cents() -> None:
    assert Money(10, "EUR") * 3 == Money(30, "EUR")


def test_two_lines_are_charged_once_each() -> None:
    assert add_up([Money(1000, "EUR"), Money(2000, "EUR")], "EUR") == Money(3000, "EUR")


def test_nothing_adds_up_to_zero() -> None:
    assert add_up([], "JPY") == Money(0, "JPY")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="USD cannot be added to EUR"):
        add_up([Money(1, "EUR"), Money(1, "USD")], "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(123450, "EUR"), "1,234.50 EUR"),
        (Money(1500, "JPY"), "1,500 JPY"),
        (Money(-5, "GBP"), "-0.05 GBP"),
        (Money(1234567, "KWD"), "1,234.567 KWD"),
        (Money(12345, "CLF"), "1.2345 CLF"),
        (Money(100, "BGN"), "1.00 BGN"),
    ],
)
def test_it_is_written_with_the_decimals_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


def test_its_amount_is_a_decimal() -> None:
    assert Money(1250, "EUR").amount == Decimal("12.50")


def test_it_knows_the_currencies_of_iso_4217_that_are_in_force() -> None:
    """A package that is made from the standard's own table says which those are; metals have no minor unit."""
    listed = {currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None}
    assert dict(CURRENCIES) == listed


def test_a_currency_that_is_withdrawn_stays_known() -> None:
    assert set(CURRENCIES) < set(DECIMALS)
    assert set(CURRENCIES) >= SMALL_UNITS


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(123450, "EUR"), "1.234,50 EUR"),
        (Money(123456789012, "USD"), "1.234.567.890,12 USD"),
        (Money(1500, "JPY"), "1.500 JPY"),
        (Money(-5, "GBP"), "-0,05 GBP"),
        (Money(1234567, "KWD"), "1.234,567 KWD"),
        (Money(0, "EUR"), "0,00 EUR"),
    ],
)
def test_it_is_written_in_the_language_of_who_reads_it(money: Money, text: str) -> None:
    with override("de"):
        assert (str(money), f"{money}") == (text, text)


@pytest.mark.parametrize("language", ["en-gb", "en", "en-us", None])
def test_english_is_written_as_where_no_language_is_active(language: str | None) -> None:
    with override(language):
        assert str(Money(123450, "EUR")) == "1,234.50 EUR"


@pytest.mark.parametrize("language", ["de", "en-gb", None])
def test_its_plain_form_is_the_same_for_everybody(language: str | None) -> None:
    with override(language):
        assert [Money(*of).plain for of in [(123450, "EUR"), (1500, "JPY")]] == ["1,234.50 EUR", "1,500 JPY"]
