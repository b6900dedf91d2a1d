"""The rows of an import that were not submitted, as a CSV file with the reason in front: to be corrected and imported.

It is written in the delimiter of the file that was uploaded. Cells are written as they were, because they are read
again.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from orders.imports.jobs import FAILED, read_layout
from orders.imports.reading import CellError
from orders.imports.sheets import CSV
from orders.imports.wording import word_errors
from orders.models import ImportedOrder, OrderImport

ERROR = "Error"


def write_failed_rows(importing: OrderImport) -> Iterator[str]:
    """Yield the file a line after the other, beginning with the names of the columns, in the language of the caller."""
    return _write_rows(importing, get_language())


def _write_rows(importing: OrderImport, language: str | None) -> Iterator[str]:
    """Do so; nobody says in which language they ask for the next line, so that it is given."""
    layout = read_layout(importing)
    delimiter = layout.delimiter if layout.file_format == CSV else ","
    yield "\N{BYTE ORDER MARK}" + _write_line([ERROR, *importing.sample[0][1]], delimiter)
    failed = ImportedOrder.objects.filter(of=importing, result__in=FAILED).order_by("id")
    for item in failed.iterator(chunk_size=500):
        with override(language):
            errors = word_errors(item, layout)
            words = [_describe_errors(errors, number) for number, _cells in item.rows]
        for described, (_number, cells) in zip(words, item.rows, strict=True):
            yield _write_line([described, *cells], delimiter)


def _describe_errors(errors: Sequence[CellError], row: int) -> str:
    """Say what is wrong with a row of an order."""
    order = _("Order")
    return " ".join(f"{error.label or order}: {error.sentence}" for error in errors if error.row == row)


def _write_line(cells: list[str], delimiter: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter).writerow(cells)
    return line.getvalue()
