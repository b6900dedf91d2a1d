"""Reads the rows of a file, one after the other: CSV here, workbooks in `workbooks`. Memory holds a row at a time."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import IO, Final

from django.utils.translation import gettext as _

from orders.errors import FileRefused
from orders.imports import workbooks
from orders.imports.layout import DELIMITERS, ENCODINGS, Layout, guess_columns, guess_decimal_mark
from orders.language import write_number

LARGEST_FILE: Final = 10 * 1024 * 1024  # bytes
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 100
LONGEST_CELL: Final = 4_000
# What the guesses go by.
SAMPLE_ROWS: Final = 100
CSV: Final = "csv"
XLSX: Final = "xlsx"

# The number of a row as a spreadsheet shows it, from 1, and its texts.
Row = tuple[int, list[str]]


def describe_too_large() -> str:
    """Say that a file is larger than any that is read."""
    return _("The file is larger than %(most)s MB. Split it.") % {"most": LARGEST_FILE // 1024 // 1024}


def find_format(name: str, contents: bytes) -> str:
    """Return what the file is, by what it holds. Raises FileRefused for what is neither CSV nor a workbook."""
    if not contents.strip():
        raise FileRefused(_("The file is empty."))
    if len(contents) > LARGEST_FILE:
        raise FileRefused(describe_too_large())
    if contents.startswith(b"PK"):
        return XLSX
    if contents.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused(_("This is an old or protected Excel file. Save it as .xlsx without a password, or as CSV."))
    is_utf_16 = contents.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if (b"\0" in contents and not is_utf_16) or contents.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff")):
        raise FileRefused(_("%(name)s is no CSV and no Excel file (.xlsx).") % {"name": name[:80]})
    return CSV


def guess_layout(
    name: str, contents: bytes, *, currency: str, encoding: str = "", delimiter: str = "", decimal_mark: str = ""
) -> Layout:
    """Return how the file seems to be meant, but for what is given. Raises FileRefused for one that cannot be read."""
    layout = guess_reading(name, contents, encoding=encoding, delimiter=delimiter)
    layout = replace(layout, currency=currency)
    return guess_meaning(layout, read_sample(contents, layout), decimal_mark=decimal_mark)


def guess_reading(name: str, contents: bytes, *, encoding: str = "", delimiter: str = "") -> Layout:
    """Return how the rows of the file seem to be read, but for what is given. Raises FileRefused."""
    layout = Layout(find_format(name, contents))
    if layout.file_format != CSV:
        return layout
    encoding = encoding or _guess_encoding(contents)
    return replace(layout, encoding=encoding, delimiter=delimiter or _guess_delimiter(contents, encoding))


def read_sample(contents: bytes, layout: Layout) -> list[Row]:
    """Return the first rows. Raises FileRefused, also where there is none but the one that names the columns."""
    rows = list(islice(read_rows(contents, layout), SAMPLE_ROWS))
    if len(rows) < 2:
        raise FileRefused(_("The file has no rows below its first one, which names the columns."))
    return rows


def guess_meaning(layout: Layout, rows: Sequence[Row], *, decimal_mark: str = "") -> Layout:
    """Return the layout with the columns, and the decimal mark, that the first rows of the file seem to have."""
    columns = guess_columns(rows[0][1])
    place = columns.get("unit_price", MOST_COLUMNS)
    prices = [cells[place] for _, cells in rows[1:] if len(cells) > place]
    return replace(layout, columns=columns, decimal_mark=decimal_mark or guess_decimal_mark(prices))


def read_rows(contents: bytes, layout: Layout) -> Iterator[Row]:
    """Yield the rows that are not blank, the first of which names the columns.

    Raises FileRefused, with the row where reading ended.
    """
    count = 0
    rows = workbooks.read_workbook(io.BytesIO(contents)) if layout.file_format == XLSX else _read_csv(contents, layout)
    for number, cells in rows:
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        count += 1
        if count > MOST_ROWS + 1:
            raise FileRefused(_("The file has more than %(most)s rows. Split it.") % {"most": write_number(MOST_ROWS)})
        _check_row(number, cells)
        yield number, cells


def _check_row(number: int, cells: Sequence[str]) -> None:
    if len(cells) > MOST_COLUMNS:
        sentence = _("Row %(row)s has %(columns)s columns; %(most)s can be read.")
        raise FileRefused(sentence % {"row": number, "columns": write_number(len(cells)), "most": MOST_COLUMNS})
    for place, text in enumerate(cells, start=1):
        if len(text) > LONGEST_CELL:
            sentence = _(
                "Row %(row)s, column %(column)s has %(length)s characters; at most %(most)s can be read. If the row "
                "looks whole, a quotation mark is missing before it."
            )
            facts = {
                "row": number,
                "column": place,
                "length": write_number(len(text)),
                "most": write_number(LONGEST_CELL),
            }
            raise FileRefused(sentence % facts)


def _read_csv(contents: bytes, layout: Layout) -> Iterator[Row]:
    encoding = "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding
    text: IO[str] = io.TextIOWrapper(io.BytesIO(contents), encoding=encoding, newline="")
    number = 0
    try:
        for number, cells in enumerate(csv.reader(text, delimiter=layout.delimiter), start=1):
            yield number, [_clean(cell) for cell in cells]
    except UnicodeError as error:
        sentence = _(
            "After row %(row)s the file is not %(encoding)s. Choose another encoding, or save the file as UTF-8."
        )
        raise FileRefused(sentence % {"row": number, "encoding": ENCODINGS[layout.encoding]}) from error
    except csv.Error as error:
        sentence = _("After row %(row)s the file is no CSV: %(error)s.")
        raise FileRefused(sentence % {"row": number, "error": error}) from error


def _clean(text: str) -> str:
    """Return the text without what PostgreSQL cannot keep."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _guess_encoding(contents: bytes) -> str:
    if contents.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        contents.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _guess_delimiter(contents: bytes, encoding: str) -> str:
    """Return the delimiter that gives the first row most columns, and the rows below as many."""

    def judge(delimiter: str) -> tuple[int, int]:
        layout = Layout(CSV, encoding, delimiter)
        try:
            widths = [len(cells) for _, cells in islice(_read_csv(contents, layout), 20) if cells]
        except FileRefused:
            return 0, 0
        if not widths or widths[0] < 2:
            return 0, 0
        return sum(width == widths[0] for width in widths), widths[0]

    return max(DELIMITERS, key=judge)
