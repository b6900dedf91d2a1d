"""Whatever stands in an address: hypothesis looks for a GET parameter of any page that makes it fail."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import DateTimeField, Model
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orders.listing.filters import FILTERS
from orders.listing.list_query import SORTS
from orders.models import Order, OrderImport
from tests.making import MakeOrder
from tests.orders.imports.files import confirmed, make_row

pytestmark = pytest.mark.django_db
FUZZ = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
MODELS: list[type[Model]] = sorted(admin.site._registry, key=lambda model: model._meta.label)

INTEGERS = st.one_of(st.integers(-3, 300), st.integers(-(2**130), 2**130), st.sampled_from([2**31, 2**63 - 1, 2**63]))
OFFSETS = st.one_of(
    st.just("Z"), st.just(""), st.from_regex(r"[+-](0\d|1\d|2[0-4]):?[0-6]\d(:[0-6]\d)?", fullmatch=True)
)
DAYS = st.one_of(
    st.dates().map(str), st.sampled_from(["0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "0000-00-00"])
)
TIMES = st.sampled_from(["00:00:00", "23:59:59.999999", "24:00:00", "12:00", "25:61"])
MOMENTS = st.builds("{}T{}{}".format, DAYS, TIMES, OFFSETS)
WORDS = st.sampled_from(
    [
        "awaiting",
        "all",
        "newest",
        "expiring",
        "1",
        "0",
        "true",
        "None",
        "null",
        "-0",
        "NaN",
        "inf",
        "1e400",
        "(",
        "[",
        "%",
        "\\",
        "'",
        '"',
        "\x00",
        "\ufffe",
        "\u202e",
        "http://[",
        "//x",
        "order-",
        "__",
        "a__b",
        "1,2",
        ",",
        "status",
        "pk",
    ]
)
VALUES = st.one_of(st.text(max_size=40), WORDS, INTEGERS.map(str), MOMENTS, DAYS).map(lambda text: quote(text, safe=""))
RAW = st.one_of(st.binary(max_size=20), st.sampled_from([b"\xed\xa0\x80", b"\xff", b"\xc0\x80", b"\xf4\x90\x80\x80"]))
SENT = st.one_of(
    VALUES,
    RAW.map(quote_from_bytes),
    st.sampled_from(["%", "%zz", "%u0000", "+", "&&", ";", "=", "x" * 3000, "9" * 5000]),
)


def encode(facts: Any) -> str:
    """Return a cursor that holds anything, as `orders.reading.pages` would write it."""
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


FACTS = st.one_of(st.none(), st.booleans(), INTEGERS, st.floats(), st.text(max_size=5), st.lists(st.none(), max_size=2))
CURSORS = st.one_of(
    st.builds(
        lambda *facts: encode(facts),
        st.sampled_from(list(SORTS)),
        st.one_of(st.integers(0, 1), FACTS),
        st.one_of(MOMENTS, INTEGERS, FACTS),
        st.one_of(INTEGERS, FACTS),
    ),
    st.recursive(FACTS, lambda inner: st.lists(inner, max_size=4)).map(encode),
    SENT,
)
# Codes of any filter, and what a total or a number of hours may look like.
VALUES = st.one_of(
    st.sampled_from([code for each in FILTERS.values() for code, _ in each.choices] + ["EUR", "bhd", "5", "1.500"]),
    DAYS,
    INTEGERS.map(str),
    SENT,
)
LIST = {
    **dict.fromkeys(FILTERS, VALUES),
    "status": st.one_of(st.sampled_from(["awaiting", "in-motion", "trouble", "completed", "cancelled", "all"]), VALUES),
    "sort": st.one_of(st.sampled_from(list(SORTS)), SENT),
    "q": SENT,
    "cursor": CURSORS,
    "live": SENT,
    "rows": SENT,
    "seen": SENT,
    "newest": SENT,
    "from": SENT,
    "view": st.one_of(st.sampled_from(["default", "view-000000000000"]), SENT),
}

REVIEW = ("order", "after", "before", "decided", "live")


@pytest.fixture
def admins(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def queries(parameters: Mapping[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """Return queries of an address with some of these parameters, one of them perhaps twice."""
    pairs = st.sampled_from(list(parameters)).flatmap(lambda name: st.tuples(st.just(name), parameters[name]))
    return st.lists(pairs, max_size=4).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


@FUZZ
@given(query=queries(LIST))
def test_the_export_takes_any_query(admins: Client, make_order: MakeOrder, query: str) -> None:
    if not Order.objects.exists():
        make_order()
    response: Any = admins.get(f"/orders/export/?{query}")
    assert response.status_code < 500
    assert not response.streaming or list(response.streaming_content)


@FUZZ
@given(query=queries(LIST))
def test_the_form_of_an_export_by_email_takes_any_query(admins: Client, query: str) -> None:
    get(admins, "/orders/schedules/new/", query)


def get(client: Client, path: str, query: str, *, is_htmx: bool = False) -> None:
    response = client.get(f"{path}?{query}", headers={"HX-Request": "true"} if is_htmx else {})
    assert response.status_code < 500, (path, query)
    is_page = response.status_code >= 400 and not is_htmx and response["Content-Type"].startswith("text/html")
    assert not is_page or b"<h1" in response.content, (path, query, "says nothing that a person could read")


@FUZZ
@given(query=queries(LIST), is_htmx=st.booleans())
@example(query="cursor=" + encode(["newest", 0, "0001-01-01T00:00:00+23:59", 5]), is_htmx=False)
@example(query="cursor=" + encode(["newest", 1, "9999-12-31T23:59:59-23:59", 5]), is_htmx=False)
@example(query="cursor=" + encode(["newest", 0, "2026-01-01T00:00:00+16:00", 5]), is_htmx=True)
def test_the_list_takes_any_query(admins: Client, make_order: MakeOrder, query: str, is_htmx: bool) -> None:
    if not Order.objects.exists():
        make_order()
    get(admins, "/orders/", query, is_htmx=is_htmx)


@FUZZ
@given(
    query=queries(
        dict.fromkeys((*("version", "seen", "from", "next", "cursor", "show", "q", "order", "x"), *REVIEW), SENT)
    ),
    is_htmx=st.booleans(),
)
@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            "/orders/review/",
            "/orders/new/",
            "/orders/import/",
            "/orders/bulk/",
            "/orders/bulk/tags/",
            "/accounts/logout/",
            "/orders/ORDER/",
        ),
        *(
            "/orders/ORDER/status/",
            "/orders/ORDER/approve/",
            "/orders/ORDER/cancel/",
            "/orders/ORDER/refund/",
            "/orders/ORDER/withdraw/",
            "/orders/ORDER/comments/",
            "/orders/ORDER/tags/",
            "/orders/ORDER/tags/remove/",
            "/orders/ORDER/step/",
            "/orders/ORDER/address/",
            "/policy/try/",
        ),
        *(
            "/orders/ORDER/payment-proof/",
            "/orders/ORDER/label/",
            "/notices/",
            "/notices/bell/",
            "/accounts/notices/",
            "/system/mail/",
        ),
        *("/orders/views/", "/orders/views/counts/", "/orders/exports/", "/palette/", "/keys/", "/orders/papers/"),
        *("/orders/ORDER/extend/", "/orders/schedules/"),
    ],
)
def test_other_pages_take_any_query(
    admins: Client, make_order: MakeOrder, path: str, query: str, is_htmx: bool
) -> None:
    order = Order.objects.first() or make_order("COMPLETED")
    get(admins, path.replace("ORDER", order.order_id), query, is_htmx=is_htmx)


@FUZZ
@given(query=queries({"cursor": CURSORS, "show": SENT, "seen": SENT}), is_htmx=st.booleans())
def test_an_import_takes_any_query(admins: Client, admin_user: User, query: str, is_htmx: bool) -> None:
    importing = OrderImport.objects.first() or confirmed(admin_user, make_row("A-1"))
    get(admins, f"/orders/import/{importing.import_id}/", query, is_htmx=is_htmx)


@FUZZ
@given(query=queries({"next": SENT, "from": SENT}))
@pytest.mark.parametrize(
    "path",
    ["/accounts/login/", "/accounts/password/", "/admin/login/", "/admin/logout/", "/health/ready/", "/health/live/"],
)
def test_pages_for_everybody_take_any_query(client: Client, path: str, query: str) -> None:
    get(client, path, query)


def admin_parameters(model: type[Model]) -> dict[str, st.SearchStrategy[str]]:
    """Return what the admin's list of a model reads, and lookups by its fields whether it offers them or not."""
    own = (
        "q",
        "p",
        "o",
        "all",
        "e",
        "_popup",
        "_to_field",
        "_facets",
        "_changelist_filters",
        "_source_model",
        "gateway",
    )
    lookups = (
        "",
        "__exact",
        "__in",
        "__isnull",
        "__gte",
        "__lt",
        "__year",
        "__date",
        "__icontains",
        "__regex",
        "__x",
        "__range",
    )
    fields = [*(field.name for field in model._meta.concrete_fields), "pk"]
    moments = [field.name for field in model._meta.concrete_fields if isinstance(field, DateTimeField)]
    return (
        dict.fromkeys(own, SENT)
        | {f"{field}{lookup}": SENT for field in fields for lookup in lookups}
        | {f"{field}{lookup}": MOMENTS.map(quote) for field in moments for lookup in ("__gte", "__lt", "__exact")}
    )


