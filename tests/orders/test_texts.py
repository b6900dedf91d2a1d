"""orders.texts: what is taken out of texts from outside, and what stays."""

import sys
import time
import unicodedata
from dataclasses import dataclass

import pytest

from orders import contracts
from orders.errors import OrderError, OrderNotFound
from orders.texts import clean_id, clean_line, clean_message, clean_text, describe_value, escape_for_log

HALF = "\ud83d"
WRITTEN = {
    "Persian with its joiner": "می\u200cخواهم",
    "Hindi with its joiner": "क्\u200dष",
    "Arabic from right to left": "مرحبا 12",
    "a family": "👩\u200d👩\u200d👧",
    "a heart on fire": "❤\ufe0f\u200d🔥",
    "a key": "1\ufe0f⃣",
    "a name in its own shape": "葛\U000e0100城",
    "Vietnamese, put together": unicodedata.normalize("NFD", "Nguyễn"),
    "French with its space": "1\u202f000\u00a0€",
    "lines": "Customer called.\n\n- twice\n- angry",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_what_people_write_stays(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("b\0ob", "bob"),
        ("\x1b[1;31mred\x1b[0m \x9b2Jgone \x1b]0;title\x07x \x1b\\", "red gone x \\"),
        ("a\x1b]0;never ended", "a]0;never ended"),
        ("bell\a back\b\x7f", "bell back"),
        (HALF, "\N{REPLACEMENT CHARACTER}"),
        (f"a{HALF}\udc00b", "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"),
        ("evil\u202etxt.exe\u202c", "eviltxt.exe"),
        ("\u2066a\u2069\u200e\u200f\u061cb", "ab"),
        ("in\u200bvisi\u2060ble\ufeff \xad", "invisible"),
        ("bo\u200db", "bob"),
        ("\u200c\u200d", ""),
        ("می\u200c\u200c\u200cخ", "می\u200cخ"),
        ("a\ufe0f\ufe0f\ufe01", "a\ufe0f"),
        ("\u3164\uffa0\u115f\u034f", ""),
        ("flag\U000e0067\U000e007f", "flag"),
        ("\ufffe\U0001ffff", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        ("  one\ttwo  ", "one two"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("a\n\n \n\n\nb", "a\n\nb"),
    ],
)
def test_what_nobody_means_is_taken_out(text: str, clean: str) -> None:
    assert clean_text(text) == clean
    assert clean_text(clean) == clean
    assert clean_line(text) == " ".join(clean.split())


def test_every_character_is_either_kept_or_of_a_kind_that_is_taken_out() -> None:
    gone = [chr(point) for point in range(sys.maxunicode + 1) if clean_text(f"x{chr(point)}x") == "xx"]

    assert {unicodedata.category(sign) for sign in gone} <= {"Cc", "Cf", "Cn", "Mn", "Lo"}
    assert [sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) == "Cc"] != []
    left = {sign for point in range(sys.maxunicode + 1) for sign in clean_text(chr(point))}
    assert {sign for sign in left if unicodedata.category(sign) in {"Cc", "Cs"}} == set()


@pytest.mark.parametrize("length", [10, 11, 40, 41, 1_900_000])
def test_a_long_text_is_cut_and_says_so(length: int) -> None:
    cut = clean_text("r" * length, 10)

    assert cut == ("r" * 10 if length == 10 else "r" * 9 + "…")
    assert clean_text(cut, 10) == cut


def test_a_text_is_left_uncut_for_who_refuses_it() -> None:
    assert clean_line(" a\0" + "b" * 5000, limit=None) == "a" + "b" * 5000


@pytest.mark.parametrize("sign", ["\u202e", "\ud800", "é\u200d", "\n", " \n", "\x1b[", "\x1b]", "\x1b[0;", "a\ufe0f"])
def test_it_takes_no_time_to_speak_of(sign: str) -> None:
    """A workflow has two seconds in all; what it is sent may be as long as a message may be."""
    text = sign * (1_900_000 // len(sign))
    began = time.process_time()
    clean_text(text)
    clean_id(text)
    escape_for_log(text)

    assert time.process_time() - began < 2


class TestIds:
    @pytest.mark.parametrize("text", ["", "d-1", "x" * 64, "8f3c5a0e-7f5e-4b0a-9a52-3f1d9f3f6f10", "é"])
    def test_one_that_fits_stays(self, text: str) -> None:
        assert clean_id(text) == text

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("x" * 64 + "1", "x" * 64 + "2"),
            (f"d{HALF}", "d\ud83e"),
            ("d\0", "d\x01"),
            ("d\u202e", "d"),
            ("a" * 9999, "a" * 99),
        ],
    )
    def test_two_that_differ_stay_two(self, one: str, other: str) -> None:
        assert clean_id(one) != clean_id(other)
        assert clean_id(one) == clean_id(one)
        assert clean_id(clean_id(one)) == clean_id(one)
        assert len(clean_id(one)) <= 64

    def test_one_of_nothing_is_none(self) -> None:
        assert clean_id(" \0\u202e") == ""


class TestValues:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, ""),
            ("a", "a"),
            (5, "5"),
            (True, "True"),
            (["a", 1], "['a', 1]"),
            (b"why\xff", "why\N{REPLACEMENT CHARACTER}"),
        ],
    )
    def test_it_becomes_a_text(self, value: object, text: str) -> None:
        assert describe_value(value) == text

    def test_it_never_raises(self) -> None:
        deep: list[object] = []
        for _ in range(100_000):
            deep = [deep]

        assert describe_value(deep) == "(not readable: list)"
        assert describe_value(10**5000) == "(not readable: int)"


class TestMessages:
    def test_texts_are_cleaned_also_within(self) -> None:
        decision = contracts.Decision(f"d{HALF}", "bob\0", "a\r\nb")
        message = contracts.ChargePayment("order-1", "pay-1", decision)

        assert clean_message(message).decision == contracts.Decision("d\N{REPLACEMENT CHARACTER}", "bob", "a\nb")
        assert clean_message(message).order_id == "order-1"

    def test_lists_of_messages_are_too(self) -> None:
        @dataclass(frozen=True)
        class Lines:
            lines: tuple[contracts.Decision, ...]

        assert clean_message(Lines((contracts.Decision(actor="a\nb"),)), clean_line).lines[0].actor == "a b"

    @pytest.mark.parametrize("value", [None, 5, "a\0", contracts.Decision])
    def test_what_is_no_message_stays(self, value: object) -> None:
        assert clean_message(value) is value


class TestErrors:
    def test_the_sentence_of_an_error_is_clean(self) -> None:
        assert (
            str(OrderError("The gateway said: \x1b[31mno\ud800\nno"))
            == "The gateway said: no\N{REPLACEMENT CHARACTER} no"
        )
        assert len(str(OrderError("x" * 10_000))) == 2000
        assert str(OrderNotFound("order-\u202eX")) == "There is no order order-X."


class TestLogs:
    def test_a_line_shows_what_cannot_be_seen(self) -> None:
        assert escape_for_log("a\x1b[31m\n\t\ud800\u202e\x9b…é") == r"a\x1b[31m\n\t\ud800\u202e\x9b…é"

    def test_a_very_long_line_is_cut(self) -> None:
        assert escape_for_log("x" * 5000) == "x" * 4000 + "… (5,000 characters)"
