"""The language of texts: the reader's for what is shown, and English for what is stored, sent or logged."""

from contextlib import AbstractContextManager
from typing import Final

from django.utils.translation import get_language, override

ENGLISH: Final = "en-gb"


def in_english() -> AbstractContextManager[None]:
    """Have texts that are made in the block be English, whoever reads the page that is being made."""
    return override(ENGLISH)


def is_english() -> bool:
    """Tell whether the language that is active is English; so it is where none is, as in a worker."""
    language = get_language()
    return language is None or language.startswith("en")
