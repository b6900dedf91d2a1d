"""What a PaymentIntent says became of a payment."""

from collections.abc import Iterable, Mapping
from typing import Final

import stripe
from django.utils.translation import gettext_noop

from orders.payments.gateways.interface import Charge, Outcome
from orders.payments.gateways.stripe.amounts import from_stripe

UNDECIDED: Final[Mapping[str, Outcome]] = {
    "requires_confirmation": Outcome.OPEN,
    "requires_capture": Outcome.AUTHORISED,
    "processing": Outcome.PENDING,
    "requires_action": Outcome.REQUIRES_ACTION,
}
# Where several intents bear one payment's id, the one that moved most tells what became of it.
WEIGHT: Final = (
    Outcome.CLOSED,
    Outcome.DECLINED,
    Outcome.OPEN,
    Outcome.REQUIRES_ACTION,
    Outcome.PENDING,
    Outcome.AUTHORISED,
    Outcome.CHARGED,
)
# Why Stripe itself cancels an intent whose authorisation nobody captured in time.
EXPIRED: Final = frozenset({"automatic", "expired"})


# What an intent that is cancelled says of itself.
CANCELLED: Final[Mapping[str, str]] = {
    "authorisation_expired": gettext_noop("The authorisation has expired."),
    "voided": gettext_noop("The PaymentIntent is cancelled."),
}


def key_of(intent: stripe.PaymentIntent) -> str:
    """Return the key of the payment whose intent it is; empty for one that the shop made and nobody accepted."""
    return str(intent.metadata.to_dict().get("payment_id", "")) if intent.metadata else ""


def judge(intent: stripe.PaymentIntent) -> Charge:
    """Return what became of the payment; its latest charge has to be expanded, for what was refunded of it."""
    if intent.status == "succeeded":
        return _judge_charged(intent)
    if intent.status == "canceled":
        is_expired = getattr(intent, "cancellation_reason", None) in EXPIRED
        code = "authorisation_expired" if is_expired else "voided"
        return Charge(Outcome.CLOSED, intent.id, code, CANCELLED[code])
    if intent.status == "requires_payment_method":
        if intent.last_payment_error is None:
            return Charge(
                Outcome.DECLINED, intent.id, "payment_method_missing", gettext_noop("There is no payment method.")
            )
        error = intent.last_payment_error
        code = getattr(error, "decline_code", None) or error.code or ""
        return Charge(Outcome.DECLINED, intent.id, code, error.message or "")
    return Charge(UNDECIDED[intent.status], intent.id)


def judge_all(intents: Iterable[stripe.PaymentIntent]) -> Charge | None:
    """Return what became of a payment by all the intents that bear its id; None where there is none."""
    charges = [judge(intent) for intent in intents]
    return max(charges, key=lambda charge: (charge.charged, WEIGHT.index(charge.outcome)), default=None)


def _judge_charged(intent: stripe.PaymentIntent) -> Charge:
    received: int = getattr(intent, "amount_received", intent.amount)
    charged = from_stripe(received, intent.currency).minor
    refunded = 0
    if isinstance(intent.latest_charge, stripe.Charge):
        refunded = from_stripe(intent.latest_charge.amount_refunded, intent.currency).minor
    if refunded >= charged:
        text = gettext_noop("The payment has already been charged and refunded.")
        return Charge(Outcome.CLOSED, intent.id, "refunded", text, charged, refunded)
    return Charge(Outcome.CHARGED, intent.id, charged=charged, refunded=refunded)
