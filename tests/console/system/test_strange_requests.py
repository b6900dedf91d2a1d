"""Requests that no form of the console sends: whatever stands in an address or a field, no page fails."""

from urllib.parse import quote, quote_from_bytes

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import Order
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db

STRANGE = {
    "NUL": b"\0",
    "half a pair": b"\xed\xa0\x80",
    "no UTF-8": b"\xff\xfe",
    "escape": b"\x1b[31m",
    "turned": "\u202e\u2066".encode(),
    "no character": "\ufffe".encode(),
    "long": b"x" * 100_000,
    "many digits": b"9" * 5000,
    "no number": b"NaN",
}
ADDRESSES = (
    *(f"/orders/?{name}=%s" for name in ("q", "status", "sort", "cursor", "live=1&rows", "seen")),
    *("/orders/%s/", "/orders/order-%s/", "/orders/order-%s/status/", "/orders/ORDER/status/?version=%s"),
    *("/admin/orders/order/?q=%s", "/admin/orders/order/%s/change/", "/accounts/login/?next=%s", "/%s"),
)
ORDER_FORM = {
    "idempotency_key": "form-1",
    "customer_name": "Lisa Live",
    "customer_email": "lisa@example.com",
    "address_line": "Way 1",
    "address_postcode": "1011",
    "address_city": "Wien",
    "address_country": "AT",
    "currency": "EUR",
    "lines-TOTAL_FORMS": "1",
    "lines-INITIAL_FORMS": "0",
    "lines-0-sku": "A",
    "lines-0-description": "A",
    "lines-0-quantity": "1",
    "lines-0-unit_price": "1.00",
    "intent": "submit",
}
FORMS = {
    "/orders/new/": ORDER_FORM,
    "/orders/ORDER/cancel/": {"reason": "x"},
    "/orders/ORDER/approve/": {"reason": "x"},
    "/orders/ORDER/refund/": {"amount": "1"},
    "/orders/ORDER/withdraw/": {"reason": "x"},
    "/orders/ORDER/comments/": {"key": "x", "text": "x"},
    "/orders/ORDER/tags/": {"tag": "x"},
    "/orders/ORDER/address/": {"address_line": "x", "address_postcode": "1", "address_city": "x", "reason": "x"},
    "/orders/bulk/": {"kind": "cancel", "order_id": "ORDER", "reason": "x"},
    "/orders/bulk/tags/": {"deed": "add", "order_id": "ORDER", "tag": "x"},
    "/accounts/login/": {"username": "x", "password": "x", "next": "/"},
    "/admin/login/": {"username": "x", "password": "x", "next": "/"},
}


@pytest.fixture
def admins(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE.keys())
def test_an_address_may_hold_anything(admins: Client, order: Order, value: bytes, headers: dict[str, str]) -> None:
    for address in ADDRESSES:
        where = address.replace("ORDER", order.order_id).replace("%s", quote_from_bytes(value))
        assert admins.get(where, headers=headers).status_code < 500, address


@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE.keys())
def test_a_field_may_hold_anything(admins: Client, order: Order, value: bytes) -> None:
    for address, fields in FORMS.items():
        for name in fields:
            sent = {key: quote(text.replace("ORDER", order.order_id)) for key, text in fields.items()}
            sent[name] = quote_from_bytes(value)
            body = "&".join(f"{key}={text}" for key, text in sent.items())
            browser = Client() if "login" in address else admins
            where = address.replace("ORDER", order.order_id)
            response = browser.post(where, body, content_type="application/x-www-form-urlencoded")
            assert response.status_code < 500, (address, name)
