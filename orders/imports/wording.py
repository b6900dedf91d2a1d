"""Says what is wrong with the orders of a file in the language of the reader.

A check or an import runs in the background and writes its sentences down in English. For readers of another language
the rows, which are kept as long as they are to be corrected, are read once more.
"""

from collections.abc import Sequence

from django.utils.translation import gettext

from orders.imports.layout import Layout
from orders.imports.reading import CellError, read_rows_of_order
from orders.language import is_english
from orders.models import ImportedOrder


def word_errors(item: ImportedOrder, layout: Layout) -> Sequence[CellError]:
    """Return what is wrong with an order; what reading it again does not find stays in English."""
    written = [CellError(**error) for error in item.errors]
    if is_english():
        return written
    worded = [CellError(error.row, error.field, gettext(error.sentence)) for error in written]
    if all(new.sentence != old.sentence for new, old in zip(worded, written, strict=True)):
        return worded
    reading = read_rows_of_order([(number, cells) for number, cells in item.rows], layout)
    found = {(error.row, error.field): error.sentence for error in reading.errors}
    return [
        new
        if new.sentence != old.sentence
        else CellError(old.row, old.field, found.get((old.row, old.field), old.sentence))
        for new, old in zip(worded, written, strict=True)
    ]
