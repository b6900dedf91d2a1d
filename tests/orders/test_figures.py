"""orders.figures: numbers for people."""

from decimal import Decimal

import pytest
from django.utils.translation import override

from orders.figures import write_number

NUMBERS = [(7, 0), (1234, 0), (-1234567, 0), (10**17 + 1, 0), (Decimal("1234.5"), 2), (Decimal("0.25"), 1)]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en-gb", ["7", "1,234", "-1,234,567", "100,000,000,000,000,001", "1,234.50", "0.2"]),
        ("de", ["7", "1.234", "-1.234.567", "100.000.000.000.000.001", "1.234,50", "0,2"]),
    ],
)
def test_a_number_is_written_in_the_language_of_who_reads_it(language: str, texts: list[str]) -> None:
    with override(language):
        assert [write_number(number, decimals) for number, decimals in NUMBERS] == texts
