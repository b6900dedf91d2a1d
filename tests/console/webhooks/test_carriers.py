"""/webhooks/carriers/<carrier>/: what a carrier tells of a parcel."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.test import Client
from pytest_django import Settings

from orders.events import EventKind
from orders.models import CarrierNotice, Order, Shipment
from orders.shipping.notices import sign_body
from orders.states import Status
from tests.asking import text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
PATH = "/webhooks/carriers/simulated-parcel/"
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _secret(settings: Settings) -> None:
    settings.CARRIER_WEBHOOK_SECRET = "of the carrier"


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order("COMPLETED")


def send(order: Order, status: str, event_id: str = "evt_1", *, at: Any = NOON, **headers: str) -> int:
    tracker = {"tracking_code": order.shipment.tracking_number, "status": status, "updated_at": at.isoformat()}
    body = json.dumps({"id": event_id, "description": "tracker.updated", "result": tracker}).encode()
    signed = {"X-Hmac-Signature": sign_body(body, "of the carrier")} | headers
    client = Client(enforce_csrf_checks=True)
    return client.post(PATH, body, content_type="application/json", headers=signed).status_code


def told(order: Order) -> list[str]:
    return [kind for kind in order.events.order_by("id").values_list("kind", flat=True) if "shipment." in kind]


def test_a_delivery_is_told_on_the_page_and_changes_no_status(client: Client, order: Order, charlie: User) -> None:
    for _ in range(3):
        assert send(order, "delivered") == 200
    assert told(order) == [EventKind.PARCEL_DELIVERED]
    assert CarrierNotice.objects.count() == 1
    order.refresh_from_db()
    assert order.status == Status.COMPLETED
    client.force_login(charlie)
    page = text_of(client.get(order.get_absolute_url()))
    assert "<dt>Delivered</dt>" in page
    assert "26 Nov 2026, 12:00:00 UTC" in page
    assert "The parcel was delivered" in page


def test_news_may_come_in_any_order(order: Order) -> None:
    assert send(order, "return_to_sender", "evt_3", at=NOON) == 200
    assert send(order, "failure", "evt_2", at=NOON - timedelta(hours=1)) == 200
    assert send(order, "in_transit", "evt_4", at=NOON + timedelta(hours=1)) == 200
    assert told(order) == [EventKind.PARCEL_RETURNED]
    assert Shipment.objects.get(order=order).delivery == Shipment.Delivery.RETURNED
    assert CarrierNotice.objects.count() == 3


@pytest.mark.parametrize("signature", ["", "hmac-sha256-hex=00", "nonsense", "\xe9"])
def test_what_the_carrier_did_not_sign_is_refused(order: Order, signature: str) -> None:
    assert send(order, "delivered", **{"X-Hmac-Signature": signature}) == 401
    assert told(order) == []


def test_without_a_secret_nothing_is_taken(order: Order, settings: Settings) -> None:
    settings.CARRIER_WEBHOOK_SECRET = ""
    assert send(order, "delivered", **{"X-Hmac-Signature": sign_body(b"", "")}) == 401


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"id": 1, "result": {}}', b'{"id": "e", "result": []}'])
def test_what_is_no_event_is_refused(client: Client, body: bytes) -> None:
    signed = {"X-Hmac-Signature": sign_body(body, "of the carrier")}
    assert client.post(PATH, body, content_type="application/json", headers=signed).status_code == 400


def test_a_strange_parcel_or_carrier_and_a_wrong_method(client: Client, order: Order) -> None:
    order.shipment.tracking_number = "SP-STRANGE"
    assert send(order, "delivered") == 404
    assert client.post("/webhooks/carriers/swift/").status_code == 404
    assert client.get(PATH).status_code == 405


def test_the_database_keeps_what_was_told(order: Order) -> None:
    send(order, "delivered")
    for change in ("update", "delete"):
        rows: Any = CarrierNotice.objects.all()
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(status="x") if change == "update" else rows.delete()
