"""Delivers events to endpoints, each at least once, those of an order in their order.

An event of the history is written in the transaction of what it tells, and has a place in the feed once that is
committed. From there deliveries are written for each endpoint, and the endpoint's place with them: so none is lost or
doubled, also by a crash. A delivery is claimed for a while before the call, so that no lock is held during it; a
process that dies lets go of it when that time is over, and the receiver knows a second call by its id.
"""

import logging
from bisect import bisect
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce, Now

from orders.engine.companions import beat
from orders.feed.documents import describe_event, read_document
from orders.feed.reading import read_feed
from orders.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from orders.postgres.clock import database_now
from orders.webhooks.calls import Answer, call_endpoint
from orders.webhooks.chat import describe_for_chat
from orders.webhooks.endpoints import pause_endpoint

logger = logging.getLogger(__name__)

# After each failed call, until the next: 70 hours in all. The last one is followed by giving up.
BACK_OFF: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)
)
GIVE_UP_AFTER: Final = timedelta(days=3)
CLAIM: Final = timedelta(seconds=120)
KEPT: Final = timedelta(days=30)
AT_ONCE: Final = 8
# Calls to one endpoint in a round; while it fails, one call shows whether it is back.
CALLS_IN_ROUND: Final = 24
# So many failures in a row are an outage: when it is over, all that waited is due.
OUTAGE: Final = 3
FAN_OUT: Final = 500
GONE: Final = 410


@dataclass(frozen=True)
class _Call:
    """A claimed delivery, and what is sent: all that a thread needs, which has no connection to the database."""

    endpoint: WebhookEndpoint
    delivery: WebhookDelivery
    document: dict[str, Any]
    at: datetime


def write_deliveries() -> int:
    """Write deliveries for what has happened since, and return how many events were looked at."""
    seen = 0
    for pk in WebhookEndpoint.objects.filter(paused_at__isnull=True).values_list("pk", flat=True):
        with transaction.atomic():
            endpoint = WebhookEndpoint.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            entries = read_feed(after=endpoint.position, limit=FAN_OUT) if endpoint else []
            if endpoint is None or not entries:
                continue
            wanted = [
                WebhookDelivery(
                    endpoint=endpoint, event=entry.event, order_id=entry.event.order_id, position=entry.position
                )
                for entry in entries
                if (not endpoint.kinds or entry.event.kind in endpoint.kinds)
                and (endpoint.shop_id is None or entry.event.order.shop_id == endpoint.shop_id)
            ]
            WebhookDelivery.objects.bulk_create(wanted, ignore_conflicts=True)
            endpoint.position = entries[-1].position
            endpoint.save(update_fields=["position"])
            seen += len(entries)
    return seen


def deliver_due() -> int:
    """Call the endpoints for which something is due, and return how many deliveries got there."""
    delivered = 0
    for endpoint in WebhookEndpoint.objects.filter(paused_at__isnull=True, retry_at__lte=Now()):
        calls = [_describe(endpoint, delivery) for delivery in _claim(endpoint)]
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="webhooks") as threads:
            answers = list(threads.map(_call, calls))
        beat()
        for call, answer in zip(calls, answers, strict=True):
            delivered += _note(endpoint, call.delivery, answer)
    return delivered


def forget_old() -> int:
    """Remove what was delivered or given up long ago, with its log, and return how many rows went."""
    old = WebhookDelivery.objects.filter(created_at__lt=Now() - KEPT).exclude(status=WebhookDelivery.Status.PENDING)
    pks = list(old.order_by("created_at").values_list("pk", flat=True)[:1000])
    return WebhookDelivery.objects.filter(pk__in=pks).delete()[0] if pks else 0


