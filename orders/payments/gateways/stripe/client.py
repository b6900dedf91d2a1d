"""The way to Stripe: its keys, the version of its API, timeouts, and what its errors mean for a payment."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import stripe
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from orders.errors import OutsideWorldFailed

# The one that this code was written for; that of the Stripe account, which others may change, does not count.
API_VERSION: Final = "2026-10-28.endive"
# Seconds to connect and to wait for an answer. A charge is two calls, and an activity's attempt has five seconds.
TIMEOUT: Final = (1.0, 2.0)
TEST_KEYS: Final = ("sk_test_", "rk_test_")
LIVE_KEYS: Final = ("sk_live_", "rk_live_")
# What of a request comes from the order: a complaint about one of these will be the same at the next try.
OF_THE_ORDER: Final = frozenset({"amount", "currency", "customer", "payment_method"})


def connect() -> stripe.StripeClient:
    """Return a client as the settings say, which connects on its first call. Raises ImproperlyConfigured."""
    key, base = settings.STRIPE.get("STRIPE_API_KEY", ""), settings.STRIPE.get("STRIPE_API_BASE", "")
    if complaint := _judge_key(key) or _judge_base(base):
        raise ImproperlyConfigured(complaint)
    # Otherwise it tells of every call, several times.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base} if base else {},
        http_client=stripe.RequestsClient(timeout=TIMEOUT),
        # The workflow tries again, and asks what became of the last attempt before it does.
        max_network_retries=0,
    )


def _judge_key(key: str) -> str:
    """Return what is wrong with the secret key, without repeating it."""
    if not key:
        return (
            "STRIPE_API_KEY is not set, and PAYMENT_GATEWAYS names Stripe. Take a secret key from Stripe's dashboard."
        )
    if settings.DEBUG and key.startswith(LIVE_KEYS):
        return "STRIPE_API_KEY is a live key, and DEBUG is true: real money would move. Use a test key on your machine."
    if not settings.DEBUG and key.startswith(TEST_KEYS):
        return (
            "STRIPE_API_KEY is a test key, and DEBUG is false: orders would ship that nobody has paid. Use a live key."
        )
    if not key.startswith(TEST_KEYS + LIVE_KEYS):
        return "STRIPE_API_KEY is wrong: a secret key begins with sk_test_ or sk_live_, a restricted one with rk_."
    return ""


def _judge_base(base: str) -> str:
    if base and not settings.DEBUG:
        return "STRIPE_API_BASE is for tests, and DEBUG is false. Leave it out, so that payments go to Stripe."
    return ""


@contextmanager
def answering() -> Iterator[None]:
    """Raise OutsideWorldFailed where Stripe gave no answer, or one that says nothing of the payment.

    A card that is declined, a request that is refused and a key that is reused stay Stripe's own errors.
    """
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError):
        raise
    except stripe.StripeError as error:
        raise OutsideWorldFailed(_describe(error)) from error


def is_final(error: stripe.InvalidRequestError) -> bool:
    """Tell whether Stripe refuses what the order asks for, and not how this code, or its configuration, asks."""
    return error.http_status == 404 or error.param in OF_THE_ORDER


def _describe(error: stripe.StripeError) -> str:
    """Return a sentence about an error. That of a refused key is ours: Stripe's repeats a part of the key."""
    if isinstance(error, stripe.AuthenticationError):
        return _("Stripe does not accept the key in STRIPE_API_KEY.")
    if isinstance(error, stripe.APIConnectionError):
        return _("Stripe did not answer.")
    return _("Stripe answered: %(answer)s") % {"answer": error.user_message or error}
