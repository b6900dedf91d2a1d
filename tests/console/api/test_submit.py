"""POST /api/v1/orders: an order of a program, by the rules of the form."""

from typing import Any

import pytest
from django.test import Client

from orders.models import Order, OutboxMessage
from tests.console.api.calling import ORDERS, Program, make_body, pointers

pytestmark = pytest.mark.django_db


def test_it_submits_an_order() -> None:
    program = Program("submit", name="web shop")
    response = program.submit(shop_order_number="1001", metadata={"cart": "7"}, payment_method="pm_card_visa")
    assert response.status_code == 201, response.json()
    told = response.json()
    order = Order.objects.get(order_id=told["order_id"])
    assert response["Location"] == f"{ORDERS}/{order.order_id}"
    assert response["ETag"] == f'"{order.version}"'
    assert (told["status"], told["total"], told["currency"]) == ("CREATED", 2500, "EUR")
    assert told["lines"][0]["unit_price"] == 1250
    assert (told["shop"], told["shop_order_number"], told["metadata"]) == ("Berlin", "1001", {"cart": "7"})
    assert (order.submitted_by, order.submitter_account_id) == ("api-web-shop", program.key.account_id)
    assert order.payment_method == "pm_card_visa"
    assert OutboxMessage.objects.get(order=order).status == OutboxMessage.Status.PENDING


def test_lines_may_have_weights() -> None:
    program, line = Program("submit", "read"), make_body()["lines"][0]
    told = program.submit(lines=[line, line | {"weight_grams": 350}]).json()
    assert [each["weight_grams"] for each in told["lines"]] == [None, 350]
    assert program.get(f"{ORDERS}/{told['order_id']}").json()["lines"] == told["lines"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"customer": {"name": "Emma", "email": "no address"}}, "/customer/email"),
        ({"customer": {"email": "emma@example.com"}}, "/customer/name"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"sku": "A", "description": "B", "quantity": "2", "unit_price": 1}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "A", "description": "B", "quantity": 1, "unit_price": 0.5}]}, "/lines/0/unit_price"),
        ({"lines": [{"sku": " ", "description": "B", "quantity": 1, "unit_price": 1}]}, "/lines/0/sku"),
        (
            {"lines": [{"sku": "A", "description": "B", "quantity": 1, "unit_price": 1, "weight_grams": 0}]},
            "/lines/0/weight_grams",
        ),
        ({"currency": "XXX"}, "/currency"),
        ({"discount": 5}, "/discount"),
        ({"payment_method": "4111 1111 1111 1111"}, "/payment_method"),
        ({"customer": {"name": "Emma \ud800", "email": "emma@example.com"}}, "/customer/name"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes: dict[str, Any], pointer: str) -> None:
    response = Program("submit").submit(**changes)
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert pointer in pointers(response)
    assert response.json()["detail"].endswith(".")
    assert not Order.objects.exists()


def test_a_number_of_the_shop_is_used_once() -> None:
    program = Program("submit")
    made = program.submit(shop_order_number="1001").json()
    response = program.submit(shop_order_number="1001")
    assert (response.status_code, response.json()["code"]) == (409, "number_used")
    assert response.json()["order_id"] == made["order_id"]
    assert Program("submit", name="other", shop="Bern").submit(shop_order_number="1001").status_code == 201


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"\xff", b"null"])
def test_what_is_no_order_is_a_problem(sent: bytes) -> None:
    program = Program("submit")
    response = program.client.post(ORDERS, sent, content_type="application/json", headers={"Idempotency-Key": "1"})
    assert response.status_code in {400, 422}
    assert response["Content-Type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_a_problem() -> None:
    response = Program("submit").post(ORDERS, {"metadata": "x" * 11 * 1024 * 1024})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_key_without_the_scope_submits_nothing() -> None:
    response = Program("read").submit()
    assert (response.status_code, response.json()["code"]) == (403, "scope_missing")
    assert not Order.objects.exists()


def test_an_account_without_the_right_submits_nothing() -> None:
    program = Program("submit")
    program.key.account.groups.clear()
    response = program.submit()
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/orders", "/api/v1/orders/order-NONE"])
def test_an_address_with_nothing_is_a_problem(path: str) -> None:
    response = Program("read").get(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_another_method_is_a_problem() -> None:
    response = Program().client.delete(ORDERS)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) >= {"GET", "POST"}


def test_what_nobody_foresaw_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program("submit")
    monkeypatch.setattr("console.api.orders.submit_order", lambda *_, **__: 1 / 0)
    response = program.submit()
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")


def test_it_sets_no_cookie_and_is_not_cached() -> None:
    response = Program().submit()
    assert not response.cookies
    assert response["Cache-Control"] == "no-store"
    assert Client().post(ORDERS, make_body(), content_type="application/json").status_code == 401
