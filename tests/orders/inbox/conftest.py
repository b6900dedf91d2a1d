"""The Stripe account that the tests of payments use."""

from tests.orders.payments.conftest import line_to_stripe, stripe_account, stripe_address

__all__ = ["line_to_stripe", "stripe_account", "stripe_address"]
