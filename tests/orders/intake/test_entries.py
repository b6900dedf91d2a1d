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
        ("\u200b", "This is invisible."),
        ("\u3164", "This is invisible."),
        ("\u2800\u2800", "This is invisible."),
        ("\u2060\u200d\u00ad", "This is invisible."),
        ("\u115f\u1160", "This is invisible."),
        ("\u0301\u0308", "This is invisible."),
        ("\ufe0f", "This is invisible."),
        ("Emma\x00", "This contains an invisible control character"),
        ("Emma\x1b[31m", "This contains an invisible control character"),
        ("Em\x08ma", "This contains an invisible control character"),
        ("Em\x9bma", "This contains an invisible control character"),
        ("Em\x7fma", "This contains an invisible control character"),
        ("\u202eammE", "This contains an invisible character that changes the text direction"),
        ("a\u202a b\u202c", "This contains an invisible character that changes the text direction"),
        ("a\u2067b\u2069", "This contains an invisible character that changes the text direction"),
        ("Em\ufffdma", "A character was lost"),
        ("Em\udbffma", "A character was lost"),  # noqa: PT014 - ruff reads it as the one above
        ("Em\ue000ma", "This contains a character that cannot be displayed"),
        ("Emma\U000e0041\U000e007f", "This contains a character that cannot be displayed"),
        ("E" + "\u0301" * 150, "A letter has too many accents on it."),
        ("Z\u0351\u036b\u0343\u036a\u0302algo", "A letter has too many accents on it."),
        ("n" * 11, "Use at most 10 characters; this has 11."),
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
        ("emma", "Enter an e-mail address, such as name@example.com."),
        ("@example.com", "Enter an e-mail address, such as name@example.com."),
        ("emma@", "Enter an e-mail address, such as name@example.com."),
        ("jürgen@example.com", "Mail servers do not accept ü before the @."),
        ("ju\u0308rgen@example.com", "Mail servers do not accept ü before the @."),
        ("пётр@example.com", "Mail servers do not accept п before the @."),
        ("\u212aelvin@example.com", "Mail servers do not accept"),
        ("em ma@example.com", "Before the @, use only letters, digits"),
        ("emma..m@example.com", "Before the @, use only letters, digits"),
        ('"em ma"@example.com', "Before the @, use only letters, digits"),
        ("a@b@example.com", "Before the @, use only letters, digits"),
        ("e" * 65 + "@example.com", "Before the @, use only letters, digits"),
        ("emma@example", "After the @, enter a domain such as example.com; example is not one."),
        ("emma@-example.com", "After the @, enter a domain such as example.com"),
        ("emma@exa mple.com", "After the @, enter a domain such as example.com"),
        ("emma@example..com", "After the @, enter a domain such as example.com"),
        ("emma@example.com.", "After the @, enter a domain such as example.com"),
        ("emma@127.0.0.1", "After the @, enter a domain such as example.com"),
        ("emma@[127.0.0.1]", "After the @, enter a domain such as example.com"),
        ("emma@" + "e" * 64 + ".com", "After the @, enter a domain such as example.com"),
        ("emma@" + "e." * 150 + "com", "Use at most 254 characters; this has"),
        ("emma\x00@example.com", "This contains an invisible control character"),
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
