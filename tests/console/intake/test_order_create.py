"""/orders/new/: the form, its rows of lines, its live total, and the submission."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.datastructures import MultiValueDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.intake.lines import read_typed_lines
from console.intake.submission import Submission
from orders.intake.drafts import MOST_LINES
from orders.intake.numbers import MOST_QUANTITY
from orders.models import Order, OutboxMessage
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import make_user

pytestmark = pytest.mark.django_db
URL = "/orders/new/"


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


def typed(*lines: dict[str, str], **changes: str) -> dict[str, str]:
    """Return the form as a browser sends it: one line of 3 at 12.50 unless told otherwise, with `changes`."""
    rows = lines or ({"sku": "A-1", "description": "Apple", "quantity": "3", "unit_price": "12.50"},)
    facts = {
        "idempotency_key": "form-1",
        "customer_name": "Lisa Live",
        "customer_email": "lisa@example.com",
        "address_line": "Way 1",
        "address_postcode": "1011",
        "address_city": "Wien",
        "address_country": "AT",
        "currency": "EUR",
        "lines-TOTAL_FORMS": str(len(rows)),
        "lines-INITIAL_FORMS": "0",
    }
    fields = {f"lines-{row}-{name}": value for row, line in enumerate(rows) for name, value in line.items()}
    return facts | fields | changes


def complaints(response: Any) -> list[tuple[str, str]]:
    """Return what the summary at the top complains of: field and sentence."""
    return [(complaint.label, complaint.sentence) for complaint in response.context["submission"].complaints]


class TestForm:
    def test_it_opens_with_one_empty_line_and_a_key_of_its_own(self, alices: Client) -> None:
        pages = [text_of(alices.get(URL)) for _ in range(2)]
        assert pages[0].count('name="lines-0-sku"') == 1
        assert 'name="lines-1-sku"' not in pages[0]
        keys = {re.search(r'name="idempotency_key" value="([^"]+)"', page) for page in pages}
        assert len({key.group(1) for key in keys if key}) == 2
        assert "Austria" in pages[0]

    def test_a_stranger_has_to_sign_in(self, client: Client) -> None:
        assert client.get(URL)["Location"] == leads_to_login(URL)
        assert client.post(URL, typed())["Location"] == leads_to_login(URL)

    def test_others_than_clerks_are_refused(self, client: Client, bob: User, charlie: User) -> None:
        for person in (bob, charlie):
            client.force_login(person)
            assert client.get(URL).status_code == 403
            assert client.post(URL, typed()).status_code == 403
            response = client.post(URL, typed(), headers=HTMX)
            assert (response.status_code, response["Content-Type"]) == (403, "text/plain; charset=utf-8")
        assert not Order.objects.exists()

    def test_other_methods_are_refused(self, alices: Client) -> None:
        response = alices.put(URL)
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")


class TestSubmit:
    def test_it_makes_an_order_and_leads_to_it(self, alices: Client) -> None:
        two = {"sku": "B", "description": "Bread", "quantity": "1", "unit_price": "3"}
        response = alices.post(URL, typed(typed_line(), two), follow=True)
        order = Order.objects.get()
        assert response.redirect_chain == [(order.get_absolute_url(), 302)]
        assert f"Order {order.order_id} was submitted." in text_of(response)
        assert (order.customer_name, order.address_country, order.submitted_by) == ("Lisa Live", "AT", "alice")
        assert order.total == 4050
        assert [(line.sku, line.quantity, line.unit_price) for line in order.lines.all()] == [
            ("A-1", 3, 1250),
            ("B", 1, 300),
        ]

    def test_the_same_form_sent_twice_makes_one_order_and_says_so(self, alices: Client) -> None:
        alices.post(URL, typed())
        response = alices.post(URL, typed(), follow=True)
        assert Order.objects.count() == OutboxMessage.objects.count() == 1
        assert "No second order was created" in text_of(response)

    @pytest.mark.parametrize(
        "changes",
        [
            {"customer_name": "Second <b>Customer"},
            {"address_city": "Graz"},
            {"currency": "USD"},
            {"lines-0-quantity": "4"},
            {"lines-0-unit_price": "12.51"},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_the_same_form_with_other_contents_is_refused_and_can_become_an_order_of_its_own(
        self, alices: Client, changes: dict[str, str]
    ) -> None:
        alices.post(URL, typed())
        made, sent = Order.objects.get(), typed() | changes
        response = alices.post(URL, sent)
        assert response.status_code == 409
        assert complaints(response)[0][1].startswith(
            f"This form was already submitted with other contents and created {made.order_id}."
        )
        page = text_of(response)
        assert f'href="{made.get_absolute_url()}">Open {made.order_id}</a>' in page
        form = response.context["submission"]
        typed_again = {name: form.order_form[name].value() for name in form.order_form.fields} | {
            cell.name: cell.value for row in form.lines.rows for cell in row.cells
        }
        fresh = typed_again.pop("idempotency_key")
        assert fresh not in {"", "form-1"}
        assert f'name="idempotency_key" value="{fresh}"' in page
        for name, value in typed_again.items():
            assert (value or "") == sent.get(name, "") or (name, value) == ("priced_in", None), name
        assert Order.objects.count() == 1

        assert alices.post(URL, sent | {"idempotency_key": fresh}).status_code == 302
        assert alices.post(URL, sent | {"idempotency_key": fresh}).status_code == 302
        assert Order.objects.count() == 2
        assert alices.post(URL, typed(), follow=True).redirect_chain[0][0] == made.get_absolute_url()

    def test_who_may_not_look_is_not_told_of_the_other_order(self, alices: Client) -> None:
        alices.post(URL, typed())
        made, otto, client = Order.objects.get(), make_user("otto"), Client()
        otto.user_permissions.add(Permission.objects.get(codename="add_order"))
        client.force_login(otto)
        for sent in (typed(), typed(customer_name="Second Customer")):
            response = client.post(URL, sent)
            assert response.status_code == 409
            assert "This form was already used by someone else." in complaints(response)[0][1]
            assert made.order_id not in text_of(response)
            assert f'value="{sent["customer_name"]}"' in text_of(response)

    def test_an_own_order_is_named_to_who_may_not_open_it(self, client: Client, db: None) -> None:
        otto = make_user("otto")
        otto.user_permissions.add(Permission.objects.get(codename="add_order"))
        client.force_login(otto)
        client.post(URL, typed())
        page = text_of(client.post(URL, typed(customer_name="Second Customer")))
        assert f"created {Order.objects.get().order_id}." in page
        assert f'href="{Order.objects.get().get_absolute_url()}"' not in page

    def test_what_copying_brings_along_is_taken_out(self, alices: Client) -> None:
        alices.post(URL, typed(customer_name="Emma\xad Example\u200b\n", customer_email="emma\u200e@example.com\ufeff"))
        order = Order.objects.get()
        assert (order.customer_name, order.customer_email) == ("Emma Example", "emma@example.com")

    def test_yen_have_no_decimals(self, alices: Client) -> None:
        response = alices.post(URL, typed(currency="JPY"))
        assert response.status_code == 422
        assert complaints(response) == [("Line 1, Unit price", "A price in JPY has no decimals.")]
        alices.post(URL, typed(typed_line(unit_price="1250"), currency="JPY"))
        assert str(Order.objects.get().total_money) == "3,750 JPY"

    def test_empty_rows_do_not_count(self, alices: Client) -> None:
        empty = {"sku": "", "description": " ", "quantity": "1", "unit_price": ""}
        assert alices.post(URL, typed(empty, typed_line(), empty)).status_code == 302
        assert Order.objects.get().lines.count() == 1

    def test_a_line_may_cost_nothing(self, alices: Client) -> None:
        assert alices.post(URL, typed(typed_line(unit_price="0"))).status_code == 302
        assert Order.objects.get().total == 0


def typed_line(**changes: str) -> dict[str, str]:
    return {"sku": "A-1", "description": "Apple", "quantity": "3", "unit_price": "12.50"} | changes


class TestComplaints:
    def test_everything_wrong_is_said_at_once_and_nothing_typed_is_lost(self, alices: Client) -> None:
        sent = typed(typed_line(quantity="0", unit_price="x"), customer_email="lisa", address_city="", reason="<b>")
        response = alices.post(URL, sent | {"customer_name": "<b>Lisa"})
        assert response.status_code == 422
        assert [label for label, _ in complaints(response)] == [
            "E-mail",
            "City",
            "Line 1, Quantity",
            "Line 1, Unit price",
        ]
        page = text_of(response)
        for value in ('value="&lt;b&gt;Lisa"', 'value="lisa"', 'value="x"', 'value="form-1"', 'value="0"'):
            assert value in page
        assert '<option value="AT" selected>' in page
        assert 'href="#id_lines-0-unit_price"' in page
        assert page.count('aria-invalid="true"') == 4
        assert 'aria-describedby="id_customer_email_error"' in page
        assert 'id="error-summary"' in page
        assert "autofocus" in page
        assert not Order.objects.exists()

    @pytest.mark.parametrize(
        ("line", "label"),
        [
            ({"unit_price": "1.500"}, "Unit price"),
            ({"unit_price": "1,500"}, "Unit price"),
            ({"unit_price": "-1"}, "Unit price"),
            ({"unit_price": "1e3"}, "Unit price"),
            ({"unit_price": "12.505"}, "Unit price"),
            ({"unit_price": "NaN"}, "Unit price"),
            ({"unit_price": "١٢"}, "Unit price"),
            ({"unit_price": "10000000.01"}, "Unit price"),
            ({"unit_price": "9" * 20}, "Unit price"),
            ({"unit_price": "9" * 200}, "Unit price"),
            ({"quantity": "0"}, "Quantity"),
            ({"quantity": "-1"}, "Quantity"),
            ({"quantity": "1.5"}, "Quantity"),
            ({"quantity": "1.000"}, "Quantity"),
            ({"quantity": "1_000"}, "Quantity"),
            ({"quantity": "٣"}, "Quantity"),
            ({"quantity": str(MOST_QUANTITY + 1)}, "Quantity"),
            ({"quantity": "9" * 5000}, "Quantity"),
            ({"sku": "s" * 65}, "SKU"),
            ({"description": "\x00"}, "Description"),
            ({"description": ""}, "Description"),
        ],
    )
    def test_a_line_has_bounds(self, alices: Client, line: dict[str, str], label: str) -> None:
        response = alices.post(URL, typed(typed_line(**line)))
        assert response.status_code == 422
        assert [said for said, _ in complaints(response)] == [f"Line 1, {label}"]

    @pytest.mark.parametrize(
        ("changes", "label"),
        [
            ({"customer_name": "\x00"}, "Name"),
            ({"customer_name": "n" * 201}, "Name"),
            ({"customer_email": "not an address"}, "E-mail"),
            ({"address_country": "XX"}, "Country"),
            ({"address_postcode": "1" * 21}, "Postcode"),
            ({"idempotency_key": "k" * 65}, ""),
            ({"idempotency_key": ""}, ""),
        ],
    )
    def test_the_facts_have_bounds(self, alices: Client, changes: dict[str, str], label: str) -> None:
        response = alices.post(URL, typed(**changes))
        assert response.status_code == 422
        assert [said for said, _ in complaints(response)] == [label]

    def test_an_unknown_currency_is_refused(self, alices: Client) -> None:
        response = alices.post(URL, typed(currency="XXX"))
        assert response.status_code == 422
        assert complaints(response)[0][0] == "Currency"

    def test_an_order_needs_a_line(self, alices: Client) -> None:
        empty = {"sku": "", "description": "", "quantity": "1", "unit_price": ""}
        response = alices.post(URL, typed(empty))
        assert complaints(response) == [("Lines", "An order needs at least one line.")]

    def test_the_total_has_a_bound(self, alices: Client) -> None:
        response = alices.post(URL, typed(typed_line(quantity="10000", unit_price="10000000")))
        assert response.status_code == 422
        assert "the limit is" in complaints(response)[0][1]

    def test_there_may_be_only_so_many_lines(self, alices: Client) -> None:
        response = alices.post(URL, typed(*[typed_line()] * (MOST_LINES + 1)))
        assert response.status_code == 422
        advice = "Take 1 of them out and submit them as another order."
        sentence = f"An order has at most 1,000 lines; this one has 1,001. {advice}"
        assert complaints(response) == [("Lines", sentence)]
        assert len(response.context["submission"].lines.typed) == MOST_LINES + 1, "nothing typed is lost"
        assert not Order.objects.exists()

    def test_a_thousand_of_the_longest_lines_are_taken(self, alices: Client) -> None:
        line = typed_line(sku="\u5546" * 64, description="\u5546" * 200)
        response = alices.post(URL, typed(*[line] * MOST_LINES))
        assert response.status_code == 302
        assert Order.objects.get().lines.count() == MOST_LINES

    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
    def test_a_form_beyond_all_bounds_is_refused_in_our_words(self, alices: Client, headers: dict[str, str]) -> None:
        response = alices.post(URL, typed(*[typed_line()] * 6000), headers=headers)
        assert response.status_code == 413
        assert "An order has at most 1,000 lines" in text_of(response)
        assert headers or "what you typed is still there" in text_of(response)
        assert not Order.objects.exists()

    def test_the_summary_of_many_errors_has_an_end(self, alices: Client) -> None:
        response = alices.post(URL, typed(*[typed_line(quantity="x", unit_price="x")] * 50))
        told = complaints(response)
        assert len(told) == 21
        assert told[-1] == ("", "80 more fields have errors, shown beside each field.")
        assert text_of(response).count('aria-invalid="true"') == 100

    @pytest.mark.parametrize("count", ["", "x", "-1", "999999999", "9" * 5000])
    def test_a_count_of_lines_that_was_tampered_with_is_survived(self, alices: Client, count: str) -> None:
        sent = typed() | {"lines-TOTAL_FORMS": count}
        assert alices.post(URL, sent).status_code == 422
        for intent in ("add", "total", "remove-0"):
            assert alices.post(URL, sent | {"intent": intent}, headers=HTMX).status_code == 200


class TestCountries:
    """The form asks for what addresses have in the country, and for no more."""

    def place(self, country: str, **parts: str) -> dict[str, str]:
        return typed(
            **{"address_postcode": "", "address_city": "", "address_state": ""}
            | {f"address_{part}": text for part, text in parts.items()},
            address_country=country,
        )

    @pytest.mark.parametrize(
        ("country", "parts"),
        [
            ("HK", {"city": "Kowloon"}),
            ("HK", {"state": "New Territories"}),
            ("AE", {"city": "Dubai"}),
            ("AE", {"state": "Dubai"}),
            ("XK", {"city": "Prishtina", "postcode": "10000"}),
            ("XK", {"city": "Prishtina"}),
            ("IE", {"city": "Cork"}),
            ("SG", {"postcode": "546080"}),
            ("MO", {}),
            ("US", {"city": "Seattle", "postcode": "98104"}),
            ("US", {"city": "Seattle", "postcode": "98104", "state": "WA"}),
            ("JP", {"postcode": "100-0004", "state": "Tokyo"}),
            ("AO", {"city": "Luanda", "postcode": "00000"}),
        ],
    )
    def test_an_address_without_what_the_country_has_not_is_taken(
        self, alices: Client, country: str, parts: dict[str, str]
    ) -> None:
        response = alices.post(URL, self.place(country, **parts))
        assert response.status_code == 302, complaints(response)
        order = Order.objects.get()
        assert {part: getattr(order, f"address_{part}") for part in parts} == parts

    @pytest.mark.parametrize(
        ("country", "parts", "labels"),
        [
            ("DE", {}, ["Postcode", "City"]),
            ("US", {}, ["City", "ZIP code"]),
            ("GB", {"city": "London"}, ["Postcode"]),
            ("IN", {"city": "Delhi"}, ["PIN code"]),
            ("HK", {}, ["Area"]),
            ("AE", {}, ["Emirate"]),
            ("JP", {"city": "Tokyo"}, ["Postcode"]),
        ],
    )
    def test_what_the_country_needs_is_asked_for_in_its_own_words(
        self, alices: Client, country: str, parts: dict[str, str], labels: list[str]
    ) -> None:
        response = alices.post(URL, self.place(country, **parts))
        assert response.status_code == 422
        assert sorted(complaints(response)) == sorted((label, "This field is required.") for label in labels)

    @pytest.mark.parametrize("country", ["XX", "ZZ", "D", "Germany", "EU"])
    def test_what_is_no_country_is_refused_in_our_words(self, alices: Client, country: str) -> None:
        response = alices.post(URL, typed(address_country=country))
        expected = f"{country!r} is not a country. Use its two-letter code (ISO 3166-1), such as DE."
        assert complaints(response) == [("Country", expected)]

    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
    def test_the_fields_follow_the_country(self, alices: Client, headers: dict[str, str]) -> None:
        sent = self.place("US", city="Seattle", postcode="98104") | {"intent": "country"}
        page = text_of(alices.post(URL, sent, headers=headers))
        assert ("<html" in page) is not bool(headers)
        assert "ZIP code" in page
        assert '<option value="Washington">' in page
        assert 'value="Seattle"' in page
        assert "errorlist" not in page

    def test_what_was_typed_stays_where_the_country_does_not_use_it(self, alices: Client) -> None:
        sent = self.place("AE", city="Dubai", postcode="12345") | {"intent": "country"}
        page = text_of(alices.post(URL, sent, headers=HTMX))
        assert 'value="12345"' in page
        assert "Postcode (not used in United Arab Emirates)" in page
        page = text_of(alices.post(URL, self.place("AE", city="Dubai") | {"intent": "country"}, headers=HTMX))
        assert "Postcode" not in page

    def test_company_telephone_and_second_line_are_kept(self, alices: Client) -> None:
        facts = {
            "customer_company": "Äpfel & Söhne",
            "customer_phone": "+49 (0)30 123-45/6",
            "address_line2": "c/o Meier, 3. OG",
        }
        response = alices.post(URL, typed(**facts), follow=True)
        order = Order.objects.get()
        assert {name: getattr(order, name) for name in facts} == facts
        page = text_of(response)
        for shown in ("Äpfel &amp; Söhne", "+49 (0)30 123-45/6", "c/o Meier, 3. OG", "1011 Wien", "Austria"):
            assert shown in page

    @pytest.mark.parametrize("phone", ["call me", "12", "++1", "1" * 41])
    def test_what_is_no_telephone_number_is_refused(self, alices: Client, phone: str) -> None:
        assert [label for label, _ in complaints(alices.post(URL, typed(customer_phone=phone)))] == ["Telephone"]


class TestCurrencyChange:
    """Prices that were typed in one currency are not taken for another without a word."""

    PRICED = {"currency": "JPY", "priced_in": "EUR"}

    def test_it_is_said_and_nothing_is_submitted(self, alices: Client) -> None:
        response = alices.post(URL, typed(typed_line(unit_price="1500"), **self.PRICED))
        assert response.status_code == 422
        assert complaints(response)[0][0] == "Currency"
        assert complaints(response)[0][1].startswith("The prices were typed in EUR and are not converted.")
        page = text_of(response)
        assert "The prices are right in JPY" in page
        assert 'href="#id_prices_checked"' in page
        assert 'name="priced_in" value="EUR"' in page
        assert not Order.objects.exists()

    def test_a_person_confirms_it(self, alices: Client) -> None:
        sent = typed(typed_line(unit_price="1500"), **self.PRICED, prices_checked="JPY")
        assert alices.post(URL, sent).status_code == 302
        assert str(Order.objects.get().total_money) == "4,500 JPY"

    def test_confirming_one_currency_does_not_confirm_another(self, alices: Client) -> None:
        sent = typed(currency="GBP", priced_in="EUR", prices_checked="JPY")
        assert alices.post(URL, sent).status_code == 422

    def test_the_first_currency_again_needs_no_word(self, alices: Client) -> None:
        assert alices.post(URL, typed(currency="EUR", priced_in="EUR", prices_checked="JPY")).status_code == 302

    @pytest.mark.parametrize("priced_in", ["", "XXX", "eur"])
    def test_where_nobody_knows_nothing_is_asked(self, alices: Client, priced_in: str) -> None:
        sent = typed(typed_line(unit_price="15"), currency="JPY", priced_in=priced_in)
        assert alices.post(URL, sent).status_code == 302

    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
    @pytest.mark.parametrize("intent", ["total", "add"])
    def test_the_page_remembers_the_currency_of_the_first_price(
        self, alices: Client, headers: dict[str, str], intent: str
    ) -> None:
        before = typed(typed_line(unit_price="1500")) | {"intent": intent}
        assert 'name="priced_in" value="EUR"' in text_of(alices.post(URL, before, headers=headers))
        page = text_of(alices.post(URL, before | self.PRICED, headers=headers))
        assert "The prices were typed in EUR and now count as JPY. They are not converted." in page
        assert 'name="priced_in" value="EUR"' in page

    @pytest.mark.parametrize("intent", ["total", "add"])
    def test_without_prices_the_currency_is_free(self, alices: Client, intent: str) -> None:
        sent = typed(typed_line(unit_price=" "), **self.PRICED) | {"intent": intent}
        page = text_of(alices.post(URL, sent, headers=HTMX))
        assert "typed in EUR" not in page
        assert 'name="priced_in" value=""' in page


NUMBERS = st.one_of(
    st.sampled_from(
        [
            "",
            "1",
            "12,50",
            "1.500",
            "1,500",
            "1e3",
            "1_000",
            "٣",
            "-1",
            "0",
            "10000",
            "10001",
            "0.125",
            "1 000",
            "9" * 30,
        ]
    ),
    st.from_regex(r"\A[0-9]{0,6}[.,]?[0-9]{0,4}\Z"),
    st.text(st.characters(codec="utf-8"), max_size=8),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from(["A", " "]), NUMBERS, NUMBERS), max_size=4),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF", "XXX", ""]),
)
def test_the_live_total_agrees_with_what_submit_takes(
    settings: Any, rows: list[tuple[str, str, str]], currency: str
) -> None:
    settings.ORDER_CURRENCIES = ["EUR", "JPY", "KWD", "CLF"]
    names = ("sku", "description", "quantity", "unit_price")
    lines = [dict(zip(names, (sku, sku, quantity, price), strict=True)) for sku, quantity, price in rows]
    data = MultiValueDict({name: [value] for name, value in typed(*lines or [{}], currency=currency).items()})
    shown = Submission.retyped(data.dict(), read_typed_lines(data)).lines
    sent = Submission.sent(data)
    if sent.is_valid():
        assert shown.totals.total == sent.draft.total
        assert shown.totals.open_rows == 0
    for row, judged in zip(shown.rows, sent.lines.rows, strict=True):
        wrong = {"quantity", "unit_price"} & judged.errors.keys()
        assert row.typed.is_blank or (row.total is None) == bool(wrong)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
class TestRows:
    def test_a_row_is_added_and_nothing_typed_is_lost(self, alices: Client, headers: dict[str, str]) -> None:
        response = alices.post(URL, typed(typed_line(unit_price="x")) | {"intent": "add"}, headers=headers)
        page = text_of(response)
        assert response.status_code == 200
        assert 'name="lines-1-sku"' in page
        assert 'value="x"' in page
        assert "errorlist" not in page, "what is still being typed is not judged"
        assert ("<html" in page) is not bool(headers)
        assert ('value="Lisa Live"' in page) is not bool(headers)

    def test_a_row_is_removed(self, alices: Client, headers: dict[str, str]) -> None:
        rows = [typed_line(sku=sku) for sku in ("A", "B", "C")]
        response = alices.post(URL, typed(*rows) | {"intent": "remove-1"}, headers=headers)
        assert [line.sku for line in response.context["submission"].lines.typed] == ["A", "C"]
        assert "75.00 EUR" in text_of(response)

    def test_the_last_row_is_emptied(self, alices: Client, headers: dict[str, str]) -> None:
        response = alices.post(URL, typed() | {"intent": "remove-0"}, headers=headers)
        assert [line.sku for line in response.context["submission"].lines.typed] == [""]

    @pytest.mark.parametrize("intent", ["remove-", "remove-9", "remove-x", "remove--1", "remove-٣"])
    def test_a_row_that_is_not_there_is_not_removed(self, alices: Client, headers: dict[str, str], intent: str) -> None:
        response = alices.post(URL, typed() | {"intent": intent}, headers=headers)
        assert len(response.context["submission"].lines.typed) == 1

    def test_there_is_an_end_to_adding(self, alices: Client, headers: dict[str, str]) -> None:
        response = alices.post(URL, typed(*[typed_line()] * MOST_LINES) | {"intent": "add"}, headers=headers)
        assert len(response.context["submission"].lines.typed) == MOST_LINES
        assert "Add a line" not in text_of(response)

    def test_the_total_is_worked_out_on_the_server(self, alices: Client, headers: dict[str, str]) -> None:
        rows = [typed_line(), typed_line(unit_price="0.01"), typed_line(quantity="x")]
        response = alices.post(URL, typed(*rows) | {"intent": "total"}, headers=headers)
        page = text_of(response)
        assert "37.53 EUR" in page
        assert "1 line not counted yet" in page
        assert not Order.objects.exists()


def test_a_total_comes_without_the_page(alices: Client) -> None:
    page = text_of(alices.post(URL, typed() | {"intent": "total"}, headers=HTMX))
    assert page.lstrip().startswith('<div class="order-total"')
    assert 'id="line-0-total" hx-swap-oob="true"' in page
    assert "lines-0-sku" not in page


def test_a_form_without_a_token_is_refused_in_plain_words(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post(URL, typed())
    assert response.status_code == 403
    assert "This form is out of date" in text_of(response)
    assert not Order.objects.exists()


class TestPaste:
    """Rows of a spreadsheet, with a textarea for browsers without JavaScript."""

    ROWS = "A-2\tPear\t2\t3,50\nA-3\tPlum\t4\tcheap"

    def test_rows_become_lines_behind_those_that_are_there(self, alices: Client) -> None:
        for headers in ({}, HTMX):
            response = alices.post(URL, typed(pasted=self.ROWS, intent="paste"), headers=headers)
            lines = response.context["submission"].lines
            assert [line.sku for line in lines.typed] == ["A-1", "A-2", "A-3"]
            assert (str(lines.totals.total), lines.totals.open_rows) == ("44.50 EUR", 1)
            assert (response.status_code, "<html" in text_of(response)) == (200, headers == {})
            assert "cheap</textarea>" not in text_of(response)

    def test_empty_rows_make_way(self, alices: Client) -> None:
        blank = {"sku": "", "description": "", "quantity": "1", "unit_price": ""}
        response = alices.post(URL, typed(blank, pasted=self.ROWS, intent="paste"))
        assert [line.sku for line in response.context["submission"].lines.typed] == ["A-2", "A-3"]

    def test_rows_that_are_still_in_the_field_are_not_submitted_unseen(self, alices: Client) -> None:
        response = alices.post(URL, typed(pasted="A-2\tPear\t2\t3"))
        assert (response.status_code, Order.objects.count()) == (422, 0)
        assert "The pasted rows are lines of the order now." in text_of(response)
        assert [line.sku for line in response.context["submission"].lines.typed] == ["A-1", "A-2"]

    @pytest.mark.parametrize(
        ("rows", "sentence"),
        [
            (" ", "Paste at least one row."),
            ("a\tb\t1\t1\t1", "Row 1 has 5 columns."),
            ("x\n" * MOST_LINES, "at most 1,000"),
        ],
    )
    def test_what_cannot_be_lines_stays_where_it_was_pasted(self, alices: Client, rows: str, sentence: str) -> None:
        response = alices.post(URL, typed(pasted=rows, intent="paste"), headers=HTMX)
        assert (response.status_code, sentence in text_of(response)) == (422, True)
        assert response.context["submission"].pasted == rows

    def test_a_form_without_the_field_is_a_sentence(self, alices: Client) -> None:
        assert "Paste at least one row." in text_of(alices.post(URL, typed(intent="paste")))

    def test_other_buttons_leave_it_in_the_field(self, alices: Client) -> None:
        assert "A-2" in text_of(alices.post(URL, typed(pasted=self.ROWS, intent="add"), headers=HTMX))
