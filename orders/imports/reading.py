"""Puts the rows of a file together to orders, and reads each by the readers of the form."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _

from orders.errors import OrderInvalid
from orders.imports.layout import FIELD_LABELS, NUMBER, OF_LINES, WEIGHT, Layout, write_plainly
from orders.imports.sheets import Row
from orders.intake.drafts import (
    MOST_LINES,
    REQUIRED,
    LineDraft,
    OrderDraft,
    TypedLine,
    read_currency,
    read_line,
    tidy_draft,
)
from orders.intake.numbers import read_weight
from orders.language import write_number

ORDER_FIELDS: Final = tuple(name for name in FIELD_LABELS if name not in OF_LINES)


@dataclass(frozen=True)
class CellError:
    """What is wrong, in which row, and in which field; no field where it is about the order as a whole."""

    row: int
    field: str
    sentence: str

    @property
    def label(self) -> str:
        """The name of the field as the page shows it."""
        return str(FIELD_LABELS.get(self.field, ""))


@dataclass(frozen=True)
class Reading:
    """An order as its rows have it: a draft, or what is wrong with them."""

    draft: OrderDraft | None
    errors: tuple[CellError, ...]


def put_together(rows: Iterable[Row], layout: Layout) -> Iterator[list[Row]]:
    """Yield the rows of each order: those that follow one another with the same number, or without one.

    A row without a number belongs to the order above it only when it has nothing that an order has, but for its line.
    """
    together: list[Row] = []
    for row in rows:
        number = pick(row[1], NUMBER, layout)
        is_same = together and (number == pick(together[0][1], NUMBER, layout) and number != "")
        if together and not is_same:
            yield together
            together = []
        together.append(row)
    if together:
        yield together


def pick(cells: Sequence[str], name: str, layout: Layout) -> str:
    """Return what a row has for a field, without spaces around it; empty where it has none."""
    place = layout.columns.get(name, -1)
    return cells[place].strip() if 0 <= place < len(cells) else ""


def read_rows_of_order(rows: Sequence[Row], layout: Layout) -> Reading:
    """Read the rows of one order. Raises nothing: what is wrong stands in the reading."""
    errors: dict[tuple[int, str], str] = {}
    facts = {name: _read_fact(rows, name, layout, errors) for name in ORDER_FIELDS}
    if not facts[NUMBER]:
        errors[rows[0][0], NUMBER] = str(REQUIRED)
    currency = _read_currency(rows[0][0], facts.pop("currency") or layout.currency, errors)
    lines: list[tuple[int, LineDraft]] = []
    if len(rows) > MOST_LINES:
        sentence = _("An order has at most %(most)s lines; this one has %(lines)s.")
        errors[rows[0][0], NUMBER] = sentence % {"most": write_number(MOST_LINES), "lines": write_number(len(rows))}
    for row in rows[:MOST_LINES]:
        line = _read_line(row, currency, layout, errors)
        if line is not None:
            lines.append((row[0], line))
    typed = _draft_of(facts, currency, [line for _, line in lines])
    try:
        draft = tidy_draft(typed)
    except OrderInvalid as error:
        _place_errors(error, [number for number, _ in lines] or [rows[0][0]], rows[0][0], errors)
        draft = None
    if errors:
        return Reading(None, tuple(CellError(row, name, text) for (row, name), text in sorted(errors.items())))
    return Reading(draft, ())


def _draft_of(facts: Mapping[str, Any], currency: str, lines: Sequence[LineDraft]) -> OrderDraft:
    return OrderDraft(**facts, currency=currency, lines=tuple(lines))


def _read_fact(rows: Sequence[Row], name: str, layout: Layout, errors: dict[tuple[int, str], str]) -> str:
    """Return what the first row has; the others may repeat it or leave it out."""
    fact = pick(rows[0][1], name, layout)
    if fact.startswith("="):
        errors[rows[0][0], name] = _refuse_formula(fact)
    for number, cells in rows[1:]:
        other = pick(cells, name, layout)
        if other and other != fact:
            sentence = _("This differs from row %(row)s of the same order, which has %(text)s.")
            errors[number, name] = sentence % {"row": rows[0][0], "text": repr(fact[:60])}
    return fact


def _read_currency(row: int, text: str, errors: dict[tuple[int, str], str]) -> str:
    """Return the currency; an empty text for one that is wrong."""
    try:
        return read_currency(text.upper())
    except OrderInvalid as error:
        errors[row, "currency"] = str(error)
        return ""


def _read_line(row: Row, currency: str, layout: Layout, errors: dict[tuple[int, str], str]) -> LineDraft | None:
    number, cells = row
    texts = {name: pick(cells, name, layout) for name in OF_LINES}
    own = {name: _refuse_formula(text) for name, text in texts.items() if text.startswith("=")}
    try:
        texts["unit_price"] = write_plainly(texts["unit_price"], layout.decimal_mark)
    except OrderInvalid as error:
        own["unit_price"] = str(error)
    typed_weight = texts.pop(WEIGHT)
    weight = None
    try:
        weight = read_weight(typed_weight) if typed_weight else None
    except OrderInvalid as error:
        own.setdefault(WEIGHT, str(error))
    reading = read_line(TypedLine(**texts), currency)
    said = {name: text for name, text in reading.errors.items() if currency or name != "unit_price"}
    errors.update({(number, name): text for name, text in (said | own).items()})
    return None if own or reading.draft is None else replace(reading.draft, weight_grams=weight)


def _place_errors(error: OrderInvalid, numbers: Sequence[int], first: int, errors: dict[tuple[int, str], str]) -> None:
    """Put what a draft is refused for to its row and field; what is said there already stays."""
    for path, sentence in error.fields.items():
        parts = path.split("/")
        if parts[0] == "lines" and len(parts) == 3:
            errors.setdefault((numbers[int(parts[1])], parts[2]), sentence)
        elif parts[0] in FIELD_LABELS or not errors:
            errors.setdefault((first, parts[0] if parts[0] in FIELD_LABELS else ""), sentence)


def _refuse_formula(text: str) -> str:
    return _("This is a formula: %(text)s. Enter its value.") % {"text": text[:40]}
