"""Finds texts of a template that nobody can translate."""

import re
from collections.abc import Iterator
from typing import Final

SHOWN: Final = r"title|aria-label|aria-description|aria-roledescription|placeholder|alt|label|hx-confirm"
# What is blanked out before one looks for words, in this order.
PASSED: Final = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\{#.*?#\}",
        r"\{% comment.*?endcomment %\}",
        r"\{% verbatim.*?endverbatim %\}",
        r"\{% blocktranslate\b.*?\{% endblocktranslate %\}",
        r"\{% block \w*class %\}.*?\{% endblock",
        r"<!doctype[^>]*>",
        r"<(script|style|code|pre|kbd)\b.*?</\1>",
    )
)
LITERAL: Final = re.compile(r"\{%\s*(\w+)(.*?)%\}|\{\{()(.*?)\}\}", re.DOTALL)
# Tags whose quoted words are names and not texts, or are translated by the tag.
OF_NAMES: Final = re.compile(
    r"translate|url|static|load|extends|block|cycle|if|elif|ifchanged|for|icon|now|get_current_language"
)
TEXT: Final = re.compile(r"[A-Z][a-z]+|[a-z]{2,} [a-z]{2,}")
NAME: Final = re.compile(r"[a-z0-9_./#:,?=&-]*|[jnDMHiYsTe: ,.]+|([a-z]+-[a-z-]+ ?)+")
# Names that are the same in every language, and units.
SAME: Final = re.compile(
    r"CSV|Excel|JSON|PDF|XLSX|ZPL|SKU|API|OpenAPI|URL|Temporal|PostgreSQL|ID|Ctrl|Esc|Enter|Tab|Shift|K|kg|g"
)


def find_unmarked_texts(source: str) -> list[str]:
    """Return what of a template's source is shown and not marked for translation."""
    for pattern in PASSED:
        source = pattern.sub(_blank, source)
    found = list(_find_literals(source))
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", _blank, source, flags=re.DOTALL)
    found += [text for _, text in re.findall(rf'\s({SHOWN})="([^"]*)"', source) if _has_words(text)]
    source = re.sub(r"<[^>]*>", _blank, source, flags=re.DOTALL)
    return found + [line.strip() for line in source.splitlines() if _has_words(line)]


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _find_literals(source: str) -> Iterator[str]:
    for tag, *parts in LITERAL.findall(source):
        if OF_NAMES.fullmatch(tag):
            continue
        for text in re.findall(r'(?<!_\()"([^"]*)"', " ".join(parts)):
            if TEXT.search(text) and not NAME.fullmatch(text) and not SAME.fullmatch(text):
                yield text


def _has_words(text: str) -> bool:
    return any(not SAME.fullmatch(word) for word in re.findall(r"[^\W\d_]+", re.sub(r"&[a-z]+;", " ", text)))
