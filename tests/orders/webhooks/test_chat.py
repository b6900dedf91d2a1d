"""A chat is told in sentences, by the JSON of Slack and Mattermost, and nothing twice after a crash."""

import json
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from orders.decisions.comment import add_comment
from orders.feed.positions import place_events
from orders.models import WebhookDelivery, WebhookEndpoint
from orders.postgres.clock import database_now
from orders.webhooks import delivery, endpoints
from orders.webhooks.companion import make_round
from tests.making import Colleague, MakeOrder
from tests.orders.webhooks.receiving import Receiver, receiving

pytestmark = pytest.mark.django_db
BOB = Colleague("bob")
CHAT = WebhookEndpoint.Body.CHAT


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    settings.CONSOLE_URL = "https://console.example.com"
    with receiving() as server:
        yield server


def read(receiver: Receiver) -> list[str]:
    documents = [json.loads(body) for _, body in receiver.calls]
    assert all(set(document) == {"text"} for document in documents)
    return [document["text"] for document in documents]


def deliver_all() -> None:
    while make_round():
        pass


def test_an_event_is_a_sentence_with_a_link(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoints.add_endpoint(receiver.url, kinds=["order.commented", "order.awaiting_approval"], body=CHAT)
    order = make_order()
    add_comment(order, actor=BOB, text="Call <b>her</b> & ask @channel")
    deliver_all()
    waiting, comment = read(receiver)
    link = f"https://console.example.com{order.get_absolute_url()}"
    assert waiting == f"{order.order_id}: Awaiting approval · 25.00 EUR\n{link}"
    assert comment == (
        f"{order.order_id}: Comment · bob · 25.00 EUR\nCall &lt;b&gt;her&lt;/b&gt; &amp; ask @\u200bchannel\n{link}"
    )


def test_the_customer_is_not_named(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoints.add_endpoint(receiver.url, body=CHAT)
    make_order("COMPLETED")
    make_order("CANCELLED", cancelled_from="PAID")
    deliver_all()
    assert len(receiver.calls) > 10
    assert "Emma" not in "".join(read(receiver))


def test_a_chat_that_is_down_hears_of_it_later(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoints.add_endpoint(receiver.url, kinds=["order.submitted"], body=CHAT)
    receiver.status = 503
    make_order()
    deliver_all()
    assert WebhookDelivery.objects.get().status == WebhookDelivery.Status.PENDING
    receiver.status, receiver.calls = 200, []
    WebhookEndpoint.objects.update(retry_at=database_now())
    WebhookDelivery.objects.update(next_attempt_at=database_now())
    deliver_all()
    assert len(receiver.calls) == 1
    assert WebhookDelivery.objects.get().status == WebhookDelivery.Status.DELIVERED


def test_what_dies_during_the_call_is_not_said_again(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoint = endpoints.add_endpoint(receiver.url, kinds=["order.submitted"], body=CHAT)
    make_order()
    place_events()
    delivery.write_deliveries()
    assert len(delivery._claim(endpoint)) == 1  # and then nothing: the process has died
    WebhookDelivery.objects.update(next_attempt_at=database_now())
    deliver_all()
    assert receiver.calls == []


def test_it_can_be_tried(receiver: Receiver) -> None:
    assert endpoints.try_endpoint(endpoints.add_endpoint(receiver.url, body=CHAT)).is_success
    assert "This is a test" in read(receiver)[0]
