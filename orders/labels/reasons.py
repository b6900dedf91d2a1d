"""The words for reasons: what a list of them is for, those of the start, and a chosen one in a sentence.

The shop's own words stand in its table; whatever is decided keeps them.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from orders.labels.stored import describe_stored
from orders.states import WITHDRAWN, DecisionReason, ReasonKind

REASON_KIND_LABELS: Final[Mapping[ReasonKind, Promise]] = {
    ReasonKind.CANCEL: pgettext_lazy("reasons for", "Cancelling"),
    ReasonKind.REFUND: pgettext_lazy("reasons for", "Refunding"),
}

DECISION_REASON_LABELS: Final[Mapping[DecisionReason, Promise]] = {
    DecisionReason.CUSTOMER_REQUEST: gettext_lazy("Customer asked for it"),
    DecisionReason.DUPLICATE_ORDER: gettext_lazy("Duplicate order"),
    DecisionReason.SUSPECTED_FRAUD: gettext_lazy("Suspected fraud"),
    DecisionReason.WRONG_PRICE: gettext_lazy("Wrong price"),
    DecisionReason.OUT_OF_STOCK: gettext_lazy("Out of stock"),
    DecisionReason.WRONG_ADDRESS: gettext_lazy("Wrong address"),
    DecisionReason.OTHER: gettext_lazy("Other"),
}
# The list of reasons for refunds begins with these, in its table; what the shop made of them is not translated.
FIRST_REFUND_REASONS: Final = (
    gettext_noop("Returned by the customer"),
    gettext_noop("Damaged or faulty"),
    gettext_noop("Not received"),
    gettext_noop("Wrong article sent"),
    gettext_noop("Arrived late"),
    gettext_noop("Goodwill"),
)

WITHDRAWN_LABEL: Final = gettext_lazy("Withdrawn by the submitter")


def describe_reason(code: str, text: str, words: str = "") -> str:
    """Return why somebody decided so: what they chose from the list, and what they wrote; either may be empty.

    `words` are those that the shop's own list had for the code.
    """
    if not code or code == DecisionReason.OTHER:
        return text or describe_stored(words)
    if not words and code in set(DecisionReason):
        words = str(DECISION_REASON_LABELS[DecisionReason(code)])
    elif code in set(DecisionReason):
        words = describe_stored(words)  # as long as the shop has left the words of the start as they were
    if code == WITHDRAWN:
        words = str(WITHDRAWN_LABEL)
    known = words or code
    return f"{known}: {text}" if text else known
