"""The lines of a new order as they are typed: rows of fields, what is wrong with each, and what they come to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid
from orders.intake.drafts import LINE_LABELS, MOST_LINES, LineDraft, LineReading, TypedLine, check_total, read_line
from orders.language import write_number
from orders.money import Money, add_up

PREFIX: Final = "lines"
COUNT: Final = f"{PREFIX}-TOTAL_FORMS"
# The keys that a telephone shows for a field.
KEYS: Final[Mapping[str, str]] = {"sku": "text", "description": "text", "quantity": "numeric", "unit_price": "decimal"}
_NAME: Final = re.compile(rf"{PREFIX}-([0-9]{{1,6}})-({'|'.join(LINE_LABELS)})")


@dataclass(frozen=True)
class Cell:
    """One field of a row, as the page shows it."""

    name: str
    label: str
    keys: str
    value: str
    error: str
    is_focused: bool

    @property
    def id(self) -> str:
        return f"id_{self.name}"


@dataclass(frozen=True)
class Row:
    """One row of fields; `errors` and `total` are empty as long as nothing is known."""

    position: int
    typed: TypedLine
    errors: Mapping[str, str]
    total: Money | None
    focus: str = ""

    @property
    def cells(self) -> list[Cell]:
        return [
            Cell(
                name=f"{PREFIX}-{self.position}-{field}",
                label=str(label),
                keys=KEYS[field],
                value=getattr(self.typed, field),
                error=self.errors.get(field, ""),
                is_focused=field == self.focus,
            )
            for field, label in LINE_LABELS.items()
        ]


@dataclass(frozen=True)
class Totals:
    """What the lines come to so far. `open_rows` is the number of rows with something in them that are not counted."""

    total: Money
    open_rows: int
    complaint: str


class Lines:
    """All rows of a new order. Empty ones do not count, wherever they stand.

    Only with `is_judged` it is said what is wrong: nobody likes to hear it while still typing.
    """

    def __init__(
        self,
        typed: tuple[TypedLine, ...],
        currency: str,
        *,
        is_judged: bool = False,
        is_whole: bool = True,
        focus_row: int | None = None,
    ) -> None:
        self.typed = typed
        self.currency = currency
        self.is_judged = is_judged
        self._is_whole = is_whole
        self._focus_row = focus_row

    @cached_property
    def _readings(self) -> tuple[LineReading | None, ...]:
        """What each row comes to; None for a blank one."""
        return tuple(None if line.is_blank else read_line(line, self.currency) for line in self.typed)

    @cached_property
    def rows(self) -> list[Row]:
        return [
            Row(
                position=position,
                typed=line,
                errors=reading.errors if reading is not None and self.is_judged else {},
                total=reading.total if reading is not None else None,
                focus="sku" if position == self._focus_row else "",
            )
            for position, (line, reading) in enumerate(zip(self.typed, self._readings, strict=True))
        ]

    @property
    def has_prices(self) -> bool:
        """Tell whether a price was typed in any row."""
        return any(line.unit_price.strip() for line in self.typed)

    @cached_property
    def complaints(self) -> list[str]:
        filled = [reading for reading in self._readings if reading is not None]
        if not self._is_whole:
            return [_("Some lines were not received. Check them and submit again.")]
        if not filled:
            return [_("An order needs at least one line.")]
        if len(filled) > MOST_LINES:
            sentence = _(
                "An order has at most %(most)s lines; this one has %(lines)s. Take %(others)s of them out and submit "
                "them as another order."
            )
            counts = {"most": MOST_LINES, "lines": len(filled), "others": len(filled) - MOST_LINES}
            return [sentence % {name: write_number(count) for name, count in counts.items()}]
        return [self.totals.complaint] if self.totals.complaint and not any(line.errors for line in filled) else []

    @property
    def is_valid(self) -> bool:
        """Tell whether all that was typed can be ordered."""
        return not self.complaints and not any(reading.errors for reading in self._readings if reading is not None)

    @property
    def drafts(self) -> tuple[LineDraft, ...]:
        """The lines that were filled in; those with errors are skipped."""
        return tuple(reading.draft for reading in self._readings if reading is not None and reading.draft is not None)

    @cached_property
    def totals(self) -> Totals:
        """What the lines come to so far."""
        currency = self.currency or settings.ORDER_CURRENCIES[0]
        filled = [reading for reading in self._readings if reading is not None]
        total = add_up((reading.total for reading in filled if reading.total is not None), currency)
        try:
            check_total(total)
        except OrderInvalid as error:
            complaint = str(error)
        else:
            complaint = ""
        return Totals(total, sum(reading.total is None for reading in filled), complaint)


def read_typed_lines(data: MultiValueDict[str, str]) -> tuple[TypedLine, ...]:
    """Return the rows of a form as they were typed, in their order on the page."""
    found: dict[int, dict[str, str]] = {}
    for name in data:
        if match := _NAME.fullmatch(name):
            found.setdefault(int(match[1]), {})[match[2]] = data.get(name, "")
    return tuple(TypedLine(**found[position]) for position in sorted(found))


def have_all_arrived(data: MultiValueDict[str, str], rows: int) -> bool:
    """Tell whether as many rows arrived as the page says that it had."""
    count = data.get(COUNT) or ""
    return re.fullmatch(r"[0-9]{1,6}", count) is not None and int(count) == rows
