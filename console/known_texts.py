"""Texts that were translated before, kept for each language.

Django asks its catalogues for a text each time that it is shown, and a list has 320. In English most are found in none
of them, and that alone was a sixth of the page's CPU time.
"""

from functools import cache, lru_cache
from typing import Final

from django.utils.translation import trans_real

# The catalogue has some 2,300 texts, the admin some hundreds.
MOST_KEPT: Final = 8192


@cache
def keep_texts(language: str) -> None:
    """Have Django ask the catalogues of this language once for each text."""
    catalogue = trans_real.translation(language)
    vars(catalogue)["gettext"] = lru_cache(MOST_KEPT)(catalogue.gettext)
