"""orders.language: numbers and times for people, and what is English."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from orders import language
from orders.language import gettext, is_english, speak_by, write_moment, write_number
from orders.translation import SPEAKER, in_english

NUMBERS: list[tuple[int | Decimal, int]] = [
    (7, 0),
    (1234, 0),
    (-1234567, 0),
    (10**17 + 1, 0),
    (Decimal("1234.5"), 2),
    (Decimal("0.25"), 1),
]
NOON = datetime(2026, 3, 5, 9, 5, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def without_django() -> Iterator[None]:
    """A process in which nobody has brought Django's words."""
    language._speakers.clear()
    yield
    speak_by(SPEAKER)


@pytest.mark.parametrize(
    ("active", "texts"),
    [
        ("en-gb", ["7", "1,234", "-1,234,567", "100,000,000,000,000,001", "1,234.50", "0.2"]),
        ("de", ["7", "1.234", "-1.234.567", "100.000.000.000.000.001", "1.234,50", "0,2"]),
    ],
)
def test_a_number_is_written_in_the_language_of_who_reads_it(active: str, texts: list[str]) -> None:
    with override(active):
        assert [write_number(number, decimals) for number, decimals in NUMBERS] == texts


@pytest.mark.parametrize(
    ("active", "texts"),
    [
        ("en-gb", ["5 Mar 2026, 08:05 UTC", "05 Mar 2026 08:05 UTC"]),
        ("de", ["5. Mär 2026, 08:05 UTC", "5. Mär 2026, 08:05 UTC"]),
    ],
)
def test_a_moment_is_written_in_utc_and_the_language_of_who_reads_it(active: str, texts: list[str]) -> None:
    with override(active):
        assert [write_moment(NOON), write_moment(NOON, is_padded=True)] == texts


@pytest.mark.parametrize(("active", "expected"), [("de", False), ("en-gb", True), ("en", True), (None, True)])
def test_it_tells_english_from_others(active: str | None, expected: bool) -> None:
    with override(active):
        assert is_english() is expected


def test_a_text_is_in_the_language_of_who_reads_it() -> None:
    with override("de"):
        assert gettext("Yes") == "Ja"
        with in_english():
            assert gettext("Yes") == "Yes"
        assert gettext("Yes") == "Ja"


@pytest.mark.usefixtures("without_django")
def test_without_django_all_is_english() -> None:
    with override("de"):
        said = (gettext("Yes"), is_english(), write_number(1234), write_moment(NOON))
    assert said == ("Yes", True, "1,234", "5 Mar 2026, 08:05 UTC")
