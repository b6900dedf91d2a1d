"""The events that the simulated gateway's program sends, and what the console makes of one; by Standard Webhooks."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from standardwebhooks import Webhook, WebhookVerificationError

from orders.errors import EventRefused
from orders.payments.gateways.interface import Notice
from orders.payments.gateways.ledgers import Kind, Movement

NAMES: Final[Mapping[str, str]] = {
    Kind.AUTHORISE: "payment.authorised",
    Kind.CHARGE: "payment.charged",
    Kind.VOID: "payment.closed",
    Kind.REFUND: "payment.refunded",
}


def write_event(movement: Movement) -> str:
    """Return the body of the event about a movement."""
    about = {
        "payment_id": movement.idempotency_key,
        "order_id": movement.order_id,
        "amount": movement.amount,
        "currency": movement.currency,
        "reference": movement.reference,
        "refund_key": movement.refund_key,
    }
    return json.dumps({"type": NAMES[movement.kind], "data": about})


def sign_event(event_id: str, body: str, secret: str, *, at: datetime) -> dict[str, str]:
    """Return the headers that an event is sent with."""
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret.encode()).sign(event_id, at, body),
    }


def read_event(body: bytes, headers: Mapping[str, str]) -> Notice:
    """Return the event in a webhook's body. Raises EventRefused, unless the program has just signed it."""
    secret = settings.SIMULATED_GATEWAY_SECRET
    if not secret:
        raise EventRefused("No secret is set for the events of the simulated gateway.")
    try:
        event = Webhook(secret.encode()).verify(body, dict(headers))
        return Notice(headers["webhook-id"], event["type"], str(event["data"]["payment_id"]), "", event)
    except WebhookVerificationError as error:
        raise EventRefused("The signature is not the simulated gateway's.") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise EventRefused("This is no event of the simulated gateway.") from error
