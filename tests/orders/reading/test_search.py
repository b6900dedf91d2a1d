"""The search: what stands on an order's page is found, however it is typed or pasted."""

import importlib
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from faker import Faker
from faker.config import AVAILABLE_LOCALES

from orders.identifiers import new_identifier
from orders.intake.drafts import LineDraft
from orders.models import Order, Payment, Shipment
from orders.reading import known_words
from orders.reading.search import read_search
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
MIGRATIONS = ("orders.migrations.0001_search_functions", "orders.migrations.0010_search_cut")
KINDS = ("name", "street_address", "address", "city", "postcode", "email", "company", "phone_number")
# Texts as they stand on the page, and how people type them.
TYPED = [
    ("Siobhán O’Connor", "o'connor"),
    ("Siobhán O'Connor", "O’Connor"),
    ("Мар'яна Кравчук", "Мар’яна"),
    ("Paʻahana ʻŌiwi", "pa'ahana 'oiwi"),
    ("Jean‑Luc Trémaux", "jean-luc tremaux"),
    ("Jean-Luc", "Jean–Luc"),
    ("Müller & Söhne GmbH/Co. (Köln)", "Müller & Söhne GmbH/Co. (Köln)"),
    ("Müller & Söhne GmbH/Co. (Köln)", "gmbh co koln"),
    ("Anna\u00a0Maria\u202fLind", "anna maria lind"),
    ("Anna Maria", "Anna\u3000Maria"),
    ("Åsa Ångström", unicodedata.normalize("NFD", "Åsa Ångström")),
    (unicodedata.normalize("NFD", "Nguyễn Thị Ánh"), "Nguyễn Thị Ánh"),
    ("Đặng Thị Thuỷ", "dang thi thuy"),
    ("İpek Yıldız", "ipek yildiz"),
    ("İPEK YILDIZ", "ipek yıldız"),
    ("Ipek", "İpek"),
    ("Søren Bjørnsson Æbelø", "soren bjornsson aebelo"),
    ("Þórður Łukasz Œuvré", "thordur lukasz oeuvre"),
    ("Jürgen Groß", "GROSS"),
    ("JÜRGEN GROẞ", "groß"),
    ("Ħamrun Ŧor Ŋaŋ", "hamrun tor nan"),
    ("Μιχαήλ Οδυσσεύς", "μιχαηλ ΟΔΥΣΣΕΥΣ"),
    ("ПЁТР Йовович", "петр йовович"),
    ("Գեւորգ", "ԳԵՒՈՐԳ"),
    ("გიორგი", "ᲒᲘᲝᲠᲒᲘ"),
    ("นางสาว สมหญิง ใจดี", "สมหญิง ใจดี"),
    ("सौ. श्रीलक्ष्मी देशपांडे", "श्रीलक्ष्मी"),
    ("ශ්‍රියානි", "ශ්රියානි"),
    ("ମନୋଜ ଦାସ", "ମନୋଜ"),
    ("محمّد أحمد", "محمد احمد"),
    ("מֹשֶׁה כ״ץ", 'משה כ"ץ'),
    ("ﾀﾅｶ ﾀﾛｳ", "タナカ タロウ"),
    ("山田　太郎", "山田 太郎"),
    ("김민준", unicodedata.normalize("NFD", "김민준")),
    ("Ｆｕｌｌ Ｗｉｄｔｈ", "full width"),
    ("Soft\u00adHyphen Zero\u200bWidth", "softhyphen zerowidth"),
    ("🌸Hana🌸 Tea", "hana"),
    ("🌸Hana🌸 Tea", "🌸"),
    ("ﬁnn", "finn"),
    ("Σ AG", "σ ag"),
    ("\u202eEmma", "emma"),
]


@pytest.fixture
def finds(make_order: MakeOrder) -> Callable[..., bool]:
    """Return a function that makes an order with some facts and tells whether a text finds it."""

    def find(typed: str, **facts: Any) -> bool:
        order = make_order("CREATED", **facts)
        return Order.objects.matching(typed).filter(pk=order.pk).exists()

    return find


@pytest.mark.parametrize(("stored", "typed"), TYPED)
def test_a_name_is_found_as_people_type_it(stored: str, typed: str) -> None:
    assert find_missed([(stored, typed)]) == []


def test_everything_is_found_by_its_own_text_in_all_locales() -> None:
    stored = list(corpus(texts_per_kind=6))
    missed = find_missed([(text, text) for text in stored])
    assert len(stored) > 4000
    assert len(missed) <= len(stored) // 1000, missed


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_the_form_of_unicode_makes_no_difference(form: Any) -> None:
    stored = list(corpus(texts_per_kind=1))
    missed = find_missed([(text, unicodedata.normalize(form, text).upper()) for text in stored])
    assert len(missed) <= len(stored) // 1000, missed


