"""The columns of the list: what there is, and what a person has chosen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy

from console.desk.list_asked import ListAsked
from orders.labels import Label
from orders.listing.list_query import SORTS


@dataclass(frozen=True)
class Column:
    """A column that may be shown; `fields` are what it needs of an order beyond what every list reads.

    `sorts` are those of the list that belong to it, the usual one first.
    """

    name: str
    label: Label
    fields: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    is_usual: bool = True
    is_number: bool = False


# In the order in which they stand. The order's own id comes before them, and is always there.
COLUMNS: Final[Mapping[str, Column]] = {
    column.name: column
    for column in (
        Column("customer", gettext_lazy("Customer")),
        Column("company", gettext_lazy("Company"), fields=("customer_company",), is_usual=False),
        Column("country", gettext_lazy("Country"), fields=("address_country",), is_usual=False),
        Column("number", gettext_lazy("Shop's number"), fields=("shop_order_number",), is_usual=False),
        Column("status", gettext_lazy("Status")),
        Column("total", gettext_lazy("Total"), sorts=("largest", "smallest"), is_number=True),
        Column("submitted", gettext_lazy("Submitted"), sorts=("newest", "oldest")),
        Column("submitter", gettext_lazy("Submitted by"), fields=("submitted_by",), is_usual=False),
        Column("decider", gettext_lazy("Decided by"), fields=("decided_by",), is_usual=False),
        Column("closed", gettext_lazy("Closed"), fields=("closed_at",), sorts=("closed",), is_usual=False),
        Column("deadline", gettext_lazy("Decide"), sorts=("expiring",)),
    )
}
USUAL: Final = tuple(column.name for column in COLUMNS.values() if column.is_usual)


@dataclass(frozen=True)
class Head:
    """The head of a column: a link where it can be sorted by, and how it is sorted now."""

    column: Column
    url: str
    direction: str


@dataclass(frozen=True)
class Layout:
    """What a person has chosen."""

    names: tuple[str, ...] = USUAL

    @classmethod
    def of(cls, names: Iterable[str]) -> "Layout":
        """Return the layout with those of the columns that there are; with the usual ones where there are none."""
        wanted = set(names)
        return cls(tuple(name for name in COLUMNS if name in wanted) or USUAL)

    @classmethod
    def read(cls, token: str) -> "Layout":
        """Return the layout that `token` wrote; the usual one for anything else."""
        return cls.of(token.split("."))

    @property
    def token(self) -> str:
        """What an open page says of its columns when it asks for its rows; empty for the usual ones."""
        return "" if self == Layout() else ".".join(self.names)

    @property
    def fields(self) -> tuple[str, ...]:
        """What the columns need of an order beyond what every list reads."""
        return tuple(field for name in self.names for field in COLUMNS[name].fields)

    @property
    def options(self) -> list[tuple[Column, bool]]:
        """All columns, each with whether it is shown."""
        return [(column, column.name in self.names) for column in COLUMNS.values()]

    def describe_heads(self, asked: ListAsked) -> list[Head]:
        """Return the heads of the columns for a list, with links to the sorts that an index serves."""
        return [_describe_head(COLUMNS[name], asked) for name in self.names]


def _describe_head(column: Column, asked: ListAsked) -> Head:
    offered = [sort for sort in column.sorts if sort in asked.sorts]
    if asked.sort not in offered:
        return Head(column, asked.sorted_by(offered[0]).link() if offered else "", "")
    others = [sort for sort in offered if sort != asked.sort]
    direction = "descending" if SORTS[asked.sort].is_descending else "ascending"
    return Head(column, asked.sorted_by(others[0]).link() if others else "", direction)
