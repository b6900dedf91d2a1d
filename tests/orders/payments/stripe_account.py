"""A Stripe account on localstripe, as its owner sees it: what is in its ledger, whatever the console believes."""

import contextlib
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import stripe

from orders.models import Order
from tests.programs import ROOT, free_port
from tests.proxies import Line
from tests.waiting import listens, wait_until

KEY: Final = "sk_test_of_the_tests"
GATEWAY: Final = "orders.payments.gateways.stripe.gateway.StripeGateway"
VISA: Final = "pm_card_visa"
# Cards, by their numbers, that Stripe has for tests: one is declined when it is charged, one asks the customer.
DECLINED: Final = "4000000000000341"
ASKS_CUSTOMER: Final = "4000002500003155"
# What the webhook endpoint's events are signed with.
SECRET: Final = "whsec_of_the_tests"
LONG: Final = 60


class Account:
    """The ledger at `address`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.url = f"http://{address}"
        self.api = stripe.StripeClient(KEY, base_addresses={"api": self.url}).v1

    def clear(self) -> None:
        """Forget everything, so that each test has an account of its own."""
        connection = http.client.HTTPConnection(self.address, timeout=LONG)
        with contextlib.closing(connection):
            connection.request("DELETE", "/_config/data")
            assert connection.getresponse().status == 200

    def intents(self, order: Order | str) -> list[stripe.PaymentIntent]:
        """All intents of an order."""
        order_id = order if isinstance(order, str) else order.order_id
        found = self.api.payment_intents.list({"limit": 100}).auto_paging_iter()
        return [intent for intent in found if dict(intent.metadata.to_dict()).get("order_id") == order_id]

    def charged(self, order: Order | str) -> list[int]:
        """The amounts of the intents of an order whose money was taken."""
        return [intent.amount for intent in self.intents(order) if intent.status == "succeeded"]

    def refunded(self, order: Order | str) -> list[int]:
        """The amounts of the refunds of an order, first to last."""
        ids = {intent.id for intent in self.intents(order)}
        found = self.api.refunds.list({"limit": 100}).auto_paging_iter()
        return [refund.amount for refund in found if refund.payment_intent in ids]

    def authorise(self, minor: int = 2500, currency: str = "eur") -> str:
        """Have the customer authorise a payment at the shop's checkout, and return its id."""
        wanted: stripe.params.PaymentIntentCreateParams = {
            "amount": minor,
            "currency": currency,
            "payment_method": VISA,
            "capture_method": "manual",
            "confirm": True,
        }
        return self.api.payment_intents.create(wanted).id

    def card(self, number: str) -> str:
        """A payment method with this number."""
        card: stripe.params.PaymentMethodCreateParamsCard = {
            "number": number,
            "exp_month": 12,
            "exp_year": 2040,
            "cvc": "123",
        }
        return self.api.payment_methods.create({"type": "card", "card": card}).id


def sign(body: bytes, *, secret: str = SECRET, at: int | None = None) -> str:
    """The signature that Stripe sends along with an event."""
    made_at = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{made_at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={made_at},v1={digest}"


def event_of(intent: stripe.PaymentIntent, *, event_id: str = "evt_1", kind: str = "payment_intent.succeeded") -> bytes:
    """The body of an event about an intent."""
    about = {"object": "payment_intent", "id": intent.id, "metadata": intent.metadata.to_dict()}
    return json.dumps({"object": "event", "id": event_id, "type": kind, "data": {"object": about}}).encode()


@contextlib.contextmanager
def started_stripe() -> Iterator[str]:
    """Start localstripe, yield its address once it answers, and stop it."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.stripe_server", str(port)], cwd=ROOT)
    try:
        wait_until(lambda: listens(port), seconds=LONG, what="the start of localstripe")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(LONG)


@contextlib.contextmanager
def losing_the_reply(line: Line, happened: Callable[[], bool]) -> Iterator[None]:
    """Let a call through to Stripe and lose its answer: the line breaks once `happened` says that it had its effect."""

    is_over = threading.Event()

    def break_it() -> None:
        wait_until(lambda: happened() or is_over.is_set(), seconds=LONG, what="the effect of the call")
        line.heal()

    line.lose_replies()
    thread = threading.Thread(target=break_it)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
