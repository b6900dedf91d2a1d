"""What makes a password easy to guess although it is long: a known word dressed up, a row of keys, a repetition."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Final

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Whoever attacks this console tries these first; Django's list of common passwords has the rest.
OUR_WORDS: Final = ("administrator", "approver", "console", "temporal", "orders", "viewer", "admin", "clerk", "order")
ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
)
SHORTEST_RUN: Final = 3
FEWEST_DIFFERENT: Final = 5
# So many signs may stand beside an obvious one without making it less so.
MOST_DRESSING: Final = 3
# Digits and marks that stand for letters; a 1 stands for an i or an l.
LOOK_ALIKES: Final = (str.maketrans("@4380$5!1", "aaebossil"), str.maketrans("@4380$5!1", "aaebossii"))


class ObviousPasswordValidator:
    """Refuses what a person who guesses tries early, however long it is."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError with a sentence that says what is obvious about the password."""
        text = password.casefold()
        if len(set(text)) < FEWEST_DIFFERENT:
            raise ValidationError(_("This password uses too few different characters."), code="password_repetitive")
        if _is_repetition(text):
            raise ValidationError(_("This password only repeats itself."), code="password_repetitive")
        if len(_without_runs(text)) <= MOST_DRESSING:
            raise ValidationError(
                _("This password is a sequence from the keyboard or the alphabet."), code="password_sequence"
            )
        if any(word in self._common for word in _undressed(text)) or _is_made_of(text, OUR_WORDS):
            raise ValidationError(
                _("This password is a common word with a few characters added."), code="password_too_common"
            )
        if _is_made_of(text, _names_of(user)):
            raise ValidationError(_("This password contains only your name."), code="password_too_similar")

    def get_help_text(self) -> str:
        return _("Your password cannot be a common word, a keyboard sequence or a repetition, even with digits added.")

    @cached_property
    def _common(self) -> set[str]:
        return {*CommonPasswordValidator().passwords, *OUR_WORDS}


def _is_repetition(text: str) -> bool:
    """Tell whether the text is one part again and again, the last time perhaps cut."""
    return any(text[size:] == text[:-size] for size in range(1, len(text) // 2 + 1))


def _without_runs(text: str) -> str:
    """Return what is left without runs of neighbours on a keyboard or in the alphabet, in either direction."""
    left, place = [], 0
    while place < len(text):
        run = max((_run_length(text[place:], row) for row in (*ROWS, *(row[::-1] for row in ROWS))), default=0)
        if run < SHORTEST_RUN:
            left.append(text[place])
            run = 1
        place += run
    return "".join(left)


def _run_length(text: str, row: str) -> int:
    start = row.find(text[0])
    length = 0
    while start >= 0 and text[length : length + 1] and row[start + length : start + length + 1] == text[length]:
        length += 1
    return length


def _undressed(text: str) -> Iterator[str]:
    """Return the words that are left without digits and marks around, and with letters for their look-alikes."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    yield core
    for table in LOOK_ALIKES:
        yield core.translate(table)
        yield re.sub(r"^[\W_]+|[\W_]+$", "", text).translate(table)


def _is_made_of(text: str, words: Iterable[str]) -> bool:
    """Tell whether hardly a letter is left of the text without these words."""
    pattern = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    if not pattern:
        return False
    for plain in (text, *(text.translate(table) for table in LOOK_ALIKES)):
        letters = "".join(sign for sign in plain if sign.isalpha())
        left = re.sub(pattern, "", letters)
        if left != letters and len(left) <= MOST_DRESSING:
            return True
    return False


def _names_of(user: Any) -> set[str]:
    """Return the words that the account is called by."""
    texts = (getattr(user, name, "") or "" for name in ("username", "first_name", "last_name", "email"))
    words = {word for text in texts for word in re.findall(r"[^\W\d_]+", text.casefold())}
    return {word for word in words if len(word) >= SHORTEST_RUN}
