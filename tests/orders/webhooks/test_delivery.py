"""Webhooks: signed, each event at least once, those of an order in their order, also after an outage."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings
from standardwebhooks import Webhook

from orders.decisions.comment import add_comment
from orders.errors import OrderError
from orders.feed import positions
from orders.feed.positions import place_events
from orders.models import Order, Shop, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from orders.postgres.clock import database_now
from orders.webhooks import calls, companion, delivery, endpoints
from orders.webhooks.companion import make_round
from tests.making import Colleague, MakeOrder
from tests.orders.webhooks.receiving import Receiver, receiving

pytestmark = pytest.mark.django_db
BOB = Colleague("bob")
COMMENTED = "order.commented"
PENDING = WebhookDelivery.Status.PENDING


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiving() as server:
        yield server


def comment(order: Order, *texts: str) -> None:
    for text in texts:
        add_comment(order, actor=BOB, text=text)


def write_all() -> None:
    place_events()
    delivery.write_deliveries()


def deliver_all() -> None:
    while make_round():
        pass


def make_due() -> None:
    """Let the time pass for which a failed call waits."""
    WebhookEndpoint.objects.update(retry_at=database_now())
    WebhookDelivery.objects.filter(status=PENDING).update(next_attempt_at=database_now())


def test_events_that_happen_meanwhile_wait_for_the_next_round(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order()
    place_events()
    comment(order, "One")
    assert not make_round()
    comment(order, "Two", "Three")
    monkeypatch.setattr(positions, "ROUND", 2)
    assert make_round()


def test_an_event_is_told_with_its_order_and_a_signature(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoint = endpoints.add_endpoint(receiver.url)
    order = make_order()
    deliver_all()
    assert [kind for _, kind in receiver.events] == list(order.events.order_by("id").values_list("kind", flat=True))
    headers, body = receiver.calls[0]
    document = Webhook(endpoint.secret).verify(body, headers)
    assert (document["type"], document["version"]) == ("order.submitted", "1")
    assert document["data"]["event"]["event_id"] == headers["webhook-id"]
    assert document["data"]["order"]["order_id"] == order.order_id
    assert WebhookAttempt.objects.filter(status_code=204).count() == len(receiver.calls)


def test_what_happened_before_is_not_told(make_order: MakeOrder, receiver: Receiver) -> None:
    make_order()
    endpoints.add_endpoint(receiver.url)
    deliver_all()
    assert receiver.calls == []


def test_kinds_and_shop_narrow_what_is_told(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoints.add_endpoint(receiver.url, kinds=["order.submitted", COMMENTED])
    endpoints.add_endpoint(receiver.url, shop=Shop.objects.create(name="Berlin"))
    comment(make_order(), "One")
    deliver_all()
    assert [kind for _, kind in receiver.events] == ["order.submitted", COMMENTED]


def test_after_an_outage_everything_comes_in_order(make_order: MakeOrder, receiver: Receiver) -> None:
    one, other = make_order(), make_order()
    endpoint = endpoints.add_endpoint(receiver.url)
    receiver.status = 503
    comment(one, "1", "2", "3")
    comment(other, "4")
    for _ in range(delivery.OUTAGE + 1):
        deliver_all()
        make_due()
    endpoint.refresh_from_db()
    # Both orders at first, then one call at a time to see whether it is back.
    assert endpoint.failures == len(receiver.calls) == delivery.OUTAGE + 2
    receiver.status, receiver.calls = 204, []
    deliver_all()
    told = [WebhookDelivery.objects.get(event_id=int(headers["webhook-id"][6:])) for headers, _ in receiver.calls]
    assert [each.position for each in told if each.order_id == one.pk] == sorted(
        each.position for each in told if each.order_id == one.pk
    )
    assert len(told) == 4
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_many_failures_at_once_are_a_short_outage(make_order: MakeOrder, receiver: Receiver) -> None:
    orders = [make_order() for _ in range(delivery.CALLS_IN_ROUND)]
    endpoint = endpoints.add_endpoint(receiver.url)
    receiver.status = 503
    for order in orders:
        comment(order, "1")
    deliver_all()
    endpoint.refresh_from_db()
    assert endpoint.failures == len(receiver.calls) == delivery.CALLS_IN_ROUND
    assert endpoint.retry_at <= database_now() + delivery.BACK_OFF[0]


def test_an_endpoint_that_fails_for_long_is_called_less_often(make_order: MakeOrder, receiver: Receiver) -> None:
    order = make_order()
    endpoint = endpoints.add_endpoint(receiver.url)
    receiver.status = 503
    comment(order, "1")
    deliver_all()
    WebhookEndpoint.objects.update(failing_since=database_now() - timedelta(minutes=1))
    make_due()
    deliver_all()
    endpoint.refresh_from_db()
    assert endpoint.retry_at > database_now() + delivery.BACK_OFF[1]


def test_an_event_that_fails_holds_up_its_own_order_only(make_order: MakeOrder, receiver: Receiver) -> None:
    one, other = make_order(), make_order()
    endpoint = endpoints.add_endpoint(receiver.url)
    comment(one, "1", "2")
    deliver = WebhookDelivery.objects.filter(order=one).order_by("position")
    write_all()
    first = deliver[0]
    deliver.filter(pk=first.pk).update(next_attempt_at=database_now() + timedelta(hours=1), attempts=1)
    comment(other, "3")
    deliver_all()
    assert receiver.events == [(other.order_id, COMMENTED)]
    assert endpoint.deliveries.filter(status=PENDING).count() == 2


def test_no_success_for_three_days_pauses_and_resuming_tells_all(make_order: MakeOrder, receiver: Receiver) -> None:
    order = make_order()
    endpoint = endpoints.add_endpoint(receiver.url)
    receiver.status = 500
    comment(order, "1")
    deliver_all()
    WebhookEndpoint.objects.update(failing_since=database_now() - timedelta(days=3, seconds=1))
    make_due()
    deliver_all()
    endpoint.refresh_from_db()
    assert endpoint.pause_reason == WebhookEndpoint.Pause.FAILING
    comment(order, "2")
    receiver.status, receiver.calls = 204, []
    deliver_all()
    assert receiver.calls == []
    endpoints.resume_endpoint(endpoint)
    deliver_all()
    assert len(receiver.calls) == 2


def test_a_receiver_that_is_gone_is_called_no_more(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoint = endpoints.add_endpoint(receiver.url)
    receiver.status = 410
    make_order()
    deliver_all()
    endpoint.refresh_from_db()
    assert (endpoint.pause_reason, len(receiver.calls)) == (WebhookEndpoint.Pause.GONE, 1)


def test_a_redirect_is_not_followed(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoints.add_endpoint(receiver.url)
    receiver.status, receiver.location = 302, "http://127.0.0.1:1/"
    make_order()
    deliver_all()
    assert WebhookAttempt.objects.get().status_code == 302
    assert len(receiver.calls) == 1


def test_one_event_and_a_time_range_are_told_again(make_order: MakeOrder, receiver: Receiver) -> None:
    order = make_order()
    endpoint = endpoints.add_endpoint(receiver.url, kinds=[COMMENTED])
    comment(order, "1", "2")
    deliver_all()
    ids = [headers["webhook-id"] for headers, _ in receiver.calls]
    assert endpoints.replay_event(endpoint, int(ids[1][6:])) == 1
    deliver_all()
    now = database_now()
    assert endpoints.replay_range(endpoint, now - timedelta(hours=1), now + timedelta(hours=1)) == 2
    deliver_all()
    assert [headers["webhook-id"] for headers, _ in receiver.calls] == [*ids, ids[1], *ids]


def test_a_claim_of_a_process_that_died_is_taken_over(make_order: MakeOrder, receiver: Receiver) -> None:
    endpoint = endpoints.add_endpoint(receiver.url, kinds=[COMMENTED])
    comment(make_order(), "1")
    write_all()
    assert len(delivery._claim(endpoint)) == 1
    deliver_all()
    assert receiver.calls == []
    make_due()
    deliver_all()
    assert len(receiver.calls) == 1


def test_old_deliveries_go_with_their_log(
    make_order: MakeOrder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints.add_endpoint(receiver.url, kinds=[COMMENTED])
    comment(make_order(), "1")
    deliver_all()
    WebhookDelivery.objects.update(created_at=database_now() - timedelta(days=31))
    monkeypatch.setattr(companion, "run_companion", lambda *_, seldom, **__: seldom.work())
    companion.run_webhooks(threading.Event())
    assert not WebhookDelivery.objects.exists()
    assert not WebhookAttempt.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "64:ff9b::7f00:1",
        "0.0.0.0",  # noqa: S104
    ],
)
def test_private_addresses_are_not_called(address: str) -> None:
    assert not calls.is_public(address)
    assert calls.is_public("93.184.216.34")
    assert calls.is_public("2606:2800:220:1::1")


def test_a_name_of_a_private_address_is_not_called() -> None:
    answer = calls.call_endpoint(
        "https://localhost:1/", "whsec_c2VjcmV0", message_id="1", at=database_now(), document={}
    )
    assert answer.status is None
    assert "private address" in answer.detail


@pytest.mark.parametrize(
    "url", ["", "ftp://x.example", "http://x.example/", "https://u:p@x.example/", "https://", "https://x.example:0/"]
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(OrderError):
        endpoints.add_endpoint(url)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(OrderError, match="no event kind"):
        endpoints.add_endpoint("https://x.example/", kinds=["order.sold"])
