"""How tests call the API: as a program with a key does."""

from typing import Any, Final
from uuid import uuid4

from django.contrib.auth.models import User
from django.test import Client

from orders.models import Shop
from orders.shops.keys import create_key

ORDERS: Final = "/api/v1/orders"


class Program:
    """A program of a shop, with a key of these scopes."""

    def __init__(self, *scopes: str, name: str = "", shop: str = "Berlin", account: User | None = None) -> None:
        owner = Shop.objects.get_or_create(name=shop)[0]
        wanted = scopes or ("submit", "read", "decide", "refund")
        self.key, self.text = create_key(name=name or "-".join(wanted), scopes=wanted, shop=owner, account=account)
        self.client = Client(headers={"Authorization": f"Bearer {self.text}"}, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query)

    def post(self, path: str, body: Any, *, key: str = "", **headers: str) -> Any:
        sent = {"Idempotency-Key": key or str(uuid4()), **headers}
        return self.client.post(path, body, content_type="application/json", headers=sent)

    def submit(self, *, key: str = "", **changes: Any) -> Any:
        return self.post(ORDERS, make_body(**changes), key=key)


def make_body(**changes: Any) -> dict[str, Any]:
    """Return a valid order of 25.00 EUR as a program sends it, with `changes`."""
    return {
        "customer": {"name": "Emma Example", "email": "emma@example.com"},
        "shipping_address": {"line1": "Long Street 1", "postal_code": "10115", "city": "Berlin", "country": "DE"},
        "currency": "EUR",
        "lines": [{"sku": "MUG-1", "description": "Mug", "quantity": 2, "unit_price": 1250}],
    } | changes


def pointers(response: Any) -> list[str]:
    """Return where a problem says that something is wrong."""
    return [each["pointer"] for each in response.json()["errors"]]
