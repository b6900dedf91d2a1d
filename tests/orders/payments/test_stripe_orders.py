"""Orders paid with Stripe, from submission to completion, by workers that are killed while they charge."""

import pytest
from pytest_django import Settings

from orders.decisions import decide
from orders.intake.submission import submit_order
from orders.models import Order, Payment
from orders.states import Status
from tests.making import make_draft, make_user
from tests.orders.payments.stripe_account import GATEWAY, KEY, LONG, VISA, Account
from tests.programs import started_workers
from tests.proxies import Line
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def submit(number: int, payment_method: str = VISA) -> Order:
    draft = make_draft(payment_method=payment_method)
    return submit_order(draft, actor=make_user("alice", "clerk"), idempotency_key=f"form-{number}")


def test_each_is_charged_once_after_lost_replies_and_a_kill(
    temporal_server: str,
    program_environment: dict[str, str],
    stripe_account: Account,
    line_to_stripe: Line,
    settings: Settings,
) -> None:
    environment = program_environment | {
        "DEBUG": "true",
        "PAYMENT_GATEWAYS": GATEWAY,
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": f"http://{line_to_stripe.address}",
    }
    orders = [submit(number) for number in range(3)]
    settings.PAYMENT_CAPTURE = "authorised"
    captured, released = (submit(number, stripe_account.authorise()) for number in (3, 4))
    orders.append(captured)
    with started_workers(environment) as workers:
        for order in (*orders, released):
            wait_for_status(order, Status.PENDING_MANUAL_APPROVAL, seconds=LONG)
        decide.cancel_order(released, actor=make_user("bob", "approver"), reason="The customer called.")
        # From here on Stripe charges, and nobody learns of it.
        line_to_stripe.lose_replies(b"/confirm")
        for order in orders:
            decide.approve_order(order, actor=make_user("bob", "approver"))
        wait_until(lambda: all(map(stripe_account.charged, orders)), seconds=LONG, what="the charges")
        workers.kill()
    line_to_stripe.heal()

    with started_workers(environment):
        for order in orders:
            wait_for_status(order, Status.COMPLETED, seconds=LONG)
        wait_for_status(released, Status.CANCELLED, seconds=LONG)

    assert [stripe_account.charged(order) for order in orders] == [[2500]] * 4
    assert [len(stripe_account.intents(order)) for order in orders] == [1] * 4
    assert [intent.status for intent in stripe_account.intents(released)] == ["canceled"]
    statuses = Payment.objects.order_by("order_id").values_list("status", flat=True)
    assert list(statuses) == ["CHARGED"] * 4 + ["RELEASED"]
