"""Which column of a file holds what: guessed by its name, in English and German, however it is written."""

import pytest
from django.utils.translation import override

from orders.imports.layout import FIELD_LABELS, guess_columns


@pytest.mark.parametrize("language", ["en-gb", "de"])
def test_the_forms_own_words_are_known(language: str) -> None:
    with override(language):
        header = [str(label) for label in FIELD_LABELS.values()]
    assert guess_columns(header) == {name: place for place, name in enumerate(FIELD_LABELS)}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *[("Währung", "currency"), ("WAEHRUNG", "currency"), ("Wa\u0308hrung", "currency")],
        *[("Straße", "address_line"), ("STRASSE", "address_line"), ("Straße & Nr.", "")],
        *[("Auftrags-Nummer", "shop_order_number"), ("Ünit Price", ""), ("unit_price", "unit_price")],
    ],
)
def test_a_name_is_known_however_it_is_written(name: str, field: str) -> None:
    assert guess_columns(["?", name]) == ({field: 1} if field else {})
