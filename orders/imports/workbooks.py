"""Reads the first sheet of an Excel file (.xlsx), which anybody may have made: its size is checked before it is read.

Dates and numbers are written as texts, numbers with a point as their decimal mark. A formula stays the text that it
is, for the reader of orders to refuse: the value that Excel saved beside it may be old or missing.
"""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import load_workbook

from orders.errors import FileRefused

# All parts together, as they are in memory. A sheet of 50,000 rows has some 30 MB.
LARGEST_CONTENTS: Final = 100 * 1024 * 1024  # bytes
MOST_PARTS: Final = 1_000
PIECE: Final = 1024 * 1024
BROKEN: Final = gettext_lazy(
    "The file cannot be read as an Excel file. Open it in a spreadsheet program and save it again as .xlsx."
)


def read_workbook(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row of the first sheet, and its cells as texts. Raises FileRefused."""
    try:
        _check_parts(file)
        workbook = load_workbook(file, read_only=True, keep_links=False)
    except FileRefused:
        raise
    except Exception as error:
        raise FileRefused(str(BROKEN)) from error
    try:
        if not workbook.worksheets:
            raise FileRefused(_("The file has no sheet."))
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()  # what the file says about its own size may be wrong
        for number, row in enumerate(sheet.iter_rows(), start=1):
            yield number, [_write(cell.value) for cell in row]
    except FileRefused:
        raise
    except Exception as error:
        raise FileRefused(str(BROKEN)) from error
    finally:
        workbook.close()


def _check_parts(file: IO[bytes]) -> None:
    """Raise FileRefused for contents that are too large, for entities that grow, and for merged cells.

    No part is read beyond the size that the archive's list gives for it, so that the list can be believed.
    """
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_CONTENTS:
            raise FileRefused(_("The contents of this Excel file are too large. Save only the sheet with the orders."))
        for part in parts:
            if part.flag_bits & 1:
                raise FileRefused(_("This Excel file is protected by a password. Save it without one."))
            if part.filename.endswith((".xml", ".rels")):
                _check_part(archive, part)
    file.seek(0)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    end = b""
    with archive.open(part) as contents:
        while piece := contents.read(PIECE):
            text = end + piece
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise FileRefused(str(BROKEN))
            if b"<mergeCell " in text:
                raise FileRefused(
                    _("This Excel file has merged cells. Unmerge them, so that each row stands for itself.")
                )
            end = piece[-16:]


def _write(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)
