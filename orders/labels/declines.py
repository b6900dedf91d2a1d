"""The words for why a gateway declined, by the gateway's code."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orders.labels.stored import describe_stored

# The codes of card networks, as Stripe writes them, and the simulated gateway's own.
DECLINE_LABELS: Final[Mapping[str, Promise]] = {
    "card_declined": gettext_lazy("The customer's bank declined the card."),
    "generic_decline": gettext_lazy("The customer's bank declined the card."),
    "do_not_honor": gettext_lazy("The customer's bank declined the card."),
    "insufficient_funds": gettext_lazy("There is not enough money on the customer's account."),
    "expired_card": gettext_lazy("The customer's card has expired."),
    "incorrect_cvc": gettext_lazy("The security code of the card was wrong."),
    "incorrect_number": gettext_lazy("The card number was wrong."),
    "lost_card": gettext_lazy("The customer's bank declined the card."),  # it is not for us to say that it was lost
    "stolen_card": gettext_lazy("The customer's bank declined the card."),
    "fraudulent": gettext_lazy("The gateway suspects fraud."),
    "authentication_required": gettext_lazy("The customer has to confirm the payment with their bank."),
    "card_not_supported": gettext_lazy("The card cannot be used for this kind of payment."),
    "currency_not_supported": gettext_lazy("The card cannot be used in this currency."),
    "processing_error": gettext_lazy("The gateway could not process the card."),
    "idempotency_key_reused": gettext_lazy("The payment's key was already used for another amount."),
    "voided": gettext_lazy("The payment was closed before it was charged."),
    "refunded": gettext_lazy("The payment has already been charged and refunded."),
    "not_authorised": gettext_lazy("The payment was never authorised."),
    "authorisation_unknown": gettext_lazy("The gateway does not know the authorisation."),
    "authorisation_in_use": gettext_lazy("The authorisation belongs to another order."),
    "authorisation_captured": gettext_lazy("The authorisation was captured before the order came in."),
    "authorisation_incomplete": gettext_lazy("The customer has not confirmed the payment yet."),
    "authorisation_expired": gettext_lazy("The authorisation has expired."),
    "exceeds_charge": gettext_lazy("The refund is more than is left of the charge."),
    "payment_method_missing": gettext_lazy("The order names no payment method."),
    "payment_method_unknown": gettext_lazy("The gateway does not know the order's payment method."),
    "amount_not_exact": gettext_lazy("The gateway cannot charge this amount exactly."),
    "refund_failed": gettext_lazy("The gateway could not give the money back."),
}


def describe_decline(code: str, text: str = "") -> str:
    """Return why a gateway declined, in plain words where its code is known, otherwise in the gateway's own."""
    if code in DECLINE_LABELS:
        return str(DECLINE_LABELS[code])
    return describe_stored(text) or code