def test_no_locale_of_a_database_makes_a_difference(postgres: dict[str, Any]) -> None:
    """Also where PostgreSQL knows no letters but those of ASCII, as with the locale C."""
    server = {"host": postgres["HOST"], "user": postgres["USER"], "autocommit": True}
    with psycopg.connect(dbname="postgres", **server) as other:
        other.execute("CREATE DATABASE ascii_only TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")
    pairs = [*TYPED, *((text, text) for text in corpus(texts_per_kind=1))]
    with psycopg.connect(dbname="ascii_only", **server) as other:
        for migration in MIGRATIONS:
            other.execute(importlib.import_module(migration).FUNCTIONS)
        assert other.execute(MISSED, columns(pairs)).fetchall() == []


class TestIdentifiers:
    ORDER_ID = "order-A0B1C2D3E4F5"

    @pytest.mark.parametrize(
        "typed",
        [
            "order-A0B1C2D3E4F5",
            "ORDER-A0B1C2D3E4F5",
            "a0b1c2d3e4f5",
            "AOBIC2D3E4F5",
            "aOblc2d3e4f5",
            "order-AOBLC2D3E4F5",
            "orderA0B1C2D3E4F5",
            "A0B1 C2D3 E4F5",
            "A0B1-C2D3-E4F5",
            "order A0 B1-C2D3E4F5",
            "  a0b1c2d3e4f5\u200b ",
            "Order-A0B1C2D3E4F5.",
            "http://127.0.0.1:8000/orders/order-A0B1C2D3E4F5/",
            "https://console.example.com/orders/order-A0B1C2D3E4F5/?from=status%3Dawaiting",
            "/orders/order-A0B1C2D3E4F5/",
            "http://127.0.0.1:8233/namespaces/default/workflows/order-A0B1C2D3E4F5/0193-aa/history",
            "http://127.0.0.1:8233/namespaces/default/workflows/shipping-order-A0B1C2D3E4F5",
            "shipping-order-A0B1C2D3E4F5",
            "Please look at order-A0B1C2D3E4F5, thank you",
        ],
    )
    def test_a_whole_order_id_is_known_however_it_is_typed(self, make_order: MakeOrder, typed: str) -> None:
        make_order("CREATED", order_id=self.ORDER_ID)
        make_order("CREATED")
        assert Order.objects.find_order_id(typed) == self.ORDER_ID

    @pytest.mark.parametrize(
        "typed", ["", "emma", "order-", "order-NOPE", "a b", "A0B1", "E4F5", "A0B1C2D3E4F5X", "\x00", "\ud800", "-"]
    )
    def test_what_is_no_whole_order_id_is_none(self, make_order: MakeOrder, typed: str) -> None:
        make_order("CREATED", order_id=self.ORDER_ID)
        assert Order.objects.find_order_id(typed) == ""

    def test_two_ids_that_look_alike_are_told_apart(self, make_order: MakeOrder) -> None:
        for order_id in ("order-LOL", "order-101"):
            make_order("CREATED", order_id=order_id)
        assert Order.objects.find_order_id("order-LOL") == "order-LOL"
        assert Order.objects.find_order_id("order-lo1") == ""
        assert Order.objects.matching("order-lo1").count() == 2

    @pytest.mark.parametrize(
        "typed",
        [
            *("A0B1", "a0b1c2", "AOBI", "order-a", "order-AOBL", "A0 B1 C2", "order-A0B1C2D3E4F5"),
            *("E4F5", "e4f5", "3E4F5", "D3-E4 F5", "Emma E4F5", "emma aoblc2", "/orders/order-A0B1C2D3E4F5/"),
        ],
    )
    def test_an_order_is_found_by_either_end_of_its_id(self, finds: Callable[..., bool], typed: str) -> None:
        assert finds(typed, order_id=self.ORDER_ID)

    @pytest.mark.parametrize("typed", ["0B1C", "A0B1C2D3E4F6", "B1C2D3E4F5A", "Noah E4F5", "order-X"])
    def test_the_middle_of_an_id_or_another_one_finds_nothing(self, finds: Callable[..., bool], typed: str) -> None:
        assert not finds(typed, order_id=self.ORDER_ID)

    def test_a_payment_id_is_found_likewise(self, make_order: MakeOrder) -> None:
        order = make_order("CREATED")
        payment_id = "pay-Z0Y1X2W3V4T5"
        with past_the_rules():
            Order.objects.filter(pk=order.pk).update(payment_id=payment_id)
        for typed in (payment_id, payment_id.lower(), "pay-ZOYI", "z0y1x2", "V4T5", "pay Z0Y1 X2W3", "pay-z"):
            assert Order.objects.matching(typed).get() == order, typed

    def test_ids_as_they_are_made_are_found(self) -> None:
        ids = [new_identifier("order") for _ in range(200)]
        look_alikes = str.maketrans("01", "OL")
        with connection.cursor() as cursor:
            for order_id in ids:
                typed = [order_id[6:].translate(look_alikes).lower(), order_id[-4:], f"{order_id[:9]} {order_id[9:]}"]
                cursor.execute(
                    "SELECT bool_and(order_search_document(%s, 'pay-0', '{}', '{}') @@ order_search_query(typed)) "
                    "FROM unnest(%s::text[]) AS typed",
                    [order_id, typed],
                )
                assert cursor.fetchone() == (True,), order_id


