"""The words for a status within a sentence: a language may write them in another way than where they stand alone."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from orders.states import Status

_WITHIN_SENTENCES: Final[Mapping[Status, Promise]] = {
    Status.CREATED: pgettext_lazy("the order is …", "created"),
    Status.VALIDATED: pgettext_lazy("the order is …", "validated"),
    Status.PENDING_MANUAL_APPROVAL: pgettext_lazy("the order is …", "awaiting approval"),
    Status.CHARGING_PAYMENT: pgettext_lazy("the order is …", "charging payment"),
    Status.PAID: pgettext_lazy("the order is …", "paid"),
    Status.PACKAGE_PREPARED: pgettext_lazy("the order is …", "package prepared"),
    Status.DISPATCHED: pgettext_lazy("the order is …", "dispatched"),
    Status.COMPLETED: pgettext_lazy("the order is …", "completed"),
    Status.CANCELLING: pgettext_lazy("the order is …", "cancelling"),
    Status.CANCELLED: pgettext_lazy("the order is …", "cancelled"),
}


def name_status(status: str) -> str:
    """Return a status as it follows “the order is”."""
    return str(_WITHIN_SENTENCES[Status(status)])
