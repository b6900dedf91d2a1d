"""Authorisations: PaymentIntents that the shop made and the customer confirmed, with their money held at Stripe."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import stripe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from orders.errors import OutsideWorldFailed
from orders.payments.gateways.interface import (
    AUTHORISATION_IN_USE,
    AUTHORISATION_UNKNOWN,
    Charge,
    Outcome,
    PaymentRequest,
)
from orders.payments.gateways.stripe.amounts import from_stripe
from orders.payments.gateways.stripe.client import answering
from orders.payments.gateways.stripe.intents import judge, key_of

PREFIX: Final = "pi_"
# How long Stripe holds the money of a card where its charge does not say.
LASTS: Final = timedelta(days=7)
CAPTURED: Final = Charge(
    Outcome.DECLINED,
    code="authorisation_captured",
    text=gettext_noop("The authorisation was captured before the order came in."),
)


def accept(request: PaymentRequest, reference: str, intents: stripe.PaymentIntentService) -> Charge:
    """Have the intent bear the order's ids, unless it bears another's, and return what became of it."""
    found = find_authorised(request.payment_method, intents)
    if not found and reference:
        # It was there: a key of another account does not see it.
        sentence = _("Stripe does not have %(reference)s under this key.")
        raise OutsideWorldFailed(sentence % {"reference": request.payment_method})
    if not found:
        return AUTHORISATION_UNKNOWN
    (intent,) = found
    owner, known = key_of(intent), judge(intent)
    if owner not in {"", request.idempotency_key}:
        return AUTHORISATION_IN_USE
    if known.charged and not owner:
        return CAPTURED
    if known.outcome != Outcome.AUTHORISED:
        return known
    if not owner:
        ids = {"order_id": request.order_id, "payment_id": request.idempotency_key}
        with answering():
            intents.update(intent.id, {"metadata": ids})
    return replace(known, held=from_stripe(intent.amount, intent.currency), held_until=_end_of(intent))


def find_authorised(reference: str, intents: stripe.PaymentIntentService) -> list[stripe.PaymentIntent]:
    """Return the shop's intent of this id; nothing where Stripe knows none."""
    try:
        with answering():
            return [intents.retrieve(reference, {"expand": ["latest_charge"]})]
    except stripe.InvalidRequestError as error:
        if error.http_status == 404:
            return []
        sentence = _("Stripe refuses to look for %(reference)s: %(answer)s")
        raise OutsideWorldFailed(sentence % {"reference": reference, "answer": error.user_message}) from error


def _end_of(intent: stripe.PaymentIntent) -> datetime:
    """Return until when Stripe holds the money."""
    details: Any = getattr(intent.latest_charge, "payment_method_details", None)
    until = getattr(getattr(details, "card", None), "capture_before", None)
    return datetime.fromtimestamp(until, UTC) if until else datetime.fromtimestamp(intent.created, UTC) + LASTS
