"""/webhooks/stripe/: takes an event once, and only from Stripe; what it says is never believed."""

import json
import time

import pytest
from django.test import Client

from orders.models import GatewayEvent, Order, Payment
from tests.making import MakeOrder
from tests.orders.payments import moving
from tests.orders.payments.stripe_account import VISA, Account, event_of, sign

pytestmark = pytest.mark.django_db

URL = "/webhooks/stripe/"


@pytest.fixture
def order(stripe_account: Account, make_order: MakeOrder) -> Order:
    """An order that was charged at Stripe."""
    order = make_order(payment_method=VISA)
    moving.charge(order)
    return order


@pytest.fixture
def body(order: Order, stripe_account: Account) -> bytes:
    """An event about that charge."""
    return event_of(stripe_account.intents(order)[0])


def send(body: bytes, signature: str | None = None, *, url: str = URL) -> int:
    client = Client(enforce_csrf_checks=True)
    signed = sign(body) if signature is None else signature
    response = client.post(url, body, content_type="application/json", headers={"Stripe-Signature": signed})
    return response.status_code


def test_an_event_is_written_down_once(order: Order, body: bytes) -> None:
    assert [send(body), send(body)] == [200, 200]
    event = GatewayEvent.objects.get()
    assert (event.gateway, event.event_id, event.kind) == ("stripe", "evt_1", "payment_intent.succeeded")
    assert (event.payment, event.payload["id"]) == (Payment.objects.get(order=order), "evt_1")
    assert (event.handled_at, event.outcome) == (None, "")


def test_an_event_of_nothing_of_ours_is_taken_too(stripe_account: Account) -> None:
    body = json.dumps({"object": "event", "id": "evt_2", "type": "customer.created", "data": {"object": {"id": "cus"}}})
    assert send(body.encode()) == 200
    assert GatewayEvent.objects.get().payment is None


def test_what_it_says_changes_nothing(stripe_account: Account, make_order: MakeOrder) -> None:
    order = make_order("CHARGING_PAYMENT", payment_method=VISA)
    forged = {
        "object": "payment_intent",
        "id": "pi_1",
        "status": "succeeded",
        "metadata": {"payment_id": order.payment_id},
    }
    event = {"object": "event", "id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": forged}}
    assert send(json.dumps(event).encode()) == 200
    assert not Payment.objects.filter(status="CHARGED").exists()


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense"])
def test_a_wrong_signature_is_refused(signature: str, body: bytes) -> None:
    assert send(body, signature) == 400
    assert not GatewayEvent.objects.exists()


def test_the_signature_of_another_secret_or_of_long_ago_is_refused(body: bytes) -> None:
    assert send(body, sign(body, secret="whsec_of_somebody")) == 400
    assert send(body, sign(body, at=int(time.time()) - 3600)) == 400
    assert not GatewayEvent.objects.exists()


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"object": "event", "id": "evt_1"}', b"\xff"])
def test_what_is_no_event_is_refused(body: bytes, stripe_account: Account) -> None:
    assert send(body) == 400


def test_what_is_too_large_is_refused(stripe_account: Account) -> None:
    assert send(b" " * 300_000) == 413


@pytest.mark.parametrize("name", ["simulated", "paypal"])
def test_a_gateway_that_sends_no_events_has_no_address(name: str, body: bytes) -> None:
    assert send(body, url=f"/webhooks/{name}/") == 404


def test_it_cannot_be_looked_at(client: Client) -> None:
    assert client.get(URL).status_code == 405
