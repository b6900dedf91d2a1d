"""Endpoints: added, paused, resumed, tested; and what they were told is told again."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders.errors import OrderError
from orders.events import EventKind
from orders.feed.positions import place_events
from orders.feed.reading import last_position
from orders.models import Shop, WebhookDelivery, WebhookEndpoint
from orders.postgres.clock import database_now
from orders.webhooks.calls import Answer, call_endpoint, check_url
from orders.webhooks.chat import describe_test_for_chat

REPLAY = """
INSERT INTO orders_webhookdelivery (endpoint_id, event_id, order_id, position, status, attempts)
SELECT %s, event.id, event.order_id, entry.position, 'PENDING', 0
FROM orders_orderevent AS event
JOIN orders_feedentry AS entry ON entry.event_id = event.id
JOIN orders_order ON orders_order.id = event.order_id
WHERE {which} AND entry.position <= (SELECT position FROM orders_webhookendpoint WHERE id = %s)
    AND (cardinality(%s::text[]) = 0 OR event.kind = ANY(%s)) AND (%s::bigint IS NULL OR orders_order.shop_id = %s)
ON CONFLICT (endpoint_id, event_id) DO UPDATE
SET status = 'PENDING', attempts = 0, next_attempt_at = statement_timestamp(), delivered_at = NULL
"""


def add_endpoint(
    url: str,
    *,
    kinds: Iterable[str] = (),
    shop: Shop | None = None,
    body: str = WebhookEndpoint.Body.EVENT,
    created_by: str = "",
) -> WebhookEndpoint:
    """Add an endpoint for what happens from now on. Raises OrderError for an address or kinds that cannot be."""
    check_url(url)
    wanted = sorted(set(kinds))
    unknown = set(wanted) - set(EventKind)
    if unknown:
        sentence = _("There is no event kind %(unknown)s. Known are %(known)s.")
        raise OrderError(sentence % {"unknown": ", ".join(sorted(unknown)), "known": ", ".join(EventKind)})
    while place_events():
        pass
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    facts = {"secret": secret, "kinds": wanted, "shop": shop, "body": body, "created_by": created_by}
    endpoint = WebhookEndpoint.objects.create(url=url, position=last_position(), **facts)
    endpoint.refresh_from_db()
    return endpoint


def pause_endpoint(endpoint: WebhookEndpoint, reason: str = WebhookEndpoint.Pause.PERSON) -> None:
    """Call it no more; what happens is kept for it."""
    running = WebhookEndpoint.objects.filter(pk=endpoint.pk, paused_at__isnull=True)
    running.update(paused_at=Now(), pause_reason=reason)


def resume_endpoint(endpoint: WebhookEndpoint) -> None:
    """Call it again, with all that has happened since."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        paused_at=None, pause_reason="", failing_since=None, failures=0, retry_at=Now()
    )
    endpoint.deliveries.filter(status=WebhookDelivery.Status.PENDING).update(attempts=0, next_attempt_at=Now())


def try_endpoint(endpoint: WebhookEndpoint) -> Answer:
    """Call it once with an event of no order, and return what came of it."""
    now = database_now()
    document: dict[str, Any] = {"type": "webhook.test", "version": "1", "timestamp": now.isoformat(), "data": {}}
    if endpoint.body == WebhookEndpoint.Body.CHAT:
        document = describe_test_for_chat()
    return call_endpoint(endpoint.url, endpoint.secret, message_id=f"test-{uuid4()}", at=now, document=document)


def replay_event(endpoint: WebhookEndpoint, event_id: int) -> int:
    """Have one event told again, and return how many there are: 1 or 0."""
    return _replay(endpoint, "event.id = %s", [event_id])


def replay_range(endpoint: WebhookEndpoint, since: datetime, until: datetime) -> int:
    """Have all events of a time told again, and return how many there are."""
    return _replay(endpoint, "event.at >= %s AND event.at < %s", [since, until])


def read_endpoint(number: int) -> WebhookEndpoint:
    """Return the endpoint of this number. Raises OrderError."""
    endpoint = WebhookEndpoint.objects.select_related("shop").filter(pk=number).first()
    if endpoint is None:
        raise OrderError(_("There is no webhook %(number)s.") % {"number": number})
    return endpoint


def _replay(endpoint: WebhookEndpoint, which: str, values: list[Any]) -> int:
    kinds, shop = list(endpoint.kinds), endpoint.shop_id
    with connection.cursor() as cursor:
        rest: list[Any] = [endpoint.pk, kinds, kinds, shop, shop]
        cursor.execute(REPLAY.format(which=which), [endpoint.pk, *values, *rest])
        return int(cursor.rowcount)
