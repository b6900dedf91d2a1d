"""orders.proof.payment: the verdict on one payment, and a proof that can be checked without the database."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from orders.models import GatewayMovement, Order
from orders.proof.labels import VERDICT_LABELS, describe_verdict
from orders.proof.payment import ProofInvalid, check_proof, read_proof
from orders.proof.verdict import VerdictCode, judge_payment
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def words_of(order: Order) -> str:
    return describe_verdict(judge_payment(read_proof(order)), order.currency)


def test_every_verdict_has_words() -> None:
    assert set(VERDICT_LABELS) == set(VerdictCode)


@pytest.mark.parametrize(
    ("status", "cancelled_from", "words"),
    [
        ("PENDING_MANUAL_APPROVAL", "", "Not charged"),
        ("CHARGING_PAYMENT", "", "Not known yet: the gateway is being asked"),
        ("COMPLETED", "", "Charged exactly once: 25.00 EUR"),
        ("CANCELLED", "PENDING_MANUAL_APPROVAL", "Not charged"),
        ("CANCELLED", "PAID", "Charged exactly once, and refunded in full: 25.00 EUR"),
    ],
)
def test_it_says_what_became_of_the_money(make_order: MakeOrder, status: str, cancelled_from: str, words: str) -> None:
    assert words_of(make_order(status, cancelled_from=cancelled_from or "PENDING_MANUAL_APPROVAL")) == words


def move(order: Order, kind: str, amount: int) -> None:
    with past_the_rules():
        GatewayMovement.objects.create(
            idempotency_key=order.payment_id,
            kind=kind,
            amount=amount,
            currency=order.currency,
            merchant_reference=order.order_id,
            reference=f"{kind}-more",
        )


def test_it_sees_a_second_charge(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    move(order, "CHARGE", 2500)

    assert words_of(order) == "Charged 2 times, 50.00 EUR in all"


def test_it_sees_that_the_gateway_says_something_else(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    move(order, "REFUND", 1250)

    assert words_of(order).startswith("The console and the gateway disagree")


def test_a_refund_in_part_is_told(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    move(order, "REFUND", 1250)
    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders_refund (payment_id, key, amount, currency, reason_code, reason, requested_by, channel, "
            "status, gateway_reference, finished_at) "
            "VALUES (%s, 'part', 1250, 'EUR', 'STAFF', '', '', '', 'SUCCEEDED', 'x', now())",
            [order.payment_id],
        )

    assert words_of(order) == "Charged exactly once: 25.00 EUR, of which 12.50 EUR was refunded"


def test_a_gateway_that_is_not_set_up_is_no_verdict(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    with past_the_rules():
        type(order.payment).objects.filter(pk=order.payment_id).update(gateway="gone")

    assert "cannot be compared" in words_of(order)


def test_a_proof_is_checked_without_the_database(make_order: MakeOrder, tmp_path: Path) -> None:
    proof = json.loads(json.dumps(read_proof(make_order("COMPLETED"))))
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof))

    connection.close()
    assert check_proof(proof).code == VerdictCode.CHARGED_ONCE
    call_command("verify", proof=str(file))


@pytest.mark.parametrize("changed", ["amount", "signature", "verdict", "nothing of a proof"])
def test_a_changed_proof_is_refused(make_order: MakeOrder, tmp_path: Path, changed: str) -> None:
    proof = read_proof(make_order("COMPLETED"))
    if changed == "amount":
        proof["gateway_records"][0]["amount"] = 1
    elif changed == "signature":
        proof["signature"] = "x"
    elif changed == "verdict":
        proof["verdict"]["charges"] = 2
    else:
        proof = {}
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof))

    with pytest.raises(ProofInvalid):
        check_proof(proof)
    with pytest.raises(CommandError, match="does not fit"):
        call_command("verify", proof=str(file))