QUERIES: dict[type[Model], st.SearchStrategy[str]] = {model: queries(admin_parameters(model)) for model in MODELS}


@settings(FUZZ, max_examples=25)
@given(data=st.data())
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_the_admins_lists_take_any_query(admins: Client, make_order: MakeOrder, model: type[Model], data: Any) -> None:
    if not Order.objects.exists():
        make_order("PAID")
    path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    get(admins, path, data.draw(QUERIES[model]))


@FUZZ
@given(key=SENT, query=queries({"_changelist_filters": SENT, "_to_field": SENT, "_popup": SENT}))
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_the_admins_pages_take_any_key(admins: Client, model: type[Model], page: str, key: str, query: str) -> None:
    get(admins, f"/admin/{model._meta.app_label}/{model._meta.model_name}/{key}/{page}/", query)


@FUZZ
@given(query=queries(dict.fromkeys(("app_label", "model_name", "field_name", "term", "page"), SENT)))
@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/autocomplete/", "/admin/jsi18n/", "/admin/password_change/", "/admin/r/1/9/"]
)
def test_the_rest_of_the_admin_takes_any_query(admins: Client, path: str, query: str) -> None:
    get(admins, path, query)


@FUZZ
@given(path=SENT)
@pytest.mark.parametrize(
    "before", ["/", "/orders/", "/orders/order-", "/admin/", "/admin/orders/", "/admin/r/", "/static/"]
)
def test_any_path_is_answered(admins: Client, before: str, path: str) -> None:
    get(admins, f"{before}{path}", "")
