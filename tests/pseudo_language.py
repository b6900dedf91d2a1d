"""Finds what a page says without a translation: `python -m pytest -p tests.pseudo_language tests/console`.

Every translated text gets invisible marks around it. What a page shows outside of marks is gathered, and printed at the
end: it is data, or a text that nobody can translate. What a test sees has no marks. Tests that compare words which no
page shows fail, which means nothing here.
"""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any, Final
from zoneinfo import available_timezones

import pytest
from django.test.client import ClientHandler
from django.utils import translation

OPEN: Final = "\u2063"
CLOSE: Final = "\u2064"
MARKS: Final = re.compile(f"[{OPEN}{CLOSE}]")
SHOWN_ATTRIBUTES: Final = ("alt", "aria-description", "aria-label", "label", "placeholder", "title")
WORD: Final = re.compile(r"[^\W\d_]{3,}")
UNSEEN: Final = ("script", "style", "code", "pre", "svg")
MOST_SHOWN: Final = 2000

ZONES: Final = {part.replace("_", " ") for zone in available_timezones() for part in (zone, *zone.split("/", 1))}

found: Counter[str] = Counter()
seen_at: dict[str, str] = {}


class _Reader(HTMLParser):
    """Gathers what a reader meets: texts, and attributes that are shown or read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        self.texts += [value for name, value in attrs if name in SHOWN_ATTRIBUTES and value]
        self.texts += [value for name, value in attrs if name == "value" and value and tag == "button"]

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.texts.append(data)


def mark_translations(patch: pytest.MonkeyPatch) -> None:
    """Have every translated text marked from now on, in any language."""
    engine: Any = vars(translation)["_trans"]
    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        patch.setattr(engine, name, _mark(getattr(engine, name)), raising=False)


def _mark(translate: Any) -> Any:
    def marked(*arguments: Any) -> str:
        return f"{OPEN}{translate(*arguments)}{CLOSE}"

    return marked


def find_unmarked(page: str) -> list[str]:
    """Return the texts of a page with words in them that stand outside of marks."""
    depth, kept = 0, []
    for part in re.split(f"([{OPEN}{CLOSE}])", page):
        if part == OPEN:
            depth += 1
        elif part == CLOSE:
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(part)
    reader = _Reader()
    reader.feed("".join(kept))
    texts = (" ".join(text.split()) for text in reader.texts if WORD.search(text))
    return [text for text in texts if text not in ZONES]


class _ReadingHandler(ClientHandler):
    """Answers as ever, and gathers what was shown."""

    def __call__(self, environ: dict[str, Any]) -> Any:
        response: Any = super().__call__(environ)
        if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
            page = response.content.decode()
            for text in find_unmarked(page):
                found[text] += 1
                seen_at.setdefault(text, environ["PATH_INFO"])
            response.content = MARKS.sub("", page).encode()
        return response


_patch = pytest.MonkeyPatch()


def pytest_sessionstart() -> None:
    """Begin to mark and to gather."""
    mark_translations(_patch)
    _patch.setattr("django.test.client.ClientHandler", _ReadingHandler)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was found, the most frequent first."""
    terminalreporter.section("texts outside of translations")
    for text, times in found.most_common(MOST_SHOWN):
        terminalreporter.write_line(f"{times:5} {text} ({seen_at[text]})")
