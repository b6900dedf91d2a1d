"""The Django admin: orders and payments to look at, quickly and without changing them."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from orders.decisions import decide
from orders.intake import submission
from orders.models import Order
from orders.states import Status
from tests.making import MakeOrder, make_draft

MODELS = ("order", "payment", "outboxmessage", "gatewaymovement")


@pytest.fixture
def admin_client(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens(admin_client: Client, make_order: MakeOrder, model: str) -> None:
    make_order("COMPLETED")
    assert admin_client.get(f"/admin/orders/{model}/").status_code == 200


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("verb", ["add", "1/change", "1/delete"])
def test_nothing_can_be_changed(admin_client: Client, make_order: MakeOrder, model: str, verb: str) -> None:
    order = make_order("COMPLETED")
    path = f"/admin/orders/{model}/{verb}/".replace("1", str(order.payment.pk if model == "payment" else order.pk))
    response = admin_client.post(path, {"status": "CREATED"})
    assert response.status_code in {302, 403}
    order.refresh_from_db()
    assert order.status == Status.COMPLETED


def test_an_order_shows_all_that_belongs_to_it(admin_client: Client, make_order: MakeOrder) -> None:
    order = make_order("COMPLETED", reason="x")
    page = admin_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    for text in ("MUG-1", order.payment_id, "Charge: Succeeded", order.shipment.tracking_number, "Approved", "start"):
        assert text in page, text


def test_a_payment_shows_its_attempts(admin_client: Client, make_order: MakeOrder) -> None:
    order = make_order("CANCELLED", cancelled_from="PAID")
    page = admin_client.get(f"/admin/orders/payment/{order.payment_id}/change/").content.decode()
    assert ">Charge<" in page
    assert ">Refund<" in page


def test_payments_are_found_by_id_order_and_customer(admin_client: Client, make_order: MakeOrder) -> None:
    wanted = make_order("PAID", customer_name="Zoë Lang", customer_email="zoe@shop.example")
    other = make_order("PAID")
    for text in (wanted.payment_id, wanted.payment_id[:12].lower(), wanted.order_id, "zoë lang", "zoe@shop"):
        page = admin_client.get("/admin/orders/payment/", {"q": text}).content.decode()
        assert wanted.payment_id in page, text
        assert other.payment_id not in page, text


@pytest.mark.parametrize("model", ["order", "payment", "outboxmessage"])
def test_lists_are_searched_as_the_console_searches(admin_client: Client, make_order: MakeOrder, model: str) -> None:
    wanted = make_order("COMPLETED", customer_name="Łukasz O’Hara", address_postcode="SW1A 1AA")
    other = make_order("COMPLETED")
    texts = ("lukasz o'hara", "sw1a1aa", wanted.order_id[6:].lower(), wanted.order_id[-4:], wanted.payment_id)
    for text in (*texts, wanted.shipment.tracking_number, f"http://127.0.0.1:8000/orders/{wanted.order_id}/"):
        page = admin_client.get(f"/admin/orders/{model}/", {"q": text}).content.decode()
        assert wanted.order_id in page, text
        assert other.order_id not in page, text


@pytest.mark.parametrize("model", ["order", "payment", "outboxmessage"])
@pytest.mark.parametrize("text", ["&", "…", "\u200b"])
def test_a_search_without_any_word_says_so(admin_client: Client, make_order: MakeOrder, model: str, text: str) -> None:
    order = make_order("PAID")
    page = admin_client.get(f"/admin/orders/{model}/", {"q": text}).content.decode()
    assert "has nothing to search for" in page
    assert order.order_id in page


def test_payments_are_filtered_by_status_gateway_and_date(admin_client: Client, make_order: MakeOrder) -> None:
    paid, refunded = make_order("PAID"), make_order("CANCELLED", cancelled_from="PAID")
    page = admin_client.get("/admin/orders/payment/?status__exact=REFUNDED&gateway=simulated").content.decode()
    assert refunded.payment_id in page
    assert paid.payment_id not in page
    future = {"created_at__gte": "2100-01-01 00:00:00+00:00"}
    assert paid.payment_id not in admin_client.get("/admin/orders/payment/", future).content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_no_list_reads_its_table_for_the_values_of_a_filter(
    admin_client: Client, make_order: MakeOrder, django_assert_max_num_queries: DjangoAssertNumQueries, model: str
) -> None:
    make_order("PAID")
    with django_assert_max_num_queries(12) as queries:
        admin_client.get(f"/admin/orders/{model}/")
    assert [query["sql"] for query in queries.captured_queries if "DISTINCT" in query["sql"]] == []


@pytest.mark.parametrize("model", ["order", "payment"])
def test_more_rows_need_no_more_queries(
    admin_client: Client, make_order: MakeOrder, django_assert_max_num_queries: DjangoAssertNumQueries, model: str
) -> None:
    for _ in range(12):
        make_order("PAID")
    with django_assert_max_num_queries(6) as queries:
        admin_client.get(f"/admin/orders/{model}/")
    counts = [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"]]
    assert all("LIMIT 1000)" in sql for sql in counts), counts


def test_the_search_uses_the_index_of_the_console(
    admin_client: Client, make_order: MakeOrder, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    order = make_order("PAID", customer_name="Nora Nice")
    with django_assert_max_num_queries(9):
        page = admin_client.get("/admin/orders/order/", {"q": "nora"}).content.decode()
    assert order.order_id in page
    assert Order.objects.count() == 1


def test_staff_without_permission_sees_nothing(client: Client, charlie: User) -> None:
    client.force_login(charlie)
    assert client.get("/admin/orders/order/").status_code == 302


def test_an_order_names_the_accounts_behind_names(admin_client: Client, admin_user: User, alice: User) -> None:
    order = submission.submit_order(make_draft(), actor=alice, idempotency_key="1")
    decide.cancel_order(order, actor=admin_user, reason="x")
    page = admin_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    fields = re.findall(r'field-(submitter_account_id|actor_account_id)".*?(\d+)', page, re.DOTALL)
    assert {name: int(value) for name, value in fields} == {
        "submitter_account_id": alice.pk,
        "actor_account_id": admin_user.pk,
    }


@pytest.mark.parametrize(
    "address",
    [
        *(
            "orders/order/?status__exact=%00",
            "orders/order/?%00=1",
            "orders/order/?q=%00",
            "auth/user/?is_staff__exact=%00",
        ),
        *("orders/order/%00/change/", "auth/group/%00/change/", "orders/payment/x%00/history/"),
        *("orders/order/?created_at__gte=0001-01-01T00:00:00%2B23:59", "orders/order/?created_at__lt=0000-01-01"),
        *("orders/payment/?created_at__gte=2026-01-01T00:00:00%2B16:00", "orders/order/?created_at__exact=99999-01-01"),
        *(
            "orders/order/?customer_name__regex=(a%2B)%2B%24",
            "orders/order/?id__range=1",
            "auth/user/?password__startswith=p",
        ),
        *("orders/order/?id__in=", "orders/payment/?created_at__year=0", "auth/user/1/change/?_to_field="),
    ],
)
def test_an_address_that_no_page_offers_is_refused(admin_client: Client, make_order: MakeOrder, address: str) -> None:
    make_order("PAID")
    assert admin_client.get(f"/admin/{address}").status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        *("order/?status__exact=PAID&currency=EUR&created_at__gte=2020-01-01", "order/?reason_code__exact=&o=-7.1&p=1"),
        *("order/?created_at__gte=2020-01-01+00:00:00%2B02:00&created_at__lt=2999-01-01", "payment/?gateway=simulated"),
        *("outboxmessage/?status__exact=DELIVERED&name__exact=start", "gatewaymovement/?kind__exact=CHARGE"),
    ],
)
def test_the_filters_that_are_offered_work(admin_client: Client, make_order: MakeOrder, address: str) -> None:
    make_order("PAID")
    response = admin_client.get(f"/admin/orders/{address}")
    assert response.status_code == 200
    assert response.context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("column", "is_served"),
    [("order_id", True), ("created_at", True), ("customer_name", False), ("submitted_by", False)],
)
def test_a_list_is_sorted_by_nothing_but_what_an_index_serves(
    admin_client: Client, make_order: MakeOrder, column: str, is_served: bool
) -> None:
    make_order()
    shown = admin_client.get("/admin/orders/order/").context["cl"].list_display
    with CaptureQueriesContext(connection) as sent:
        admin_client.get("/admin/orders/order/", {"o": shown.index(column)})
    ordering = f'ORDER BY "orders_order"."{column}" ASC'
    assert any(ordering in query["sql"] for query in sent.captured_queries) is is_served


def test_every_filter_that_a_list_shows_can_be_followed(admin_client: Client, make_order: MakeOrder) -> None:
    make_order("PAID")
    for model, model_admin in admin.site._registry.items():
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        response = admin_client.get(path)
        choices = [
            choice["query_string"]
            for spec in response.context["cl"].filter_specs
            for choice in spec.choices(response.context["cl"])
        ]
        assert choices or not model_admin.list_filter
        for choice in choices:
            assert admin_client.get(path + choice).status_code == 200, path + choice
