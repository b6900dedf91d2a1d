"""Orders paid with Stripe, from submission to completion, by workers that are killed while they charge."""

import pytest

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


def submit(number: int) -> Order:
    draft = make_draft(payment_method=VISA)
    return submit_order(draft, actor=make_user("alice", "clerk"), idempotency_key=f"form-{number}")


def test_each_is_charged_once_after_lost_replies_and_a_kill(
    temporal_server: str, program_environment: dict[str, str], stripe_account: Account, line_to_stripe: Line
) -> None:
    environment = program_environment | {
        "DEBUG": "true",
        "PAYMENT_GATEWAYS": GATEWAY,
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": f"http://{line_to_stripe.address}",
    }
    orders = [submit(number) for number in range(3)]
    with started_workers(environment) as workers:
        for order in orders:
            wait_for_status(order, Status.PENDING_MANUAL_APPROVAL, seconds=LONG)
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

    assert [stripe_account.charged(order) for order in orders] == [[2500]] * 3
    assert [len(stripe_account.intents(order)) for order in orders] == [1, 1, 1]
    assert {payment.status for payment in Payment.objects.all()} == {Payment.Status.CHARGED}
