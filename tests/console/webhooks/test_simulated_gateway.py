"""/webhooks/simulated-process/: takes an event once, and only one that the program has just signed."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from orders.models import GatewayEvent, Order
from orders.payments.gateways.simulated_process.events import sign_event
from orders.postgres.clock import database_now
from tests.making import MakeOrder
from tests.orders.payments.conftest import PROCESS

pytestmark = pytest.mark.django_db

URL = "/webhooks/simulated-process/"
SECRET = "what-the-gateway-signs-with"


@pytest.fixture(autouse=True)
def _take_its_events(settings: Settings) -> None:
    settings.PAYMENT_GATEWAYS = [PROCESS, *settings.PAYMENT_GATEWAYS]
    settings.SIMULATED_GATEWAY_SECRET = SECRET


def body_about(order: Order) -> str:
    return json.dumps({"type": "payment.charged", "data": {"payment_id": order.payment_id}})


def send(body: str, *, event_id: str = "evt-1", secret: str = SECRET, age: timedelta = timedelta(0)) -> int:
    headers = sign_event(event_id, body, secret, at=database_now() - age)
    kind = headers.pop("Content-Type")
    return Client(enforce_csrf_checks=True).post(URL, body, content_type=kind, headers=headers).status_code


def test_an_event_is_written_down_once(make_order: MakeOrder) -> None:
    order = make_order("CHARGING_PAYMENT")
    assert [send(body_about(order)), send(body_about(order))] == [200, 200]
    event = GatewayEvent.objects.get()
    assert (event.gateway, event.event_id, event.kind, event.payment) == (
        "simulated-process",
        "evt-1",
        "payment.charged",
        order.payment,
    )


def test_what_it_says_changes_nothing(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    assert send(body_about(order)) == 200
    order.refresh_from_db()
    assert order.status == "PENDING_MANUAL_APPROVAL"
    assert GatewayEvent.objects.get().payment is None


def test_what_another_secret_or_an_hour_ago_signed_is_refused(make_order: MakeOrder) -> None:
    body = body_about(make_order("CHARGING_PAYMENT"))
    assert send(body, secret="of somebody else") == 400
    assert send(body, age=timedelta(hours=1)) == 400
    assert send(body, age=timedelta(hours=-1)) == 400
    assert not GatewayEvent.objects.exists()


def test_the_id_is_signed_too(make_order: MakeOrder) -> None:
    body = body_about(make_order("CHARGING_PAYMENT"))
    headers = sign_event("evt-1", body, SECRET, at=database_now()) | {"webhook-id": "evt-2"}
    assert Client().post(URL, body, content_type=headers.pop("Content-Type"), headers=headers).status_code == 400


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_what_is_not_signed_is_refused(missing: str, make_order: MakeOrder) -> None:
    body = body_about(make_order("CHARGING_PAYMENT"))
    headers = sign_event("evt-1", body, SECRET, at=database_now())
    del headers[missing]
    assert Client().post(URL, body, content_type=headers.pop("Content-Type"), headers=headers).status_code == 400
    for nonsense in ("", "v1", "v1,%", "\udcff"):
        changed = headers | {missing: nonsense}
        assert Client().post(URL, body, content_type="application/json", headers=changed).status_code == 400


@pytest.mark.parametrize("body", ["[]", "{", "7", "", '{"type": "payment.charged"}', '{"data": {"payment_id": "x"}}'])
def test_what_is_no_event_is_refused(body: str) -> None:
    assert send(body) == 400
    assert not GatewayEvent.objects.exists()


def test_without_a_secret_none_is_taken(make_order: MakeOrder, settings: Settings) -> None:
    settings.SIMULATED_GATEWAY_SECRET = ""
    assert send(body_about(make_order("CHARGING_PAYMENT"))) == 400


def test_it_cannot_be_looked_at(client: Client) -> None:
    assert client.get(URL).status_code == 405
