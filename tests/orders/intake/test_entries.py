"""orders.intake.entries: what may be typed into an order, and what cannot be meant."""

import warnings
from collections.abc import Callable

import pytest
from faker import Faker
from faker.config import AVAILABLE_LOCALES

from orders.errors import OrderInvalid
from orders.intake.entries import read_email, read_entry, read_phone
from tests.orders.test_texts import WRITTEN

KINDS: dict[str, Callable[[str], str]] = {
    "name": lambda text: read_entry(text, limit=200),
    "company": lambda text: read_entry(text, limit=200),
    "street_address": lambda text: read_entry(text, limit=200),
    "city": lambda text: read_entry(text, limit=100),
    "state": lambda text: read_entry(text, limit=100),
    "postcode": lambda text: read_entry(text, limit=20),
    "email": read_email,
    "company_email": read_email,
    "phone_number": read_phone,
}


def refusal(read: Callable[[], str]) -> str:
    with pytest.raises(OrderInvalid) as refused:
        read()
    return str(refused.value)


@pytest.mark.parametrize("locale", sorted(AVAILABLE_LOCALES))
def test_what_people_are_called_in_the_world_is_taken_as_it_is(locale: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        faker = Faker(locale)
    faker.seed_instance(42)
    for kind, read in KINDS.items():
        for text in [getattr(faker, kind)() for _ in range(10) if hasattr(faker, kind)]:
            assert read(text) == " ".join(text.split("\n")).strip(), kind


@pytest.mark.parametrize("text", [text for text in WRITTEN.values() if "\n" not in text])
def test_every_script_and_every_emoji_is_taken_as_it_is(text: str) -> None:
    assert read_entry(text, limit=200) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  Emma ", "Emma"),
        ("Emma\u200bExample", "EmmaExample"),
        ("Em\u00adma", "Emma"),
        ("\ufeffEmma", "Emma"),
        ("שלום\u200f", "שלום"),
        ("Emma\tExample\r\n", "Emma Example"),
        ("", ""),
        ("   ", ""),
        ("★", "★"),
        ("-", "-"),
        ("\u0e01\u0e34\u0e4a", "\u0e01\u0e34\u0e4a"),
        ("Việt Nguyễn", "Việt Nguyễn"),
    ],
)
def test_what_copying_brings_along_is_dropped(text: str, clean: str) -> None:
    assert read_entry(text, limit=200) == clean


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\u200b", "Nothing of it can be seen."),
        ("\u3164", "Nothing of it can be seen."),
        ("\u2800\u2800", "Nothing of it can be seen."),
        ("\u2060\u200d\u00ad", "Nothing of it can be seen."),
        ("\u115f\u1160", "Nothing of it can be seen."),
        ("\u0301\u0308", "Nothing of it can be seen."),
        ("\ufe0f", "Nothing of it can be seen."),
        ("Emma\x00", "It holds a control character"),
        ("Emma\x1b[31m", "It holds a control character"),
        ("Em\x08ma", "It holds a control character"),
        ("Em\x9bma", "It holds a control character"),
        ("Em\x7fma", "It holds a control character"),
        ("\u202eammE", "It holds a character that turns the direction of the text"),
        ("a\u202a b\u202c", "It holds a character that turns the direction of the text"),
        ("a\u2067b\u2069", "It holds a character that turns the direction of the text"),
        ("Em\ufffdma", "A character was lost on its way"),
        ("Em\udbffma", "A character was lost on its way"),  # noqa: PT014 - ruff reads it as the one above
        ("Em\ue000ma", "It holds a character that has no shape"),
        ("Emma\U000e0041\U000e007f", "It holds a character that has no shape"),
        ("E" + "\u0301" * 150, "It has more marks on one letter than any script needs."),
        ("Z\u0351\u036b\u0343\u036a\u0302algo", "It has more marks on one letter than any script needs."),
        ("n" * 11, "At most 10 characters; this has 11."),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    assert refusal(lambda: read_entry(text, limit=10 if text.startswith("nnn") else 200)).startswith(sentence)


@pytest.mark.parametrize(
    "address",
    [
        "emma@example.com",
        "e.m+tag_1-2@mail.example.co.uk",
        "o'hara&sons#1/2@example.com",
        "emma@müller.de",
        "emma@xn--mller-kva.de",
        "emma@例え.jp",
        "emma@почта.рф",
        "EMMA@EXAMPLE.COM",
        "emma@localhost",
        "",
    ],
)
def test_an_address_for_mail_is_taken_as_it_is(address: str) -> None:
    assert read_email(address) == address


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("emma", "Write an address such as name@example.com."),
        ("@example.com", "Write an address such as name@example.com."),
        ("emma@", "Write an address such as name@example.com."),
        ("jürgen@example.com", "Before the @, mail servers take plain letters only and not ü."),
        ("ju\u0308rgen@example.com", "Before the @, mail servers take plain letters only and not ü."),
        ("пётр@example.com", "Before the @, mail servers take plain letters only and not п."),
        ("\u212aelvin@example.com", "Before the @, mail servers take plain letters only and not"),
        ("em ma@example.com", "Before the @ stand letters, digits and signs"),
        ("emma..m@example.com", "Before the @ stand letters, digits and signs"),
        ('"em ma"@example.com', "Before the @ stand letters, digits and signs"),
        ("a@b@example.com", "Before the @ stand letters, digits and signs"),
        ("e" * 65 + "@example.com", "Before the @ stand letters, digits and signs"),
        ("emma@example", "After the @ stands a domain such as example.com; example is none."),
        ("emma@-example.com", "After the @ stands a domain"),
        ("emma@exa mple.com", "After the @ stands a domain"),
        ("emma@example..com", "After the @ stands a domain"),
        ("emma@example.com.", "After the @ stands a domain"),
        ("emma@127.0.0.1", "After the @ stands a domain"),
        ("emma@[127.0.0.1]", "After the @ stands a domain"),
        ("emma@" + "e" * 64 + ".com", "After the @ stands a domain"),
        ("emma@" + "e." * 150 + "com", "At most 254 characters; this has"),
        ("emma\x00@example.com", "It holds a control character"),
    ],
)
def test_what_no_mail_reaches_is_refused_in_our_words(address: str, sentence: str) -> None:
    assert refusal(lambda: read_email(address)).startswith(sentence)


@pytest.mark.parametrize(
    "number", ["+49 30 1234567", "(030) 12 34-56/7", "112", "+1 206-555-0142 ext. 12", "(+30) 246 075"]
)
def test_a_telephone_number_is_taken_as_it_is_written(number: str) -> None:
    assert read_phone(number) == number


@pytest.mark.parametrize("number", ["call me", "12", "+", "030 1234 (evenings)", "1" * 41, "030\u202e1234"])
def test_what_is_no_telephone_number_is_refused(number: str) -> None:
    assert refusal(lambda: read_phone(number))
