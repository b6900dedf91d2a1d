"""Texts from outside, cut and cleaned where they enter: signals, forms, the terminal, the answers of other programs.

Pure. What is taken out: control characters; characters that turn the direction of what stands beside them; invisible
ones; halves of surrogate pairs, which neither UTF-8 nor PostgreSQL can hold. What scripts and emoji need stays: joiners
between letters that join, one variation selector after a sign. Cleaning a clean text changes nothing.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Final, TypeVar, cast

M = TypeVar("M")

# Lengths in characters. Reasons and the messages of errors may have several lines, all else has one.
LONGEST_TEXT: Final = 2000
LONGEST_NAME: Final = 150
LONGEST_ID: Final = 64
LONGEST_REFERENCE: Final = 100
LONGEST_LOG_MESSAGE: Final = 4000
LONGEST_LOG_TRACEBACK: Final = 40_000

_JOINERS: Final = "\u200c\u200d\u180e"  # ZWNJ, ZWJ, the Mongolian vowel separator
_SELECTORS: Final = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
# What steers a terminal (ECMA-48): colours and the like, and longer strings such as the title of its window.
_ESCAPES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,64}[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,500}(?:\x07|\x1b\\|\x9c)"
)
# Controls but tab and line breaks, soft hyphen, invisible fillers and operators, bidirectional controls (Unicode Bidi
# Algorithm, UAX 9), interlinear annotation, musical and shorthand format controls, tags.
_DROPPED: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
    "\U000e01f0-\U000e0fff]+"
)
# Halves of surrogate pairs, and the code points that Unicode keeps from ever being characters.
_BROKEN: Final = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_BREAK: Final = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_BREAKS: Final = re.compile(r" ?\n[ \n]*")
_MANY_BREAKS: Final = re.compile(r"\n[ \n]*\n[ \n]*\n")
_JOINING: Final = re.compile(f"[{_JOINERS}{_SELECTORS}]+")
_SELECTOR: Final = re.compile(f"[{_SELECTORS}]")
# After what a joiner can join: letters and marks of the scripts that have joining forms, and emoji.
_MAY_BE_JOINED: Final = re.compile(
    "[\u0590-\u1fff\u2190-\u2bff\u3030-\uabff\uac00-\ud7ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U0001ffff]"
)
_UNFIT_FOR_LOGS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e00ff]"
)


def clean_text(text: str, limit: int | None = LONGEST_TEXT) -> str:
    """Return the text clean, with its lines; an ellipsis stands where it was cut to `limit` characters.

    Whoever refuses what is too long has it uncut, with a `limit` of None.
    """
    return _cut(text, limit, is_one_line=False)


def clean_line(text: str, limit: int | None = LONGEST_TEXT) -> str:
    """Return the text clean and in one line, and cut as by `clean_text`."""
    return _cut(text, limit, is_one_line=True)


def clean_id(text: str) -> str:
    """Return an identifier from outside as it is, or, where it is too long or not clean, a clean one that is as unique.

    Two that differ only in what is cut or cleaned away stay two: a decision must not be taken for a repeated one.
    """
    clean = clean_line(text[: 4 * LONGEST_ID], limit=None)
    if clean == text.strip() and len(clean) <= LONGEST_ID:
        return clean
    if not clean:
        return ""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{clean[: LONGEST_ID - 33]}-{digest}"


def clean_message(message: M, clean: Callable[[str], str] = clean_text) -> M:
    """Return a dataclass with `clean` done to all its texts, also in messages inside; anything else as it is."""
    if isinstance(message, tuple):
        return cast("M", tuple(clean_message(item, clean) for item in message))
    if not is_dataclass(message) or isinstance(message, type):
        return message
    values = {field.name: getattr(message, field.name) for field in fields(message)}
    return replace(
        message,
        **{name: clean(value) if type(value) is str else clean_message(value, clean) for name, value in values.items()},
    )


def describe_value(value: object) -> str:
    """Return as a text what was meant to be one, whatever JSON holds instead. Never raises."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return "" if value is None else str(value)
    except (RecursionError, ValueError):  # lists within lists without end; a number of more digits than Python prints
        return f"(not readable: {type(value).__name__})"


def escape_for_log(text: str, limit: int = LONGEST_LOG_MESSAGE) -> str:
    r"""Return the text in one line of visible characters: ESC becomes \x1b, a line break \n."""
    cut = text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
    return _UNFIT_FOR_LOGS.sub(lambda match: match.group().encode("unicode_escape", "surrogatepass").decode(), cut)


def _clean(text: str, *, is_one_line: bool) -> str:
    whole = _BROKEN.sub("\N{REPLACEMENT CHARACTER}", _ESCAPES.sub("", text))
    in_lines = _BREAK.sub("\n", whole).replace("\t", " ")
    visible = _JOINING.sub(_keep_what_joins, _DROPPED.sub("", in_lines)).strip()
    return _BREAKS.sub(" ", visible) if is_one_line else _MANY_BREAKS.sub("\n\n", visible)


def _keep_what_joins(run: re.Match[str]) -> str:
    """Return, of a run of selectors and joiners, one selector and one joiner where they have something to work on."""
    before = run.string[run.start() - 1] if run.start() else " "
    first = run.group()[0]
    selector = first if _SELECTOR.match(first) and not before.isspace() else ""
    rest = run.group()[1:] if _SELECTOR.match(first) else run.group()
    joiner = next((sign for sign in rest if sign in _JOINERS), "") if _MAY_BE_JOINED.match(before) else ""
    return selector + joiner


def _cut(text: str, limit: int | None, *, is_one_line: bool) -> str:
    """Return the text clean and cut. Megabytes are cut before they are cleaned: a workflow has no time for them."""
    if limit is None:
        return _clean(text, is_one_line=is_one_line)
    longest = 4 * limit
    clean = _clean(text[:longest], is_one_line=is_one_line)
    return clean if len(clean) <= limit and len(text) <= longest else clean[: limit - 1].rstrip() + "…"


def fold_name(name: str) -> str:
    """Return a name for comparison, without differences of case and Unicode form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
