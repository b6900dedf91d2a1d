"""Django's part in the language of texts: it knows who reads, and has the words."""

from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils import dateformat, formats
from django.utils.translation import get_language, gettext, override

from orders.language import Speaker

ENGLISH: Final = "en-gb"


def in_english() -> AbstractContextManager[None]:
    """Have texts that are made in the block be English, whoever reads the page that is being made.

    For what is stored, sent or logged.
    """
    return override(ENGLISH)


def _is_english() -> bool:
    language = get_language()
    return language is None or language.startswith("en")


def _write_number(number: int | Decimal, decimals: int) -> str:
    return formats.number_format(number, decimals, use_l10n=True, force_grouping=True)


def _write_time(at: datetime, pattern: str) -> str:
    return dateformat.format(at, pattern)


SPEAKER: Final = Speaker(gettext, _is_english, _write_number, _write_time)
