"""What an order's page says about its customer."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.intake.drafts import LineDraft
from tests.asking import text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def test_a_first_order_is_one(bobs: Client, make_order: MakeOrder) -> None:
    assert "First order of this customer." in text_of(bobs.get(make_order().get_absolute_url()))


def test_it_says_what_became_of_the_others_and_leads_to_them(bobs: Client, make_order: MakeOrder) -> None:
    first = make_order()
    done = make_order("COMPLETED", address_city="Hamburg")
    page = text_of(bobs.get(make_order().get_absolute_url()))
    assert "2 orders of this customer before this one." in page
    assert "1 open, 1 completed (25.00 EUR)" in page
    assert "Possible duplicate" in page
    assert "The address differs from the one on the previous order." in page
    assert f'href="{done.get_absolute_url()}"' in page
    assert "All orders of this customer" not in page
    assert "who has ordered 2 times since" in text_of(bobs.get(first.get_absolute_url()))


def test_all_of_them_are_a_list(bobs: Client, make_order: MakeOrder) -> None:
    for _ in range(6):
        make_order(lines=(LineDraft("X", "X", 1, 100),), customer_email="a+b@example.com")
    order = make_order(customer_email="a+b@example.com")
    page = bobs.get(order.get_absolute_url())
    url = page.context["customer"].more_url
    assert url == "/orders/?customer=a%2Bb%40example.com"
    assert "All orders of this customer" in text_of(page)
    assert {row.order.order_id for row in bobs.get(url).context["rows"]} >= {order.order_id}
