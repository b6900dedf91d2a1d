"""`manage.py order import`: the orders of a CSV or Excel file."""

import csv
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.core.management.base import CommandError

from orders.imports.layout import DECIMAL_MARKS, DELIMITERS, ENCODINGS, FIELD_LABELS, Layout, find_double_names
from orders.imports.reading import CellError
from orders.imports.sheets import CSV, LARGEST_FILE, guess_layout, read_rows
from orders.imports.submission import FileOrder, read_orders, submit_once
from orders.management.terminal import read_file, read_operator
from orders.models import Shop

# More of what is wrong is only counted.
MOST_TOLD: Final = 1_000


@dataclass
class Report:
    """What an import came to: numbers of orders, and what is wrong with rows."""

    orders: int = 0
    created: int = 0
    existing: int = 0
    failed: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        return {"orders": self.orders, "created": self.created, "existing": self.existing, "failed": self.failed}


def add_import(verbs: Any, epilog: str) -> ArgumentParser:
    """Add the verb that imports a file."""
    verb: ArgumentParser = verbs.add_parser("import", help="submit the orders of a CSV or Excel file", epilog=epilog)
    verb.add_argument("file", help="one row for each line of an order; its first row names the columns")
    verb.add_argument("--check", action="store_true", help="only say what is wrong")
    verb.add_argument("--skip-wrong", action="store_true", help="submit the others where some orders are wrong")
    verb.add_argument("--failed", default="", metavar="FILE", help="write the rows that failed to a new CSV file")
    verb.add_argument("--shop", default="", help="the shop whose order numbers they are")
    verb.add_argument("--currency", default=settings.ORDER_CURRENCIES[0], help="where the file has no column of it")
    verb.add_argument("--encoding", choices=list(ENCODINGS), help="by default a guess")
    verb.add_argument("--delimiter", choices=list(DELIMITERS), help="by default a guess")
    verb.add_argument("--decimal-mark", choices=list(DECIMAL_MARKS), help="by default a guess")
    verb.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=NAME",
        help=f"which column holds what, where its name does not tell. Fields: {', '.join(FIELD_LABELS)}",
    )
    return verb


def import_file(options: dict[str, Any], *, tell: Callable[[str], Any]) -> Report:
    """Check a file and submit its orders; with a wrong one nothing, unless told to skip it. Raises OrderError."""
    contents = read_file(options["file"], largest=LARGEST_FILE)
    layout, header = _find_layout(options, contents)
    tell(_describe(layout, header))
    report, is_wrong = Report(), False
    for found in read_orders(contents, layout):
        report.orders += 1
        if found.reading.errors:
            is_wrong = True
            _note(report, found.reading.errors, tell)
    failed = _open_failed(options["failed"])
    try:
        rows = csv.writer(failed) if failed else None
        if rows:
            rows.writerow(["Error", *header])
        submits = not options["check"] and (not is_wrong or options["skip_wrong"])
        _go_through(contents, layout, report, options, rows, tell, submits=submits)
    finally:
        if failed:
            failed.close()
    return report


def _go_through(
    contents: bytes,
    layout: Layout,
    report: Report,
    options: dict[str, Any],
    failed: Any,
    tell: Callable[[str], Any],
    *,
    submits: bool,
) -> None:
    """Submit what is right, and write down what fails."""
    actor, shop = read_operator(options["by"]), _find_shop(options["shop"])
    for found in read_orders(contents, layout):
        errors: Sequence[CellError] = found.reading.errors
        if submits and not errors:
            answer = submit_once(found, actor=actor, shop=shop)
            if isinstance(answer, CellError):
                errors = (answer,)
                _note(report, errors, tell)
            else:
                report.created += answer[1]
                report.existing += not answer[1]
        if errors:
            report.failed += 1
            _write_failed(failed, found, errors)


def _note(report: Report, errors: Sequence[CellError], tell: Callable[[str], Any]) -> None:
    for error in errors:
        if len(report.errors) < MOST_TOLD:
            report.errors.append({"row": error.row, "column": error.field, "sentence": error.sentence})
            tell(f"Row {error.row}, {error.label or 'order'}: {error.sentence}")


def _write_failed(failed: Any, found: FileOrder, errors: Sequence[CellError]) -> None:
    if failed is None:
        return
    for number, cells in found.rows:
        said = " ".join(f"{each.label}: {each.sentence}" for each in errors if each.row == number)
        failed.writerow([said, *cells])


def _open_failed(name: str) -> IO[str] | None:
    """Open a new file; one that is there is never overwritten."""
    try:
        return Path(name).open("x", encoding="utf-8-sig", newline="") if name else None
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror}.") from error


def _find_layout(options: dict[str, Any], contents: bytes) -> tuple[Layout, list[str]]:
    """Return how to read the file: as it is guessed, but for what the options say. Raises FileRefused."""
    given = {name: options[name] for name in ("encoding", "delimiter", "decimal_mark") if options[name]}
    layout = guess_layout(options["file"], contents, currency=options["currency"], **given)
    header = next(read_rows(contents, layout))[1]
    columns = dict(layout.columns)
    for text in options["column"]:
        name, _, column = text.partition("=")
        if name not in FIELD_LABELS or column not in header:
            raise CommandError(f"--column {text}: write FIELD=NAME, with the name of a column of the file.")
        columns[name] = header.index(column)
    twice = set(find_double_names(header)) & {header[place] for place in columns.values()}
    if twice:
        raise CommandError(f"Several columns have the name {', '.join(sorted(twice))}. Rename them in the file.")
    layout = replace(layout, columns=columns)
    layout.check_is_complete(len(header))
    return layout, header


def _describe(layout: Layout, header: Sequence[str]) -> str:
    """Say how the file is read."""
    how = (
        f"{ENCODINGS[layout.encoding]}, {str(DELIMITERS[layout.delimiter]).lower()}"
        if layout.file_format == CSV
        else "Excel"
    )
    columns = "; ".join(f"{FIELD_LABELS[name]} from {header[place]}" for name, place in layout.columns.items())
    return f"Read as {how}, decimal mark {layout.decimal_mark!r}. Columns: {columns}"


def _find_shop(name: str) -> Shop | None:
    shop = Shop.objects.filter(name=name).first()
    if name and shop is None:
        raise CommandError(f"There is no shop {name}.")
    return shop
