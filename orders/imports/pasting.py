"""Reads rows that were copied from a spreadsheet into lines of an order, as texts: the form's readers judge them."""

import csv
import io
from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _

from orders.errors import OrderInvalid
from orders.imports.layout import guess_columns
from orders.intake.drafts import LINE_LABELS, TypedLine

# A first row that names so many of a line's fields says which column holds what; else they come in the form's order.
NAMED: Final = 2
IN_ORDER: Final = {name: place for place, name in enumerate(LINE_LABELS)}


def read_pasted(text: str) -> tuple[TypedLine, ...]:
    """Return a line for each row that is not blank. Raises OrderInvalid for rows with more columns than are known."""
    rows = [cells for cells in (_tidy(each) for each in _split(text)) if any(cells)]
    places: Mapping[str, int] = IN_ORDER
    named = {name: place for name, place in guess_columns(rows[0]).items() if name in LINE_LABELS} if rows else {}
    if len(named) >= NAMED:
        places, rows = named, rows[1:]
    else:
        _check_width(rows)
    return tuple(_read_row(cells, places) for cells in rows)


def _split(text: str) -> list[list[str]]:
    """Return the cells of each row. Spreadsheets put a cell with line breaks between quotation marks."""
    if text.count('"') % 2:
        return [line.split("\t") for line in text.splitlines()]
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    except csv.Error as error:
        raise OrderInvalid(_("The rows cannot be read. Copy only the cells with the lines of the order.")) from error


def _tidy(cells: list[str]) -> list[str]:
    return [" ".join(text.split()) for text in cells]


def _check_width(rows: list[list[str]]) -> None:
    for number, cells in enumerate(rows, start=1):
        if any(cells[len(IN_ORDER) :]):
            sentence = _(
                "Row %(row)s has %(columns)s columns. Paste SKU, description, quantity and unit price, or include the "
                "row that names the columns."
            )
            raise OrderInvalid(sentence % {"row": number, "columns": len(cells)})


def _read_row(cells: list[str], places: Mapping[str, int]) -> TypedLine:
    """Return the row's texts; where no row says how many, it is one."""
    texts = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
    return TypedLine(**{"quantity": "1"} | {name: text for name, text in texts.items() if text or name != "quantity"})
