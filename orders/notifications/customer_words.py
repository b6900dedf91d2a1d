"""The words for customers that no text of the shop has: why, how much, and in which language.

A customer is told less than the staff know: nobody is told that fraud is suspected, or what a clerk wrote.
"""

from collections.abc import Collection, Mapping
from typing import Final

from babel.numbers import format_currency

from orders.models import Order
from orders.money import Money
from orders.notifications import german
from orders.states import DecisionReason, ReasonCode

ENGLISH: Final = "en"
GERMAN: Final = "de"
# Where most people read German.
GERMAN_COUNTRIES: Final = frozenset({"AT", "CH", "DE", "LI"})
LOCALES: Final[Mapping[str, str]] = {ENGLISH: "en_GB", GERMAN: "de_DE"}

# By what staff chose from the list, where it may be told.
_DECISIONS: Final[Mapping[str, Mapping[str, str]]] = {
    ENGLISH: {
        DecisionReason.CUSTOMER_REQUEST: "You asked us to.",
        DecisionReason.DUPLICATE_ORDER: "It was the same as another order of yours.",
        DecisionReason.WRONG_PRICE: "A price in it was wrong.",
        DecisionReason.OUT_OF_STOCK: "An article is no longer available.",
        DecisionReason.WRONG_ADDRESS: "We cannot deliver to the address.",
    },
    GERMAN: german.DECISIONS,
}
_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    ENGLISH: {
        ReasonCode.APPROVAL_TIMEOUT: "We could not confirm it in time.",
        ReasonCode.INVALID: "We cannot carry it out as it is.",
        ReasonCode.PAYMENT_DECLINED: "Your payment was declined.",
        ReasonCode.SHIPPING_FAILED: "We could not ship it.",
    },
    GERMAN: german.REASONS,
}
_REFUNDED: Final[Mapping[str, str]] = {
    ENGLISH: "We have given back %(money)s. Your bank may take a few days to show it.",
    GERMAN: german.REFUNDED,
}
_NOT_CHARGED: Final[Mapping[str, str]] = {
    ENGLISH: "You have not been charged.",
    GERMAN: german.NOT_CHARGED,
}


def choose_language(order: Order, available: Collection[str]) -> str | None:
    """Return the language of an order among those that there are texts in: what the shop says, else by the country.

    The shop says it in the order's metadata, as `language`. None where there are no texts.
    """
    said = order.metadata.get("language", "") if isinstance(order.metadata, dict) else ""
    by_country = GERMAN if order.address_country in GERMAN_COUNTRIES else ENGLISH
    wishes = (str(said).partition("-")[0].lower(), by_country, ENGLISH, *sorted(available))
    return next((wish for wish in wishes if wish in available), None)


def describe_money(money: Money, language: str) -> str:
    """Return an amount as it is written in the language."""
    written: str = format_currency(money.amount, money.currency, locale=LOCALES[language])
    return written


def describe_reason(reason_code: str, decision_reason_code: str, language: str) -> str:
    """Return why an order was cancelled, as far as a customer is told; empty for anything else."""
    if reason_code == ReasonCode.STAFF:
        return _DECISIONS[language].get(decision_reason_code, "")
    return _REASONS[language].get(reason_code, "")


def describe_refund(refunded: Money, language: str) -> str:
    """Return what became of the customer's money."""
    if not refunded.minor:
        return _NOT_CHARGED[language]
    return _REFUNDED[language] % {"money": describe_money(refunded, language)}