class TestOtherFacts:
    """What the page shows besides name and id."""

    ADDRESS = {
        "address_line": "Señalización 12/B",
        "address_line2": "Büro 77",
        "address_postcode": "SW1A 1AA",
        "address_city": "Saint-Étienne",
        "address_state": "Québec",
        "customer_company": "Åker & Co.",
        "customer_phone": "+44 (0)20 7946-0123",
    }

    @pytest.mark.parametrize(
        "typed",
        [
            *("sw1a 1aa", "SW1A1AA", "sw1a", "saint etienne", "etienne", "senalizacion 12"),
            *("buro 77", "quebec", "aker & co", "20 7946 0123", "+44 (0)20 7946-0123", "79460123"),
            "Señalización 12/B, Büro 77, Saint-Étienne SW1A 1AA",
        ],
    )
    def test_an_address_is_found(self, finds: Callable[..., bool], typed: str) -> None:
        assert finds(typed, **self.ADDRESS)

    @pytest.mark.parametrize(
        "email", ["a&b#c/d@example.com", "o'neil+shop@ex-ample.org", "jörg@müller.example", "x_y.z=1@a.b.example"]
    )
    def test_an_email_address_is_found(self, email: str) -> None:
        assert find_missed([(email, email), (email, email.upper()), (email, email.split("@")[1])]) == []

    @pytest.mark.parametrize("typed", ["MUG-1", "mug1", "mug", "Tasse", "größe xl", "GROSSE", "tasse emma"])
    def test_an_article_is_found(self, finds: Callable[..., bool], typed: str) -> None:
        lines = (LineDraft("MUG-1", "Tasse, Größe XL", 1, 100), LineDraft("CAP-2", "Cap", 1, 100))
        assert finds(typed, lines=lines)

    def test_a_parcel_and_the_gateways_reference_are_found(self, make_order: MakeOrder) -> None:
        order = make_order("COMPLETED")
        make_order("COMPLETED")
        tracking, reference = order.shipment.tracking_number, order.payment.gateway_reference
        for typed in (tracking, tracking.lower(), tracking[-5:], f"{tracking[:4]} {tracking[4:]}", reference):
            assert Order.objects.matching(typed).get() == order, typed

    def test_it_follows_whatever_is_written_to_the_other_tables(self, make_order: MakeOrder) -> None:
        lines = tuple(LineDraft(sku, "Thing", 1, 1) for sku in ("MUG-1", "SKU8", "SKU9"))
        order = make_order("CHARGING_PAYMENT", lines=lines)

        def found(typed: str) -> bool:
            return Order.objects.matching(typed).exists()

        Shipment.objects.create(shipment_id="s", order=order, package_reference="p", tracking_number="TRACK-77")
        Payment.objects.filter(order=order).update(gateway_reference="ref-987654")
        assert all(map(found, ("track77", "ref-987654", "sku8", "sku9", "mug-1")))
        Shipment.objects.update(tracking_number="OTHER-1")
        assert all(map(found, ("other1", "sku8", "sku9", "mug-1")))
        assert not found("track77")

    def test_an_order_of_a_thousand_lines_is_found_by_each(self, make_order: MakeOrder) -> None:
        rows = (LineDraft(f"{row:04}{'Ж' * 60}", "Ñ" * 200, 1, 1) for row in range(2, 1001))
        order = make_order("CREATED", lines=(LineDraft("MUG-1", "Mug", 1, 1), *rows))
        Shipment.objects.create(shipment_id="s", order=order, package_reference="p", tracking_number="TRACK-77")
        for typed in ("0002ж", "0999жжж", "1000", "track-77", "ññññ", "emma"):
            assert Order.objects.matching(typed).exists(), typed

    def test_only_the_search_reads_what_it_is_made_of(self, make_order: MakeOrder) -> None:
        make_order("CREATED")
        order = Order.objects.get()
        assert order.get_deferred_fields() == {"search_lines", "search_codes", "search_document"}


