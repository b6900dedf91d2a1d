"""The page of what does not move: open orders by what keeps them, with the one thing that helps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.sessions import polled
from console.fingerprint import fingerprint
from console.labels import STATUS_SENTENCES, TROUBLE_ADVICE, name_deeds
from orders.decisions.steps import Deed
from orders.labels import TROUBLE_LABELS, describe_activity
from orders.overview.stuck import StuckCause, StuckGroup, StuckOrder, find_stuck
from orders.permissions import may_steer
from orders.postgres.clock import database_now
from orders.states import Status, TroubleCode

CAUSE_LABELS: Final[Mapping[StuckCause, Promise]] = {
    StuckCause.MESSAGE_REFUSED: gettext_lazy("Temporal refused a message"),
    StuckCause.START_UNSENT: gettext_lazy("The submission has not reached Temporal"),
    StuckCause.DECISION_UNSENT: gettext_lazy("The decision has not reached Temporal"),
    StuckCause.STEP_PAUSED: gettext_lazy("Paused: %(step)s"),
    StuckCause.RETRYING: gettext_lazy("Retrying: %(step)s"),
    StuckCause.DECISION_UNANSWERED: gettext_lazy("The workflow has not answered a decision"),
    StuckCause.OVERDUE: gettext_lazy("Past the deadline, but not cancelled yet"),
    StuckCause.NOT_MOVING: gettext_lazy("Nothing has happened for a while"),
    StuckCause.WAITING: gettext_lazy("Waiting for an approver to decide"),
    StuckCause.REFUND_FAILED: gettext_lazy("The gateway refused a refund"),
    StuckCause.REFUND_UNCONFIRMED: gettext_lazy("The gateway has not confirmed a refund"),
}
# What helps. An action is an address of the console with its words.
CAUSE_ADVICE: Final[Mapping[StuckCause, Promise]] = {
    StuckCause.MESSAGE_REFUSED: gettext_lazy(
        "The message is kept, but nobody sends it again. Open the order to see why it was refused, and tell "
        "the team that runs the console."
    ),
    StuckCause.START_UNSENT: gettext_lazy(
        "The order is saved and starts as soon as Temporal and a worker are there. See the system page."
    ),
    StuckCause.DECISION_UNSENT: gettext_lazy(
        "The decision is saved and takes effect as soon as Temporal and a worker are there. See the system page."
    ),
    StuckCause.STEP_PAUSED: gettext_lazy("The step is not tried again until someone resumes it, or cancels the order."),
    StuckCause.RETRYING: gettext_lazy(
        "The step is retried automatically. You can wait, have it retried now, or cancel the order."
    ),
    StuckCause.DECISION_UNANSWERED: gettext_lazy(
        "The decision is sent again until it is answered. If no worker is running, start one; see the system page."
    ),
    StuckCause.OVERDUE: gettext_lazy("They are cancelled once a worker is running; see the system page."),
    StuckCause.NOT_MOVING: gettext_lazy("If no worker is running, start one; see the system page."),
    StuckCause.WAITING: gettext_lazy("Approve or cancel them from the list."),
    StuckCause.REFUND_FAILED: gettext_lazy(
        "Open the order to see why. Try again there, or give the money back in another way and say so."
    ),
    StuckCause.REFUND_UNCONFIRMED: gettext_lazy(
        "It is retried until the gateway answers, and moves money once. If it takes days, ask the gateway."
    ),
}
# What can be done about each of the orders that a step holds up.
DEEDS: Final[Mapping[str, tuple[Deed, ...]]] = {
    StuckCause.STEP_PAUSED: (Deed.RESUME,),
    StuckCause.RETRYING: (Deed.RETRY, Deed.PAUSE),
}
# Where to go on, beside the orders themselves: the name of an address, its query, and the words of the link.
_SYSTEM: Final = ("system", "", gettext_lazy("System status"))
_LIST: Final = gettext_lazy("Open the list")
ACTIONS: Final[Mapping[str, tuple[str, str, Promise]]] = {
    **dict.fromkeys(TroubleCode, ("order-list", "?status=trouble", _LIST)),
    **dict.fromkeys((StuckCause.START_UNSENT, StuckCause.DECISION_UNSENT, StuckCause.DECISION_UNANSWERED), _SYSTEM),
    **dict.fromkeys((StuckCause.OVERDUE, StuckCause.NOT_MOVING), _SYSTEM),
    StuckCause.WAITING: ("order-list", "?status=awaiting", _LIST),
    StuckCause.REFUND_FAILED: ("order-list", "?refund=FAILED", _LIST),
    StuckCause.REFUND_UNCONFIRMED: ("order-list", "?refund=PENDING", _LIST),
}
POLL_SECONDS: Final = 5


@dataclass(frozen=True)
class GroupFace:
    """One group in words; `is_idle` is true of orders that only wait for a person.

    `deeds` are what can be done to the step that holds the orders up, for each of them, and `action` the words of a
    link that leads on.
    """

    title: str
    advice: str
    count: int
    since: datetime
    orders: tuple[StuckOrder, ...]
    is_idle: bool
    step: str = ""
    deeds: tuple[tuple[str, str], ...] = ()
    action_url: str = ""
    action: str = ""

    @property
    def unnamed(self) -> int:
        """How many orders the page counts but does not name."""
        return self.count - len(self.orders)


@polled(lambda request: "HX-Request" in request.headers)
@require_safe
@needs_view
def show_stuck(request: ConsoleRequest) -> HttpResponse:
    """Show what does not move; to the page's own poll only when it has changed."""
    groups = tuple(map(describe_group, find_stuck()))
    seen = fingerprint(groups)
    if request.htmx and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    may = may_steer(request.user)
    context = {"groups": groups, "seen": seen, "now": database_now(), "poll_seconds": POLL_SECONDS, "may_steer": may}
    return render_page(request, "system/_stuck.html" if request.htmx else "system/stuck.html", context)


def describe_group(group: StuckGroup) -> GroupFace:
    """Return a group in words: what keeps the orders, and what helps."""
    title, advice = _describe_trouble(group) if group.cause in set(TroubleCode) else _describe_cause(group)
    deeds = name_deeds(DEEDS.get(group.cause, ()))
    name, query, action = ACTIONS.get(group.cause, ("", "", ""))
    return GroupFace(
        title=title,
        advice=advice,
        count=group.count,
        since=group.since,
        orders=tuple(group.orders),
        is_idle=group.cause == StuckCause.WAITING,
        step=group.step,
        deeds=deeds,
        action_url=reverse(name) + query if name else "",
        action=str(action),
    )


def _describe_trouble(group: StuckGroup) -> tuple[str, str]:
    code = TroubleCode(group.cause)
    return str(TROUBLE_LABELS[code]), str(TROUBLE_ADVICE[code])


def _describe_cause(group: StuckGroup) -> tuple[str, str]:
    cause = StuckCause(group.cause)
    title, advice = str(CAUSE_LABELS[cause]), str(CAUSE_ADVICE[cause])
    if cause in DEEDS:
        return title % {"step": describe_activity(group.step)}, advice
    if cause == StuckCause.NOT_MOVING:
        return title, _("%(sentence)s %(advice)s") % {
            "sentence": STATUS_SENTENCES[Status(group.step)],
            "advice": advice,
        }
    return title, advice
