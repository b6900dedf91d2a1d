"""Guards of what the shop had authorised: that it is for the order, captured once, and let go with a cancellation."""

from typing import Final

from tests.mutants.trial import Mutant

CAPTURES: Final = ("tests/orders/payments/test_authorise.py",)
AT_STRIPE: Final = ("tests/orders/payments/test_stripe_authorisations.py",)

OF_CAPTURES: Final = (
    Mutant(
        "an order that is captured has to name an authorisation",
        "orders/payments/authorise.py",
        "    if settings.PAYMENT_CAPTURE == AUTHORISED and not is_authorisation and total.minor:\n",
        "    if False:\n",
        CAPTURES,
    ),
    Mutant(
        "an authorisation is for the order's amount",
        "orders/payments/attempts.py",
        "if held == total:",
        "if held and held.currency == total.currency:",
        CAPTURES,
    ),
    Mutant(
        "an authorisation is in the order's currency",
        "orders/payments/attempts.py",
        "if held == total:",
        "if held and held.minor == total.minor:",
        CAPTURES,
    ),
    Mutant(
        "what is held is compared again before it is captured",
        "orders/payments/charge.py",
        "if mismatch := find_mismatch(known.held, call.request.money):",
        'if mismatch := "":',
        CAPTURES,
    ),
    Mutant(
        "an authorisation that holds nothing any more is not taken",
        "orders/payments/authorise.py",
        "    if charge.outcome in {Outcome.DECLINED, Outcome.CLOSED}:\n        return",
        "    if False:\n        return",
        CAPTURES,
    ),
    Mutant(
        "an authorisation that ends too soon is not taken",
        "orders/payments/authorise.py",
        "    if charge.held_until - CAPTURE_TAKES <= database_now():\n",
        "    if False:\n",
        CAPTURES,
    ),
    Mutant(
        "an order is decided before the gateway lets go of the money",
        "orders/intake/receipt.py",
        "        deadline = min(deadline, held_until)\n",
        "        pass\n",
        CAPTURES,
    ),
    Mutant(
        "there is time to capture before the gateway lets go of the money",
        "orders/payments/authorise.py",
        "    return until - CAPTURE_TAKES\n",
        "    return until\n",
        CAPTURES,
    ),
    Mutant(
        "an authorisation that another payment has is not taken",
        "orders/payments/authorise.py",
        "if charge.reference and others.exclude(payment_id=order.payment_id).exists():",
        "if False:",
        CAPTURES,
    ),
    Mutant(
        "an intent of another order is not taken",
        "orders/payments/gateways/stripe/authorisations.py",
        '    if owner not in {"", request.idempotency_key}:\n',
        "    if False:\n",
        AT_STRIPE,
    ),
    Mutant(
        "an intent that the shop captured stays the shop's",
        "orders/payments/gateways/stripe/authorisations.py",
        "    if known.charged and not owner:\n",
        "    if False:\n",
        AT_STRIPE,
    ),
    Mutant(
        "a cancellation releases no intent of another order",
        "orders/payments/gateways/stripe/gateway.py",
        '        if owner not in {"", request.idempotency_key} or (known.charged and not owner):\n',
        "        if known.charged and not owner:\n",
        AT_STRIPE,
    ),
    Mutant(
        "the gateway is asked what is held before it captures",
        "orders/payments/charge.py",
        "    if known.outcome != Outcome.AUTHORISED:\n        return known\n    if mismatch",
        "    if mismatch",
        CAPTURES,
    ),
    Mutant(
        "what is held is released with a cancellation",
        "orders/decisions/closing.py",
        "    if is_held:\n        release_authorisation(order.order_id)\n",
        "",
        CAPTURES,
    ),
    Mutant(
        "what may be captured is not cancelled before it is given back",
        "orders/decisions/closing.py",
        "return (unsettled.filter(attempts__kind__in=CHARGING) if is_held else unsettled).exists()",
        "return (unsettled.none() if is_held else unsettled).exists()",
        CAPTURES,
    ),
    Mutant(
        "a cancellation releases what the shop authorised before the console asked for it",
        "orders/payments/refund.py",
        "    execute(insert(new_payment(order, order.payment_id), unless_known=True))\n    payment = Payment.obj",
        "    payment = Payment.obj",
        CAPTURES,
    ),
)
