"""A table as a workbook (XLSX). Unlike a line of CSV its parts can be sent only when the last row is known."""

from collections.abc import Iterator
from itertools import islice
from typing import IO, Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

# Some seconds of work. A sheet could hold twenty times as many, but nobody waits so long for an answer.
MOST_ROWS: Final = 50_000


def write_workbook(rows: Iterator[list[Any]], file: IO[bytes]) -> None:
    """Write a workbook of one sheet, whose first row names the columns, with at most MOST_ROWS rows below it.

    No text is a formula, whatever it begins with. Memory holds one row at a time.
    """
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Orders")
    sheet.freeze_panes = "A2"
    for number, row in enumerate(islice(rows, MOST_ROWS + 1)):
        sheet.append([_cell(sheet, value, is_name=number == 0) for value in row])
    workbook.save(file)


def _cell(sheet: Any, value: Any, *, is_name: bool) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    if is_name:
        cell.font = Font(bold=True)
    return cell
