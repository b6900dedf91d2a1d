"""Amounts as Stripe counts them. For most currencies that is ISO 4217's minor unit; docs.stripe.com/currencies."""

from typing import Final

from orders.errors import PaymentDeclined
from orders.money import DECIMALS, Money

# Stripe counts these with two decimals, which have to be 00, though ISO 4217 has none.
HUNDREDFOLD: Final = frozenset({"ISK", "UGX"})
# And these in whole units, though ISO 4217 has two decimals.
WHOLE: Final = frozenset({"MGA"})


def to_stripe(money: Money) -> int:
    """Return the amount as Stripe takes it. Raises PaymentDeclined for what Stripe cannot charge exactly."""
    amount, step = money.minor, 1
    if money.currency in HUNDREDFOLD:
        amount *= 100
    elif money.currency in WHOLE:
        step = 100
    elif DECIMALS[money.currency] == 3:
        # The last digit of three has to be 0, and stays.
        step = 10
    if amount % step:
        raise PaymentDeclined(f"Stripe cannot charge {money.plain} exactly.", code="amount_not_exact")
    return amount // 100 if money.currency in WHOLE else amount


def from_stripe(amount: int, currency: str) -> Money:
    """Return what Stripe says as money; `currency` is in lower case there."""
    code = currency.upper()
    if code in HUNDREDFOLD:
        return Money(amount // 100, code)
    return Money(amount * 100 if code in WHOLE else amount, code)
