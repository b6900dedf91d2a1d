"""The HTML of the list's rows. A row is rendered once for everybody who sees the same of it, and kept for a while.

What is kept depends on what the row shows and on nothing else, so nobody is given what was made for other rights. Its
times are kept without their words, which are written each time.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from console import labels
from console.desk.layout import COLUMNS
from console.desk.rows import Row
from orders.labels import Label
from orders.money import Money
from orders.states import DecisionKind

# Some 1.5 kB each, in each process.
MOST_KEPT: Final = 4000
# Where the words of a time go. PostgreSQL keeps no NUL, so that no text of an order can hold one.
SLOT: Final = "\0"
# Columns that show a text of the order as it is.
TEXTS: Final = {name: column.fields[0] for name, column in COLUMNS.items() if column.fields and name != "closed"}
INDENTATION: Final = re.compile(r"\s*\n\s*")


class RowLook(NamedTuple):
    """All that a row shows but the words of its times."""

    order_id: str
    customer_name: str
    customer_email: str
    status: str
    decision: str
    total: int
    currency: str
    created_at: datetime
    deadline: datetime | None
    is_soon: bool
    has_message_on_its_way: bool
    is_in_trouble: bool
    is_tickable: bool
    has_ticks: bool
    way_back_suffix: str
    is_fragment: bool
    approvals_given: int
    approvals_needed: int
    columns: tuple[str, ...]
    more: tuple[tuple[str, str], ...]
    closed_at: datetime | None

    @property
    def total_money(self) -> Money:
        """The total."""
        return Money(self.total, self.currency)

    @property
    def cells(self) -> list[tuple[str, Label, str]]:
        """The columns with their labels, and the text of those that show one as it is."""
        texts = dict(self.more)
        return [(name, COLUMNS[name].label, texts.get(name, "")) for name in self.columns]

    @property
    def is_of_several(self) -> bool:
        """Tell whether the order waits for more approvals than one."""
        return self.approvals_needed > 1 and self.deadline is not None

    @property
    def is_approved(self) -> bool:
        """Tell whether the latest decision is an approval."""
        return self.decision == DecisionKind.APPROVE

    @property
    def is_cancel_requested(self) -> bool:
        """Tell whether a person decided to cancel the order."""
        return self.decision == DecisionKind.CANCEL


def render_rows(
    rows: Iterable[Row], columns: tuple[str, ...], *, has_ticks: bool, way_back_suffix: str, is_fragment: bool
) -> SafeString:
    """Return the rows with these columns for the table, or, as a fragment, each for its place on the open page."""
    return SafeString("".join(_render_row(row, columns, has_ticks, way_back_suffix, is_fragment) for row in rows))


def _render_row(row: Row, columns: tuple[str, ...], has_ticks: bool, way_back_suffix: str, is_fragment: bool) -> str:
    order, facts = row.order, row.facts
    deadline = facts.deadline
    look = RowLook(
        *(order.order_id, order.customer_name, order.customer_email, order.status, order.decision),
        *(order.total, order.currency, order.created_at, deadline),
        *(facts.is_soon, facts.has_message_on_its_way, facts.is_in_trouble, row.is_tickable),
        *(has_ticks, way_back_suffix, is_fragment),
        approvals_given=order.approvals_given,
        approvals_needed=order.approvals_needed,
        columns=columns,
        more=tuple((name, str(getattr(order, TEXTS[name]))) for name in columns if name in TEXTS),
        closed_at=order.closed_at if "closed" in columns else None,
    )
    words = []
    if "submitted" in columns:
        words.append(labels.describe_age(order.created_at, facts.read_at))
    if look.closed_at is not None:
        words.append(labels.describe_age(look.closed_at, facts.read_at))
    if deadline is not None and "deadline" in columns:
        words.append(labels.describe_deadline(deadline, facts.read_at))
    return put_words("desk/_row.html", look, words)


def put_words(template: str, look: NamedTuple, words: Sequence[str]) -> str:
    """Return a row's HTML with the words of its times, in the sequence in which the template shows them."""
    first, *others = _render_look(template, look, get_language())
    return first + "".join(f"{escape(word)}{part}" for word, part in zip(words, others, strict=True))


@lru_cache(MOST_KEPT)
def _render_look(template: str, look: NamedTuple, language: str | None) -> tuple[str, ...]:
    """Return the row, in the words of a language, in the parts between which the words of its times go."""
    html = get_template(template).render({"row": look, "slot": SLOT})
    return tuple(INDENTATION.sub("\n", html).split(SLOT))
