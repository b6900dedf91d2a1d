"""The words for the steps of an order."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

ACTIVITY_LABELS: Final[Mapping[str, Promise]] = {
    "receive_order": gettext_lazy("Receive the order"),
    "validate_order": gettext_lazy("Validate the order"),
    "confirm_deadline": gettext_lazy("Ask for the deadline"),
    "remind_approvers": gettext_lazy("Remind the approvers"),
    "charge_payment": gettext_lazy("Charge the payment"),
    "give_back_refund": gettext_lazy("Refund a part of the payment"),
    "refund_payment": gettext_lazy("Refund the payment"),
    "prepare_package": gettext_lazy("Prepare the package"),
    "dispatch_carrier": gettext_lazy("Hand over to the carrier"),
    "complete_order": gettext_lazy("Complete the order"),
    "process_cancellation": gettext_lazy("Finish the cancellation"),
}


def describe_activity(name: str) -> str:
    """Return an activity's name as a clerk would say it."""
    return str(ACTIVITY_LABELS.get(name, name.replace("_", " ").capitalize()))
