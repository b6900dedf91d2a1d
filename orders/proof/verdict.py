"""Judges from the records of one payment what became of the money; pure, so that a file can be judged too."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class VerdictCode(StrEnum):
    """What became of the money of one order."""

    NOTHING_DUE = "NOTHING_DUE"
    NOT_CHARGED = "NOT_CHARGED"
    AUTHORISED = "AUTHORISED"
    RELEASED = "RELEASED"
    CHARGED_ONCE = "CHARGED_ONCE"
    REFUNDED_IN_PART = "REFUNDED_IN_PART"
    REFUNDED = "REFUNDED"
    UNKNOWN = "UNKNOWN"
    CHARGED_TWICE = "CHARGED_TWICE"
    DISAGREES = "DISAGREES"
    NO_ANSWER = "NO_ANSWER"


# What is as it should be, and what is on its way there.
SOUND: Final = frozenset(VerdictCode) - {VerdictCode.CHARGED_TWICE, VerdictCode.DISAGREES}
CHARGED: Final = "CHARGED"
PENDING: Final = "PENDING"


@dataclass(frozen=True)
class Verdict:
    """What became of the money, in minor units, by the gateway's own records."""

    code: VerdictCode
    charges: int = 0
    charged: int = 0
    refunded: int = 0


def judge_payment(proof: Mapping[str, Any]) -> Verdict:
    """Judge the records of a proof: the payment, its refunds and attempts here, and the gateway's own records."""
    payment, records = proof["payment"], proof["gateway_records"]
    if payment is not None and payment["status"] == "NOTHING_DUE":
        return Verdict(VerdictCode.NOTHING_DUE)
    if records is None:
        return Verdict(VerdictCode.NO_ANSWER)
    charges = [record for record in records if record["kind"] == "CHARGE"]
    charged = sum(record["amount"] for record in charges)
    refunded = sum(record["amount"] for record in records if record["kind"] == "REFUND")
    code = _judge(proof, charges, charged, refunded)
    return Verdict(code, len(charges), charged, refunded)


def _judge(proof: Mapping[str, Any], charges: Sequence[Mapping[str, Any]], charged: int, refunded: int) -> VerdictCode:
    payment, order = proof["payment"], proof["order"]
    if len(charges) > 1:
        return VerdictCode.CHARGED_TWICE
    if refunded > charged or any(charge["amount"] != order["total"] for charge in charges):
        return VerdictCode.DISAGREES
    if payment is None:
        return VerdictCode.DISAGREES if charges else VerdictCode.NOT_CHARGED
    if payment["status"] == PENDING or any(refund["status"] == PENDING for refund in proof["refunds"]):
        return VerdictCode.UNKNOWN
    given_back = sum(refund["amount"] for refund in proof["refunds"] if refund["status"] == "SUCCEEDED")
    is_charged = payment["status"] in {CHARGED, "REFUNDED"}
    if is_charged != bool(charges) or given_back != refunded:
        return VerdictCode.DISAGREES
    if not charges:
        return _judge_held(payment["status"], {record["kind"] for record in proof["gateway_records"]})
    if refunded == 0:
        return VerdictCode.CHARGED_ONCE
    return VerdictCode.REFUNDED if refunded == charged else VerdictCode.REFUNDED_IN_PART


def _judge_held(status: str, kinds: Set[str]) -> VerdictCode:
    """Judge what was never captured: whether the gateway still holds it."""
    is_held = "AUTH" in kinds and "VOID" not in kinds
    if status == "AUTHORISED":
        return VerdictCode.AUTHORISED if is_held else VerdictCode.DISAGREES
    if status == "RELEASED":
        return VerdictCode.DISAGREES if is_held else VerdictCode.RELEASED
    return VerdictCode.NOT_CHARGED
