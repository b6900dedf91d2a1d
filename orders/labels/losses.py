"""The words for a step whose worker was not heard of any more: when it was resumed, and that nothing is done twice."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.events import Reach
from orders.labels.activities import describe_activity
from orders.labels.spans import describe_span

# What each reach means, for all steps but those below.
REACH_LABELS: Final[Mapping[Reach, Promise]] = {
    Reach.NOT_ASKED: gettext_lazy("Nobody outside had been asked for anything, so nothing was repeated."),
    Reach.MAY_HAVE_ASKED: gettext_lazy("What had been asked for already is not done twice."),
    Reach.DONE: gettext_lazy("It had already been done and was not repeated."),
}
STEP_REACH_LABELS: Final[Mapping[tuple[str, Reach], Promise]] = {
    ("validate_order", Reach.MAY_HAVE_ASKED): gettext_lazy(
        "By then the gateway may have held the money. Asked again, it holds it only once."
    ),
    ("charge_payment", Reach.NOT_ASKED): gettext_lazy(
        "The gateway had not been asked for the money yet, so nothing was charged twice."
    ),
    ("charge_payment", Reach.MAY_HAVE_ASKED): gettext_lazy(
        "By then the gateway may have taken the money, so it is asked about that before anything is charged."
    ),
    ("refund_payment", Reach.MAY_HAVE_ASKED): gettext_lazy(
        "By then the gateway may have given the money back. Asked again, it does so only once."
    ),
    ("give_back_refund", Reach.MAY_HAVE_ASKED): gettext_lazy(
        "By then the gateway may have given the money back. Asked again, it does so only once."
    ),
    ("prepare_package", Reach.MAY_HAVE_ASKED): gettext_lazy(
        "By then the warehouse may have packed the parcel. Asked again, it packs it only once."
    ),
    ("dispatch_carrier", Reach.MAY_HAVE_ASKED): gettext_lazy(
        "By then the carrier may have taken the parcel. Asked again, it takes it only once."
    ),
}


def describe_loss(data: Mapping[str, Any]) -> str:
    """Say which step it was, when it was resumed, and why nothing is done twice."""
    step = {"step": describe_activity(data["activity"])}
    if data.get("seconds") is None:
        resumed = _("%(step)s: resumed.") % step
    else:
        span = {"span": describe_span(timedelta(seconds=data["seconds"]))}
        resumed = _("%(step)s: resumed after %(span)s.") % (step | span)
    reach = Reach(data["reach"])
    return f"{resumed} {STEP_REACH_LABELS.get((data['activity'], reach), REACH_LABELS[reach])}"