class TestWords:
    """Which words may go on, and which are looked up first."""

    def test_a_word_that_another_follows_without_a_blank_is_whole(self, finds: Callable[..., bool]) -> None:
        assert finds("emma@exam", customer_email="emma@example.com")
        assert not finds("em@example.com", customer_email="emma@example.com", customer_name="Noah")

    def test_any_word_before_a_blank_may_go_on(self, finds: Callable[..., bool]) -> None:
        assert finds("em ber", customer_name="Emma", address_city="Berlin")

    @pytest.mark.parametrize(
        ("typed", "cut"),
        [
            ("rare@example.com", "'rare'"),
            ("emma rare", "'rare':*"),
            ("emma schm", "'schm':*"),
            ("emma xy", "'emma':*"),
            ("山田 emma", "'山田':*"),
            ("berlin com", "'berlin':* & 'com':*"),
        ],
    )
    def test_the_rarest_words_are_looked_up_first(self, typed: str, cut: str) -> None:
        known = {"emma": 0.3, "com": 1.0, "example": 1.0, "berlin": 1.0, "schmidt": 0.02}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT order_search_cut(%s, %s::text[], %s::real[])::text", [typed, list(known), list(known.values())]
            )
            (found,) = cursor.fetchone()
        words = [part for part in re.findall(r"'[^']*'(?::\*)?", found) if part[1] not in "#$=~"]
        assert " & ".join(words) == cut

    def test_no_order_is_missed_by_what_is_looked_up_first(self, make_order: MakeOrder) -> None:
        order = make_order("CREATED", customer_name="Emma Rare", customer_email="rare@example.com")
        make_order("CREATED", customer_name="Emma Other")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE orders_order")
        known_words.forget()
        assert "emma" in known_words.known_words()[0]
        for typed in ("emma rare", "rare@example.com", "rare emma com", f"emma {order.order_id[-4:]}"):
            query = read_search(typed)
            assert query is not None
            assert query.cut != query.whole
            assert Order.objects.matching(typed).get() == order, typed


@pytest.mark.parametrize("typed", ["", " ", "&", "…", "'\"", "\x00", "\\", "::*|!()", "\u200b", "order-", "\ud800"])
def test_a_text_without_a_word_asks_nothing(finds: Callable[..., bool], typed: str) -> None:
    assert finds(typed), "all orders are left"


@pytest.mark.parametrize("typed", ["x" * 5000, "a " * 3000, "é" * 254, "🦀" * 254, "ﷺ" * 254, "1&2|!3:*A"])
def test_any_text_is_a_search(finds: Callable[..., bool], typed: str) -> None:
    assert not finds(typed)


MISSED = """
SELECT stored, typed FROM unnest(%s::text[], %s::text[]) AS pair (stored, typed)
WHERE (order_search_document('order-0', 'pay-0', ARRAY[stored], '{}') @@ order_search_query(typed)) IS NOT TRUE
"""


def columns(pairs: list[tuple[str, str]]) -> list[list[str]]:
    return [[stored for stored, _ in pairs], [typed for _, typed in pairs]]


def find_missed(pairs: list[tuple[str, str]]) -> list[Any]:
    """Return the pairs of which the second text does not find the first one."""
    with connection.cursor() as cursor:
        cursor.execute(MISSED, columns(pairs))
        missed: list[Any] = cursor.fetchall()
    return missed


def corpus(*, texts_per_kind: int) -> Iterator[str]:
    """Yield names, addresses, e-mails and the like as they are written in every locale that there is."""
    for locale in sorted(set(AVAILABLE_LOCALES) - {"fr_QC"}):  # a deprecated name of another one
        faker = Faker(locale)
        faker.seed_instance(1)
        for kind in KINDS:
            for _ in range(texts_per_kind if hasattr(faker, kind) else 0):
                yield str(getattr(faker, kind)())


def test_an_order_is_found_by_its_shops_number(make_order: MakeOrder) -> None:
    wanted, _other = (make_order(shop_order_number=number) for number in ("WEB-2026-10042", "WEB-2026-99999"))
    for text in ("WEB-2026-10042", "web-2026-100", "10042"):
        assert list(Order.objects.matching(text)) == [wanted], text


@pytest.mark.parametrize("sign", ["x", "/", "x/", "order-"])
def test_a_long_text_takes_no_time_to_speak_of(sign: str) -> None:
    """The address of a page is sought in it; from each character on, that took half a minute."""
    began = time.process_time()
    read_search(sign * (100_000 // len(sign)))
    assert time.process_time() - began < 2
