"""Stripe as a payment gateway: one PaymentIntent for each payment.

An intent is charged once at most, whatever is sent to it, and its id is stored before it is confirmed. So it is the
intent, and not an idempotency key that Stripe forgets after a day, that keeps a payment from being charged twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import stripe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from orders.errors import OutsideWorldFailed, PaymentDeclined
from orders.payments.gateways.interface import (
    AUTHORISATION_IN_USE,
    AUTHORISATION_UNKNOWN,
    BookEntry,
    Charge,
    Movements,
    Notice,
    Outcome,
    PaymentRequest,
    RefundAnswer,
    RefundRequest,
)
from orders.payments.gateways.stripe.amounts import from_stripe, to_stripe
from orders.payments.gateways.stripe.authorisations import (
    LASTS,
    PREFIX,
    accept,
    find_authorised,
)
from orders.payments.gateways.stripe.client import answering, connect, is_final
from orders.payments.gateways.stripe.events import read_event
from orders.payments.gateways.stripe.intents import judge, judge_all, key_of
from orders.payments.gateways.stripe.refunds import give_back

# What a payment method's id begins with: Stripe's own, and the older kinds that it still takes.
PAYMENT_METHODS: Final = ("pm_", "card_", "src_")
KEY_REUSED: Final = "idempotency_key_reused"
PAGE: Final = 100
WITH_CHARGE: Final = ["latest_charge"]


class StripeGateway:
    """Charges the payment method that the order names, by Stripe's PaymentIntents."""

    name: Final = "stripe"
    authorisation_lasts: Final = LASTS

    def __init__(self) -> None:
        client = connect()
        self._intents, self._refunds = client.v1.payment_intents, client.v1.refunds

    def open(self, request: PaymentRequest) -> str:
        """Create the intent, which takes no money before it is confirmed, and return its id."""
        return self._create(request).id

    def find(self, request: PaymentRequest, reference: str) -> Charge | None:
        """Return what the intent says; without its id, what those say that bear the payment's id."""
        return judge_all(self._list(request, reference))

    def charge(self, request: PaymentRequest, reference: str) -> Charge:
        """Confirm the intent."""
        return self._confirm(request, reference)

    def authorise(self, request: PaymentRequest, reference: str) -> Charge:
        """Confirm the intent, and have its money held only."""
        try:
            with answering():
                self._intents.update(reference, {"capture_method": "manual"})
        except stripe.InvalidRequestError as error:
            return self._judge_refusal(request, reference, error)
        return self._confirm(request, reference)

    def names_authorisation(self, payment_method: str) -> bool:
        """Tell whether it is the id of an intent."""
        return payment_method.startswith(PREFIX)

    def accept(self, request: PaymentRequest, reference: str) -> Charge:
        """Bind the shop's intent to the order."""
        return accept(request, reference, self._intents)

    def capture(self, request: PaymentRequest, reference: str) -> Charge:
        """Take what the intent holds, and no more than the order comes to."""
        try:
            with answering():
                return judge(self._intents.capture(reference, {"amount_to_capture": to_stripe(request.money)}))
        except stripe.InvalidRequestError as error:
            return self._judge_refusal(request, reference, error)

    def void(self, request: PaymentRequest, reference: str) -> Charge:
        """Cancel the intent. Where none is known yet, one is made for it, which a late charge then meets."""
        try:
            intents = self._list(request, reference)
            if not intents and self.names_authorisation(request.payment_method):
                return replace(AUTHORISATION_UNKNOWN, outcome=Outcome.CLOSED)
            intents = intents or [self._create(request)]
        except PaymentDeclined as refusal:
            return Charge(Outcome.CLOSED, code=refusal.code, text=str(refusal))
        closed = [self._cancel(intent, request) for intent in intents]
        return max(closed, key=lambda charge: charge.charged)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give back what the request says, unless Stripe has done so already."""
        return give_back(request, self._intents, self._refunds)

    def read_books(self) -> Iterable[BookEntry]:
        """Return what Stripe has of the orders; nothing else that goes through the same account."""
        movements = Movements()
        with answering():
            for intent in self._intents.list({"limit": PAGE}).auto_paging_iter():
                if intent.status == "succeeded" and "order_id" in intent.metadata:
                    charge = judge(intent)
                    movements.add(intent.metadata["order_id"], charged=charge.charged)
            for refund in self._refunds.list({"limit": PAGE}).auto_paging_iter():
                if refund.status == "succeeded" and refund.metadata and "order_id" in refund.metadata:
                    money = from_stripe(refund.amount, refund.currency)
                    movements.add(refund.metadata["order_id"], refunded=money.minor)
        return movements.entries()

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Return the event of a webhook, whose signature Stripe's library verifies."""
        return read_event(body, headers.get("Stripe-Signature", ""))

    def _create(self, request: PaymentRequest) -> stripe.PaymentIntent:
        if not request.payment_method:
            raise PaymentDeclined(_("The order names no payment method."), code="payment_method_missing")
        if not request.payment_method.startswith(PAYMENT_METHODS):
            text = _("The order's payment method is none of Stripe's, such as pm_1234.")
            raise PaymentDeclined(text, code="payment_method_unknown")
        wanted: stripe.params.PaymentIntentCreateParams = {
            "amount": to_stripe(request.money),
            "currency": request.money.currency.lower(),
            "payment_method": request.payment_method,
            # The others lead the customer to a page and back, and nobody is there for that.
            "allowed_payment_method_types": ["card"],
            "metadata": {"order_id": request.order_id, "payment_id": request.idempotency_key},
        }
        if request.customer.reference.startswith("cus_"):
            wanted["customer"] = request.customer.reference
        try:
            with answering():
                return self._intents.create(wanted, {"idempotency_key": request.idempotency_key})
        except stripe.IdempotencyError as error:
            raise PaymentDeclined(_("The key was used for another payment."), code=KEY_REUSED) from error
        except stripe.InvalidRequestError as error:
            if is_final(error):
                raise PaymentDeclined(error.user_message or str(error), code=error.code or "") from error
            sentence = _("Stripe refuses the request: %(answer)s")
            raise OutsideWorldFailed(sentence % {"answer": error.user_message}) from error

    def _confirm(self, request: PaymentRequest, reference: str) -> Charge:
        """Confirm an intent. It has no idempotency key: under one, Stripe repeats its own failures for a day."""
        try:
            with answering():
                return judge(self._intents.confirm(reference))
        except stripe.CardError as error:
            code = (error.error.decline_code if error.error else None) or error.code or ""
            return Charge(Outcome.DECLINED, reference, code, error.user_message or "")
        except stripe.InvalidRequestError as error:
            return self._judge_refusal(request, reference, error)

    def _judge_refusal(self, request: PaymentRequest, reference: str, refusal: stripe.InvalidRequestError) -> Charge:
        """Return what the intent says, which Stripe would not change: mostly that it was changed before."""
        intent = self._retrieve(reference)
        if (intent.amount, intent.currency.upper()) != (to_stripe(request.money), request.money.currency):
            return Charge(Outcome.DECLINED, reference, KEY_REUSED, gettext_noop("The key was used for another amount."))
        known = judge(intent)
        if known.outcome != Outcome.OPEN:
            return known
        if is_final(refusal):
            return Charge(Outcome.DECLINED, reference, refusal.code or "", refusal.user_message or "")
        sentence = _("Stripe refuses the request: %(answer)s")
        raise OutsideWorldFailed(sentence % {"answer": refusal.user_message}) from refusal

    def _cancel(self, intent: stripe.PaymentIntent, request: PaymentRequest) -> Charge:
        """Cancel an intent, but none that belongs to another order, or that the shop captured itself."""
        known, owner = judge(intent), key_of(intent)
        if owner not in {"", request.idempotency_key} or (known.charged and not owner):
            return replace(AUTHORISATION_IN_USE, outcome=Outcome.CLOSED)
        if known.outcome in {Outcome.CHARGED, Outcome.CLOSED}:
            return known
        try:
            with answering():
                return judge(self._intents.cancel(intent.id))
        except stripe.InvalidRequestError as error:
            known = judge(self._retrieve(intent.id))
            if known.outcome in {Outcome.CHARGED, Outcome.CLOSED}:
                return known
            sentence = _("Stripe does not cancel the payment: %(answer)s")
            raise OutsideWorldFailed(sentence % {"answer": error.user_message}) from error

    def _retrieve(self, reference: str) -> stripe.PaymentIntent:
        try:
            with answering():
                return self._intents.retrieve(reference, {"expand": WITH_CHARGE})
        except stripe.InvalidRequestError as error:
            # Never taken for a payment that was not made: it may well have been, with the key of another account.
            sentence = _("Stripe does not have %(reference)s under this key.")
            raise OutsideWorldFailed(sentence % {"reference": reference}) from error

    def _list(self, request: PaymentRequest, reference: str) -> list[stripe.PaymentIntent]:
        """Return the payment's intents: the one of this id, or that the shop made, or those that bear the payment's id.

        Stripe's search learns of an intent after a minute. The newest ones are therefore looked through as well.
        """
        if reference:
            return [self._retrieve(reference)]
        if self.names_authorisation(request.payment_method):
            return find_authorised(request.payment_method, self._intents)
        expand = [f"data.{name}" for name in WITH_CHARGE]
        with answering():
            newest = self._intents.list({"limit": PAGE, "expand": expand}).data
        query = f"metadata['payment_id']:'{request.idempotency_key}'"
        try:
            with answering():
                older = self._intents.search({"query": query, "limit": PAGE, "expand": expand}).data
        except stripe.InvalidRequestError:
            older = []  # Stripe has no search for some countries' accounts
        key = request.idempotency_key
        bearing = [intent for intent in newest if key_of(intent) == key]
        return list({intent.id: intent for intent in [*older, *bearing]}.values())
