"""The proof of one payment: what the console and the gateway each wrote about it, with a verdict and a signature.

The signature is made with the installation's secret key, so that a proof that was downloaded can be checked later,
without a database and without the gateway.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from django.core.signing import BadSignature, Signer

from orders.errors import OrderError
from orders.models import GatewayMovement, Order, Payment, PaymentAttempt, Refund
from orders.payments.attempts import describe_payment
from orders.payments.gateways.interface import Outcome
from orders.payments.gateways.registry import find_gateway
from orders.payments.gateways.simulated import SimulatedGateway
from orders.postgres.clock import database_now
from orders.proof.verdict import Verdict, judge_payment

VERSION: Final = 1
# What a gateway's answer says of money that it holds or has let go, as its records would.
HOLDING: Final[Mapping[Outcome, str]] = {Outcome.AUTHORISED: "AUTH", Outcome.CLOSED: "VOID"}
SALT: Final = "orders.proof.payment"


class ProofInvalid(OrderError):
    """A proof was changed after it was made, or was made by another installation."""


def read_proof(order: Order) -> dict[str, Any]:
    """Return all that is written about the order's payment, with the verdict and a signature; a JSON object."""
    payment = Payment.objects.filter(order=order).first()
    proof: dict[str, Any] = {
        "version": VERSION,
        "made_at": database_now().isoformat(),
        "order": _pick(order, "order_id", "status", "total", "currency", "created_at"),
        "payment_id": order.payment_id,
        "payment": None,
        "attempts": [],
        "refunds": [],
        "gateway_records": _read_gateway(order, payment),
    }
    if payment is not None:
        attempts = PaymentAttempt.objects.filter(payment=payment).order_by("id")
        refunds = Refund.objects.filter(payment=payment).order_by("id")
        proof |= {
            "payment": _pick(payment, "status", "amount", "currency", "gateway", "gateway_reference", "created_at"),
            "attempts": [_pick(each, "kind", "outcome", "error", "started_at", "finished_at") for each in attempts],
            "refunds": [
                _pick(each, "key", "amount", "currency", "status", "gateway_reference", "requested_at", "finished_at")
                | _pick(each, "reason_code", "reason_words", "reason", "requested_by", "channel")
                for each in refunds
            ],
        }
    proof["verdict"] = vars(judge_payment(proof))
    return proof | {"signature": Signer(salt=SALT).signature(_canonical(proof))}


def check_proof(proof: Mapping[str, Any]) -> Verdict:
    """Return the verdict of a proof that is as it was made. Raises ProofInvalid."""
    body = {name: value for name, value in proof.items() if name != "signature"}
    try:
        Signer(salt=SALT).unsign(f"{_canonical(body)}:{proof['signature']}")
        verdict = judge_payment(body)
    except (BadSignature, KeyError, TypeError) as error:
        raise ProofInvalid(
            "The signature does not fit: the file was changed, or this installation did not make it."
        ) from error
    if body["verdict"] != vars(verdict):
        raise ProofInvalid("The verdict in the file is not the one that follows from its records.")
    return verdict


def _read_gateway(order: Order, payment: Payment | None) -> list[dict[str, Any]] | None:
    """Return the gateway's own records of the payment; None when it does not answer."""
    name = payment.gateway if payment is not None else SimulatedGateway.name
    if payment is None or name in {"", SimulatedGateway.name}:
        movements = GatewayMovement.objects.filter(idempotency_key=order.payment_id).order_by("id")
        return [_pick(each, "kind", "amount", "currency", "reference", "at") for each in movements]
    try:
        found = find_gateway(name).find(describe_payment(order, payment), payment.gateway_reference)
    except OrderError:
        return None
    if found is None:
        return []
    facts = {"currency": payment.currency, "reference": found.reference}
    if found.charged == 0 and (kind := HOLDING.get(found.outcome)):
        return [{"kind": kind, "amount": payment.amount, **facts}]
    sums = {"CHARGE": found.charged, "REFUND": found.refunded}
    return [{"kind": kind, "amount": amount, **facts} for kind, amount in sums.items() if amount]


def _pick(row: object, *names: str) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _canonical(proof: Mapping[str, Any]) -> str:
    return json.dumps(proof, sort_keys=True, separators=(",", ":"), default=str)
