"""Writes numbers for people, in the language of whoever reads them: 1,234.50 in English, 1.234,50 in German."""

from decimal import Decimal

from django.utils.formats import number_format

from orders.language import is_english


def write_number(number: int | Decimal, decimals: int = 0) -> str:
    """Return a number with its thousands grouped and so many decimals."""
    if is_english():
        return f"{Decimal(number):,.{decimals}f}"
    return number_format(number, decimals, use_l10n=True, force_grouping=True)
