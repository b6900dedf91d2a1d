"""Webhooks while workers and web server are killed, and while the receiver is away."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from orders.feed.positions import place_events
from orders.models import OrderEvent, WebhookDelivery, WebhookEndpoint
from orders.webhooks.endpoints import add_endpoint, pause_endpoint
from tests.faults.people import Wish
from tests.faults.stage import Fault, Stage
from tests.orders.webhooks.receiving import Receiver, receiving
from tests.waiting import wait_until

KILLS: Final = 3
# A claim of a worker that was killed is let go after two minutes, and a receiver that was away is called within two.
SECONDS: Final = 240.0
# So long that calls fail more than twice, which is an outage.
AWAY: Final = 3


def kill(stage: Stage) -> None:
    """Kill workers and web server while events are delivered: each arrives, those of an order in their order."""
    with _subscribed(stage) as (receiver, endpoint):
        for _ in range(KILLS):
            seen = len(receiver.calls)
            with stage.people(wishes=[Wish.APPROVE, Wish.CANCEL]):
                _wait_for_call(receiver, seen)
                stage.stack.workers[0].kill()
                stage.stack.web.kill_family()
                stage.stack.heal()
                stage.stack.start_web()
        stage.heal()
        _compare(stage, receiver, endpoint)


def _wait_for_call(receiver: Receiver, seen: int) -> None:
    wait_until(lambda: len(receiver.calls) > seen, seconds=60, what="a call", every=0.01)


def go_away(stage: Stage) -> None:
    """Have the receiver fail while people work; once it is back, it gets everything, in the order of each order."""
    with _subscribed(stage) as (receiver, endpoint):
        receiver.status = 503
        end = time.monotonic() + stage.away
        with stage.people(wishes=[Wish.APPROVE, Wish.CANCEL]):
            pass

        def is_away() -> bool:
            return WebhookEndpoint.objects.filter(pk=endpoint.pk, failures__gte=AWAY).exists()

        wait_until(is_away, seconds=SECONDS, what="the outage")
        time.sleep(max(0.0, end - time.monotonic()))
        receiver.calls.clear()
        receiver.status = 204
        stage.heal()
        _compare(stage, receiver, endpoint)


@contextmanager
def _subscribed(stage: Stage) -> Iterator[tuple[Receiver, WebhookEndpoint]]:
    """Have a receiver told of all events from now on, by a worker and beside a web server that may call it."""
    stage.stack.stop_workers()
    stage.stack.start_worker()
    stage.stack.start_web()
    with receiving() as receiver:
        endpoint = add_endpoint(receiver.url)
        try:
            yield receiver, endpoint
        finally:
            pause_endpoint(endpoint)
            stage.stack.web.stop()


def _compare(stage: Stage, receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    """Wait until all is delivered, and compare what came with the history of the stage's orders."""
    stage.wait_until_settled()
    order_ids = {story.order_id for story in stage.stories if story.order_id}

    def is_delivered() -> bool:
        place_events()
        events = OrderEvent.objects.filter(order__order_id__in=order_ids)
        delivered = WebhookDelivery.objects.filter(
            endpoint=endpoint, order__order_id__in=order_ids, status=WebhookDelivery.Status.DELIVERED
        )
        return delivered.count() == events.count()

    # The longer a receiver was away, the less often it is called.
    wait_until(is_delivered, seconds=SECONDS + stage.away, what="the delivery of all events", every=0.5)
    expected: dict[str, list[str]] = {}
    deliveries = WebhookDelivery.objects.filter(endpoint=endpoint, order__order_id__in=order_ids)
    for order_id, event_id in deliveries.order_by("position").values_list("order__order_id", "event_id"):
        expected.setdefault(order_id, []).append(f"event-{event_id}")
    came = _read_calls(receiver.calls, order_ids)
    assert came == expected, f"not as in the history: {[each for each in expected if came.get(each) != expected[each]]}"


def _read_calls(calls: Sequence[tuple[dict[str, str], bytes]], order_ids: set[str]) -> dict[str, list[str]]:
    """Return the ids of each order's events in the order in which they came first; who comes again says the same."""
    said: dict[str, Any] = {}
    came: dict[str, list[str]] = {}
    for headers, body in list(calls):
        event = json.loads(body)["data"]["event"]
        message_id = headers["webhook-id"]
        if event["order_id"] in order_ids and message_id not in said:
            came.setdefault(event["order_id"], []).append(message_id)
        assert said.setdefault(message_id, event) == event, f"{message_id} stands for two events"
    return came


OF_WEBHOOKS: Final = (
    Fault("webhooks-killed", "Workers and web server are killed while webhooks are delivered", kill),
    Fault("webhooks-receiver-away", "A receiver of webhooks fails for a while, and is back", go_away),
)
