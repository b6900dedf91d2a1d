"""orders.imports.wording: readers are told in their language what is wrong, and what is written down is English."""

import pytest
from django.contrib.auth.models import User
from django.utils.translation import get_language, gettext, override

from orders.imports import jobs
from orders.imports.wording import word_errors
from orders.intake import numbers
from orders.models import ImportedOrder
from tests.orders.imports.files import check, make_row, upload

pytestmark = pytest.mark.django_db

ENGLISH = "Enter a whole number using only the digits 0 to 9, such as 3."


def translate(text: str) -> str:
    """Have one sentence in another language, whatever the catalogues hold."""
    is_it = get_language() == "de" and text.startswith("Enter a whole number")
    return "Ganze Zahl, etwa %(example)s." if is_it else gettext(text)


def check_wrong_quantity(alice: User) -> ImportedOrder:
    row = make_row("A-1")
    row[9] = "none"
    check(upload(alice, row), alice)
    return ImportedOrder.objects.get()


def test_what_is_written_down_does_not_depend_on_who_asks(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_", translate)
    with override("de"):
        item = check_wrong_quantity(alice)
    assert [error["sentence"] for error in item.errors] == [ENGLISH]


@pytest.mark.parametrize(("language", "sentence"), [("en-gb", ENGLISH), ("de", "Ganze Zahl, etwa 3.")])
def test_it_is_told_in_the_language_of_the_reader(
    alice: User, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
) -> None:
    item = check_wrong_quantity(alice)
    monkeypatch.setattr(numbers, "_", translate)
    with override(language):
        told = word_errors(item, jobs.read_layout(item.of))
    assert [(error.row, error.field, error.sentence) for error in told] == [(2, "quantity", sentence)]


def test_what_reading_again_does_not_find_stays_as_it_was_written(alice: User) -> None:
    item = check_wrong_quantity(alice)
    item.errors[0]["field"], item.errors[0]["sentence"] = "customer_name", "A sentence of an earlier release."
    with override("de"):
        told = word_errors(item, jobs.read_layout(item.of))
    assert [error.sentence for error in told] == ["A sentence of an earlier release."]
