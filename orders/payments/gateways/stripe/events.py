"""The events that Stripe's webhooks bring."""

import stripe
from django.conf import settings

from orders.errors import EventRefused
from orders.payments.gateways.interface import Notice


def read_event(body: bytes, signature: str) -> Notice:
    """Return the event in a webhook's body. Raises EventRefused, unless Stripe has just signed it."""
    secret = settings.STRIPE.get("STRIPE_WEBHOOK_SECRET", "")
    try:
        event = stripe.Webhook.construct_event(body, signature, secret)
        payload = event.to_dict()
        about = payload["data"]["object"]
        metadata = about.get("metadata") or {}
        # A charge and a refund name their intent; an intent is one itself.
        reference = about.get("payment_intent") or (about["id"] if about.get("object") == "payment_intent" else "")
        return Notice(event.id, event.type, str(metadata.get("payment_id", "")), str(reference), payload)
    except stripe.SignatureVerificationError as error:
        raise EventRefused("The signature is not Stripe's.") from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise EventRefused("This is no event of Stripe.") from error
