"""Names, addresses and e-mails as they are written all over the world: form, row, list, search and terminal agree.

One order a locale of Faker's; WORLD=20 takes as many of each.
"""

import json
import os
from io import StringIO
from typing import Final
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils.html import escape
from faker import Faker
from faker.config import AVAILABLE_LOCALES

from orders.intake.entries import read_entry
from orders.models import Order
from tests.asking import text_of

pytestmark = pytest.mark.django_db

PER_LOCALE: Final = int(os.environ.get("WORLD", "1"))
LINE: Final = {"sku": "MUG-1", "description": "Mug", "quantity": "1", "unit_price": "12.50"}


def people() -> list[dict[str, str]]:
    """Return people with names, addresses and e-mails of every locale that there is."""
    found = []
    for locale in sorted(set(AVAILABLE_LOCALES) - {"fr_QC"}):  # a deprecated name of another one
        faker = Faker(locale)
        faker.seed_instance(7)
        for _ in range(PER_LOCALE):
            street = faker.street_address() if hasattr(faker, "street_address") else faker.address()
            found.append(
                {
                    "customer_name": faker.name(),
                    "customer_email": faker.ascii_email() if faker.random_int(0, 1) else faker.email(),
                    "address_line": " ".join(street.split()),
                    "address_city": faker.city(),
                }
            )
    return found


def submit_by_form(browser: Client, person: dict[str, str]) -> Order:
    fixed = {"address_postcode": "10115", "address_country": "DE", "currency": "EUR", "lines-TOTAL_FORMS": "1"}
    lines = {f"lines-0-{name}": value for name, value in LINE.items()}
    key = str(uuid4())
    response = browser.post("/orders/new/", person | fixed | lines | {"idempotency_key": key})
    assert response.status_code == 302, (person, text_of(response))
    return Order.objects.get(idempotency_key=key)


def submit_by_terminal(person: dict[str, str]) -> Order:
    output = StringIO()
    options = {"customer_name": "name", "customer_email": "email", "address_line": "address", "address_city": "city"}
    call_command(
        "order", "start", "--json", *(f"--{options[name]}={text}" for name, text in person.items()), stdout=output
    )
    return Order.objects.get(order_id=json.loads(output.getvalue())["order_id"])


def test_everybody_gets_through_and_is_found(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    missed, asked = [], 0
    for person in people():
        typed, started = submit_by_form(client, person), submit_by_terminal(person)
        for name, text in person.items():
            assert getattr(typed, name) == getattr(started, name), (name, text)
            if name != "customer_email":  # whose domain is written in one way
                assert getattr(typed, name) == read_entry(text, limit=200)
            asked += 1
            if not Order.objects.matching(text).filter(pk=typed.pk).exists():
                missed.append((name, text))
        page = text_of(client.get("/orders/", {"status": "all", "q": person["customer_name"]}))
        assert f"row-{typed.order_id}" in page
        assert escape(typed.customer_name) in page
    assert asked >= 4 * 70
    assert len(missed) <= asked // 1000, missed
