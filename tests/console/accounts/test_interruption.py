"""What a person had typed, or wanted to decide, when the session ended is there again after signing in; not sent."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import Order
from tests.asking import LOGIN, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
NEW = "/orders/new/"
TYPED = {
    "customer_name": "Zoë Zimmer",
    "customer_email": "zoe@example.com",
    "lines-TOTAL_FORMS": "1",
    "lines-INITIAL_FORMS": "0",
    "lines-0-sku": "MUG-1",
    "lines-0-description": "Blue mug",
    "lines-0-quantity": "3",
    "lines-0-unit_price": "12.50",
}


def sign_in_again(client: Client, name: str, response: Any) -> Any:
    """Sign in as the page asks for it, and return the page that it leads on to."""
    page = client.get(response["Location"])
    data = {"username": name, "password": "demo", "next": page.context["next"]}
    return client.post(LOGIN, data, follow=True)


@pytest.mark.parametrize("verb", ["approve", "cancel"])
def test_a_decision_is_not_taken_and_its_reason_is_kept(
    client: Client, bob: User, make_order: MakeOrder, verb: str
) -> None:
    order = make_order()
    response = client.post(f"{order.get_absolute_url()}{verb}/", {"reason": "Customer called twice"})
    page = sign_in_again(client, "bob", response)
    assert page.redirect_chain[-1][0] == order.get_absolute_url()
    assert "You were signed out and your decision was not saved." in text_of(page)
    assert "Customer called twice</textarea>" in text_of(page)
    order.refresh_from_db()
    assert order.decision == ""
    again = text_of(client.get(order.get_absolute_url()))
    assert "You were signed out" not in again, "it is said once"


def test_an_order_that_was_typed_is_there_again(client: Client, alice: User) -> None:
    page = text_of(sign_in_again(client, "alice", client.post(NEW, TYPED)))
    assert "the order was not submitted. What you typed is still here." in page
    for value in ("Zoë Zimmer", "zoe@example.com", "Blue mug", "12.50"):
        assert value in page
    assert not Order.objects.exists()


def test_decisions_on_several_lead_to_the_list(client: Client, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    page = sign_in_again(client, "bob", client.post("/orders/bulk/", {"kind": "approve", "order_id": order.order_id}))
    assert "your decisions were not saved" in text_of(page)
    order.refresh_from_db()
    assert order.decision == ""


def test_a_form_beyond_all_measure_is_not_kept(client: Client, alice: User) -> None:
    page = text_of(sign_in_again(client, "alice", client.post(NEW, TYPED | {"lines-0-description": "x" * 500_000})))
    assert "what you sent was not saved" in page
    assert "Zoë Zimmer" not in page


@pytest.mark.parametrize("verb", ["approve", "cancel"])
def test_an_address_that_takes_only_posts_leads_to_the_order(
    client: Client, bob: User, make_order: MakeOrder, verb: str
) -> None:
    order = make_order()
    page = sign_in_again(client, "bob", client.get(f"{order.get_absolute_url()}{verb}/"))
    assert page.redirect_chain[-1][0] == order.get_absolute_url()
    assert page.status_code == 200
