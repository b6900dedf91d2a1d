"""How a file of orders is read, as a person chooses it: the form, and a preview of the first rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils import get_column_letter

from orders.errors import OrderInvalid
from orders.imports.jobs import read_layout
from orders.imports.layout import DECIMAL_MARKS, DELIMITERS, ENCODINGS, FIELD_LABELS, NEEDED, Layout, write_plainly
from orders.imports.sheets import CSV
from orders.intake.numbers import read_price
from orders.models import OrderImport, Shop

COLUMN: Final = "column-"
LONGEST_NAME: Final = 40
LONGEST_CELL: Final = 60


class LayoutForm(forms.Form):
    """Encoding, delimiter, decimal mark, currency, and a column for each field of an order."""

    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=gettext_lazy("Columns are separated by"), choices=list(DELIMITERS.items()))
    decimal_mark = forms.ChoiceField(label=gettext_lazy("Decimal mark of prices"), choices=list(DECIMAL_MARKS.items()))
    currency = forms.ChoiceField(label=gettext_lazy("Currency, where the file has no column for it"))
    shop = forms.ModelChoiceField(
        label=gettext_lazy("Shop whose order numbers these are"),
        queryset=Shop.objects.all(),
        required=False,
        empty_label=gettext_lazy("No shop"),
    )

    use_required_attribute = False

    def __init__(self, importing: OrderImport, data: Mapping[str, Any] | None = None) -> None:
        self._layout = read_layout(importing)
        names = name_columns(importing.sample[0][1])
        super().__init__(data, initial=_describe(self._layout, importing))
        self.fields["currency"].choices = [(code, code) for code in settings.ORDER_CURRENCIES]  # type: ignore[attr-defined]
        if self._layout.file_format != CSV:
            del self.fields["encoding"], self.fields["delimiter"]
        if not Shop.objects.exists():
            del self.fields["shop"]
        for name, label in FIELD_LABELS.items():
            self.fields[COLUMN + name] = forms.ChoiceField(
                label=str(label), required=False, choices=[("", _("Not in the file")), *names]
            )
            self.fields[COLUMN + name].is_optional = name not in NEEDED  # type: ignore[attr-defined]

    @property
    def reading_fields(self) -> list[forms.BoundField]:
        """The fields that say how the file is read, without the columns."""
        return [field for field in self if not field.name.startswith(COLUMN)]

    @property
    def column_fields(self) -> list[forms.BoundField]:
        """A field for each thing that a column may hold."""
        return [field for field in self if field.name.startswith(COLUMN)]

    @property
    def reading(self) -> dict[str, str]:
        """What was chosen, but for the columns and the shop."""
        names = ("encoding", "delimiter", "decimal_mark", "currency")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}

    @property
    def chosen_shop(self) -> Shop | None:
        """Whose order numbers they are; None for nobody's in particular."""
        return self.cleaned_data.get("shop")

    @property
    def columns(self) -> dict[str, int]:
        """The place of each field that the file has."""
        chosen = {name: self.cleaned_data[COLUMN + name] for name in FIELD_LABELS}
        return {name: int(place) for name, place in chosen.items() if place}


@dataclass(frozen=True)
class Column:
    """A column of the preview: its letter, its name in the file, and what it is taken for."""

    letter: str
    name: str
    taken_for: str


@dataclass(frozen=True)
class Preview:
    """The first rows of the file as they are read."""

    columns: Sequence[Column]
    rows: Sequence[tuple[int, Sequence[str]]]
    price: str

    @classmethod
    def of(cls, importing: OrderImport) -> "Preview":
        header, rows = importing.sample[0][1], importing.sample[1:]
        layout = read_layout(importing)
        fields = {place: str(FIELD_LABELS[name]) for name, place in layout.columns.items()}
        columns = [
            Column(get_column_letter(place + 1), cut(name, LONGEST_NAME), fields.get(place, ""))
            for place, name in enumerate(header)
        ]
        shown = [(number, [cut(text, LONGEST_CELL) for text in _fill(cells, len(header))]) for number, cells in rows]
        return cls(columns, shown, _describe_price(layout, rows[0][1]))


def name_columns(header: Sequence[str]) -> list[tuple[str, str]]:
    """Return the columns of a file to choose from: by their place, with letter and name."""
    return [
        (str(place), f"{get_column_letter(place + 1)}: {cut(name, LONGEST_NAME)}") for place, name in enumerate(header)
    ]


def cut(text: str, longest: int) -> str:
    """Return the text, with an ellipsis where it is too long for a cell."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _fill(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _describe(layout: Layout, importing: OrderImport) -> dict[str, Any]:
    facts = {name: getattr(layout, name) for name in ("encoding", "delimiter", "decimal_mark", "currency")}
    places = {COLUMN + name: str(place) for name, place in layout.columns.items()}
    return facts | places | {"shop": importing.shop_id}


def _describe_price(layout: Layout, cells: Sequence[str]) -> str:
    """Say how the first price is understood, so that a wrong decimal mark is seen."""
    place, currency_place = layout.columns.get("unit_price", -1), layout.columns.get("currency", -1)
    typed = cells[place].strip() if 0 <= place < len(cells) else ""
    currency = cells[currency_place].strip().upper() if 0 <= currency_place < len(cells) else layout.currency
    if not typed or currency not in settings.ORDER_CURRENCIES:
        return ""
    try:
        price = read_price(write_plainly(typed, layout.decimal_mark), currency)
    except OrderInvalid as error:
        sentence = _("The first price, %(typed)s, cannot be read: %(error)s")
        return sentence % {"typed": cut(typed, LONGEST_CELL), "error": error}
    return _("The first price, %(typed)s, is read as %(price)s.") % {"typed": cut(typed, LONGEST_CELL), "price": price}