@transaction.atomic
def _claim(endpoint: WebhookEndpoint) -> Sequence[WebhookDelivery]:
    """Keep other processes from what is called now; before a pending event of an order stands no other of it."""
    pending = WebhookDelivery.objects.filter(endpoint=endpoint, status=WebhookDelivery.Status.PENDING)
    earlier = pending.filter(order=OuterRef("order"), position__lt=OuterRef("position"))
    due = pending.filter(~Exists(earlier), next_attempt_at__lte=Now()).order_by("position")
    limit = CALLS_IN_ROUND if endpoint.failing_since is None else 1
    claimed = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("event", "order")[:limit])
    pks = [delivery.pk for delivery in claimed]
    WebhookDelivery.objects.filter(pk__in=pks).update(next_attempt_at=Now() + CLAIM)
    if endpoint.body == WebhookEndpoint.Body.CHAT:
        # Nobody wants to read a sentence twice: what dies during the call is given up, and told no more.
        WebhookDelivery.objects.filter(pk__in=pks).update(status=WebhookDelivery.Status.FAILED)
    return claimed


def _describe(endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> _Call:
    if endpoint.body == WebhookEndpoint.Body.CHAT:
        return _Call(endpoint, delivery, describe_for_chat(delivery.event, delivery.order), database_now())
    event = describe_event(delivery.event, delivery.order.order_id)
    data = {"event": event, "order": read_document(delivery.order)}
    document = {"type": event["kind"], "version": "1", "timestamp": event["at"], "data": data}
    return _Call(endpoint, delivery, document, database_now())


def _call(call: _Call) -> Answer:
    url, secret = call.endpoint.url, call.endpoint.secret
    message_id = f"event-{call.delivery.event_id}"
    return call_endpoint(url, secret, message_id=message_id, at=call.at, document=call.document)


@transaction.atomic
def _note(endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: Answer) -> bool:
    """Write down what came of a call, and tell whether it got there."""
    WebhookAttempt.objects.create(
        delivery=delivery, status_code=answer.status, detail=answer.detail, milliseconds=answer.milliseconds
    )
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    delivery.attempts += 1
    if answer.is_success:
        delivery.status, delivery.delivered_at = WebhookDelivery.Status.DELIVERED, database_now()
        delivery.save(update_fields=["status", "attempts", "delivered_at"])
        _note_success(locked)
        return True
    now = database_now()
    if delivery.attempts > len(BACK_OFF):
        delivery.status = WebhookDelivery.Status.FAILED
        logger.error("webhook %s: %s is given up", locked.pk, delivery)
    else:
        delivery.status = WebhookDelivery.Status.PENDING
        delivery.next_attempt_at = now + BACK_OFF[delivery.attempts - 1]
    delivery.save(update_fields=["status", "attempts", "next_attempt_at"])
    _note_failure(locked, answer)
    return False


def _note_success(endpoint: WebhookEndpoint) -> None:
    if endpoint.failures >= OUTAGE:
        logger.info("webhook %s answers again", endpoint.pk)
        endpoint.deliveries.filter(status=WebhookDelivery.Status.PENDING).update(next_attempt_at=Now())
    if endpoint.failures:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None, failures=0, retry_at=Now())


def _note_failure(endpoint: WebhookEndpoint, answer: Answer) -> None:
    """Call a failing endpoint less often, and no more once that has gone on for three days.

    How long it has failed makes the pause, not how many calls have: two dozen at once are still one short outage.
    """
    since, now = endpoint.failing_since, database_now()
    step = bisect(list(accumulate(BACK_OFF)), now - since) if since else 0
    pause = BACK_OFF[min(step, len(BACK_OFF) - 1)]
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=F("failures") + 1, failing_since=Coalesce("failing_since", Now()), retry_at=Now() + pause
    )
    if answer.status == GONE:
        pause_endpoint(endpoint, WebhookEndpoint.Pause.GONE)
    elif since is not None and since < now - GIVE_UP_AFTER:
        pause_endpoint(endpoint, WebhookEndpoint.Pause.FAILING)
    else:
        return
    logger.error("webhook %s is paused: its last answer was %s %s", endpoint.pk, answer.status, answer.detail)
