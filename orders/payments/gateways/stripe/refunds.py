"""Refunds at Stripe, each once for its key."""

from typing import Final

import stripe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from orders.errors import OutsideWorldFailed
from orders.payments.gateways.interface import RefundAnswer, RefundRequest
from orders.payments.gateways.stripe.amounts import to_stripe
from orders.payments.gateways.stripe.client import answering, is_final

# A refund that came to nothing: its money stays with the charge.
IN_VAIN: Final = frozenset({"failed", "canceled"})
EXCEEDS: Final = RefundAnswer(
    False, code="exceeds_charge", text=gettext_noop("The refund is more than is left of the charge.")
)
REUSED: Final = RefundAnswer(
    False, code="idempotency_key_reused", text=gettext_noop("The key was used for another amount.")
)
# What Stripe says when nothing, or too little, is left.
TOO_MUCH: Final = frozenset({"charge_already_refunded", "amount_too_large"})


def give_back(
    request: RefundRequest, intents: stripe.PaymentIntentService, refunds: stripe.RefundService
) -> RefundAnswer:
    """Ask for a refund under its key, once; what was asked for before is found first, however long ago that was."""
    amount = to_stripe(request.money)
    try:
        with answering():
            intent = intents.retrieve(request.charge_reference)
            made = list(refunds.list({"payment_intent": intent.id, "limit": 100}).auto_paging_iter())
    except stripe.InvalidRequestError as error:
        sentence = _("Stripe does not have %(reference)s under this key.")
        raise OutsideWorldFailed(sentence % {"reference": request.charge_reference}) from error
    same = next((refund for refund in made if _key_of(refund) == request.refund_key), None)
    if same is not None:
        return _judge(same) if same.amount == amount else REUSED
    received: int = getattr(intent, "amount_received", intent.amount)
    if amount > received - sum(refund.amount for refund in made if refund.status not in IN_VAIN):
        return EXCEEDS
    return _ask(request, amount, refunds)


def _ask(request: RefundRequest, amount: int, refunds: stripe.RefundService) -> RefundAnswer:
    wanted: stripe.params.RefundCreateParams = {
        "payment_intent": request.charge_reference,
        "amount": amount,
        "metadata": {
            "order_id": request.order_id,
            "payment_id": request.idempotency_key,
            "refund_key": request.refund_key,
            "reason_code": request.reason_code,
        },
    }
    try:
        with answering():
            return _judge(refunds.create(wanted, {"idempotency_key": request.refund_key}))
    except stripe.IdempotencyError:
        return REUSED
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        if error.code in TOO_MUCH:
            return EXCEEDS
        if isinstance(error, stripe.InvalidRequestError) and not is_final(error):
            sentence = _("Stripe refuses the request: %(answer)s")
            raise OutsideWorldFailed(sentence % {"answer": error.user_message}) from error
        return RefundAnswer(False, code=error.code or "", text=error.user_message or "")


def _judge(refund: stripe.Refund) -> RefundAnswer:
    if refund.status == "succeeded":
        return RefundAnswer(True, refund.id)
    if refund.status in IN_VAIN:
        code = getattr(refund, "failure_reason", None) or "refund_failed"
        return RefundAnswer(False, refund.id, code, gettext_noop("Stripe could not give the money back."))
    raise OutsideWorldFailed(_("Stripe has taken the refund, and has not carried it out yet."))


def _key_of(refund: stripe.Refund) -> str:
    return str(refund.metadata.to_dict().get("refund_key", "")) if refund.metadata else ""
