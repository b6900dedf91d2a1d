"""The words for what became of a payment's money."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy

from orders.labels import Label
from orders.money import Money
from orders.proof.verdict import Verdict, VerdictCode

VERDICT_LABELS: Final[Mapping[VerdictCode, Label]] = {
    VerdictCode.NOTHING_DUE: gettext_lazy("Nothing to charge"),
    VerdictCode.NOT_CHARGED: gettext_lazy("Not charged"),
    VerdictCode.AUTHORISED: gettext_lazy("Authorised, not captured"),
    VerdictCode.RELEASED: gettext_lazy("Authorised, never captured, and released"),
    VerdictCode.CHARGED_ONCE: gettext_lazy("Charged exactly once: %(charged)s"),
    VerdictCode.REFUNDED_IN_PART: gettext_lazy("Charged exactly once: %(charged)s, of which %(refunded)s was refunded"),
    VerdictCode.REFUNDED: gettext_lazy("Charged exactly once, and refunded in full: %(refunded)s"),
    VerdictCode.UNKNOWN: gettext_lazy("Not known yet: the gateway is being asked"),
    VerdictCode.CHARGED_TWICE: gettext_lazy("Charged %(charges)s times, %(charged)s in all"),
    VerdictCode.DISAGREES: gettext_lazy(
        "The console and the gateway disagree: the gateway charged %(charged)s and refunded %(refunded)s"
    ),
    VerdictCode.NO_ANSWER: gettext_lazy("The gateway is not answering, so its records cannot be compared"),
}


def describe_verdict(verdict: Verdict, currency: str) -> str:
    """Return the verdict in words."""
    facts = {
        "charges": verdict.charges,
        "charged": Money(verdict.charged, currency),
        "refunded": Money(verdict.refunded, currency),
    }
    return str(VERDICT_LABELS[verdict.code]) % facts
