"""The status panel: where an order is and what it waits for, from its row and its workflow."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console import labels
from console.fingerprint import fingerprint
from console.order.facts import StatusFacts
from orders import states
from orders.contracts import APPROVE_SIGNAL, CANCEL_SIGNAL, EXTEND_SIGNAL
from orders.decisions.steps import Deed
from orders.engine.live_status import LiveStatus
from orders.engine.pending import PendingActivity
from orders.engine.sending import REFUND
from orders.events import STATUS_KINDS
from orders.labels import STATUS_LABELS, TROUBLE_LABELS, describe_activity, describe_stored, describe_undelivered
from orders.models import Order, OutboxMessage, Trouble
from orders.states import HAPPY_PATH, DecisionKind, Status, TroubleCode

MESSAGES: Final = {
    APPROVE_SIGNAL: gettext_lazy("The approval by %(who)s"),
    CANCEL_SIGNAL: gettext_lazy("The cancellation by %(who)s"),
    EXTEND_SIGNAL: gettext_lazy("The new deadline by %(who)s"),
    REFUND: gettext_lazy("The refund"),
}
SUBMISSION: Final = gettext_lazy("The submission")
PLACE_WORDS: Final = {"done": gettext_lazy("done"), "now": gettext_lazy("now"), "ahead": gettext_lazy("to come")}


@dataclass(frozen=True)
class Milestone:
    """One status on an order's way; `place` is done, now or ahead."""

    status: Status
    place: str

    @property
    def label(self) -> str:
        return str(STATUS_LABELS[self.status])

    @property
    def place_words(self) -> str:
        """The same in words, for screen readers."""
        return str(PLACE_WORDS[self.place])


@dataclass(frozen=True)
class AttemptFace:
    """What is being tried, in words, and when the next try is due; the page counts down to it on its own.

    `deeds` are what can be done to the step, an activity's name, by who may: each by its code and in words.
    """

    sentence: str
    next_at: datetime | None
    step: str
    deeds: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TroubleFace:
    """Something that keeps the order from moving, in words: what, since when, and what can be done."""

    label: str
    detail: str
    since: datetime
    advice: str


@dataclass(frozen=True)
class StatusPanel:
    """Where the order is, what it waits for and until when, and what is being tried."""

    status: Status
    sentence: str
    is_open: bool
    deadline: datetime | None
    is_soon: bool
    milestones: tuple[Milestone, ...]
    attempts: tuple[AttemptFace, ...] = ()
    on_their_way: tuple[str, ...] = ()
    was_asked: bool = False
    is_live: bool = False
    away: str = ""
    paused: str = ""
    troubles: tuple[TroubleFace, ...] = ()
    decision: str = ""
    engine: str = ""
    is_followed: bool = False
    present: str = ""

    @property
    def label(self) -> str:
        return str(STATUS_LABELS[self.status])

    @property
    def seen(self) -> str:
        """A short text that changes whenever the panel does."""
        return fingerprint(self)

    @property
    def addition(self) -> str:
        """What the next poll says of the panel: what it shows, and whether the workflow was asked for it."""
        return f"&seen={self.seen}{'&asked=1' if self.was_asked else ''}"


def build_status_panel(facts: StatusFacts) -> StatusPanel:
    """Return the panel: from the live answer where there is one, from the row otherwise."""
    order, live, now = facts.order, facts.live, facts.now
    status, sentence = Status(order.status), str(labels.STATUS_SENTENCES[Status(order.status)])
    answer = live.answer if live is not None and order.is_open else None
    if answer is not None and answer.status in states.OPEN:
        status = _find_further(status, Status(answer.status))
        sentence = labels.describe_wait(answer.waiting_for, status)
    is_undecided = status == Status.PENDING_MANUAL_APPROVAL and not order.decision
    deadline = order.approval_deadline if is_undecided else None
    ahead = states.find_decision_ahead(status, order.decision)
    if ahead is not None:
        sentence = _describe_start(order, ahead, is_paused=live is not None and live.is_paused)
    elif order.is_partly_approved and (deadline is None or deadline > now):
        sentence = labels.describe_approvals(order.approvals_given, order.approvals_needed)
    elif deadline is not None and deadline <= now:
        sentence = _("The deadline has passed. The order will be cancelled in a moment.")
    return StatusPanel(
        status=status,
        sentence=sentence,
        is_open=order.is_open,
        deadline=deadline,
        is_soon=deadline is not None and labels.is_soon(deadline, now),
        milestones=_find_milestones(status, facts.reached),
        attempts=tuple(_describe_attempt(activity, order, now) for activity in live.activities)
        if live and answer
        else (),
        on_their_way=tuple(map(_describe_message, facts.unsent)),
        was_asked=live is not None,
        is_live=answer is not None,
        away=str(live.sentence) if live is not None and live.is_away and order.is_open else "",
        paused=_describe_pause(live) if live is not None and order.is_open else "",
        troubles=_describe_troubles(facts.troubles, live),
        decision=order.decision,
        engine=facts.engine,
        is_followed=facts.is_followed,
        present=labels.describe_present(facts.present),
    )


def _describe_start(order: Order, decision: DecisionKind, *, is_paused: bool) -> str:
    """Say who has decided, and when the order follows."""
    if decision == DecisionKind.APPROVE and is_paused:
        sentence = _("Approved by %(who)s. Processing starts when its workflow is resumed.")
    elif decision == DecisionKind.APPROVE:
        sentence = _("Approved by %(who)s. Processing starts in a moment.")
    elif is_paused:
        sentence = _("Cancellation requested by %(who)s. It starts when its workflow is resumed.")
    else:
        sentence = _("Cancellation requested by %(who)s. It starts in a moment.")
    return sentence % {"who": order.decider}


def _describe_troubles(troubles: Iterable[Trouble], live: LiveStatus | None) -> tuple[TroubleFace, ...]:
    """Return the order's troubles, without a pause that the workflow itself reports."""
    is_paused = live is not None and live.is_paused
    return tuple(
        TroubleFace(
            label=str(TROUBLE_LABELS[TroubleCode(trouble.code)]),
            detail=describe_stored(trouble.detail),
            since=trouble.since,
            advice=str(labels.TROUBLE_ADVICE[TroubleCode(trouble.code)]),
        )
        for trouble in troubles
        if not (is_paused and trouble.code == TroubleCode.RUN_PAUSED)
    )


def _describe_pause(live: LiveStatus) -> str:
    """Say that somebody paused the order's run, or its shipment's, in Temporal, and what that means."""
    if live.is_paused and live.paused_since:
        sentence = _(
            "Paused in Temporal since %(moment)s. Decisions are saved, but the order does not move until its workflow "
            "is resumed there."
        )
        return sentence % {"moment": labels.describe_moment(live.paused_since)}
    if live.is_paused:
        return _(
            "Paused in Temporal. Decisions are saved, but the order does not move until its workflow is resumed there."
        )
    if live.is_shipping_paused:
        return _("The shipping workflow is paused in Temporal. The order waits until it is resumed there.")
    return ""


def _find_further(row: Status, live: Status) -> Status:
    """Return the later of two statuses: while the order is shipped the row knows more than the workflow says."""
    return row if row == Status.CANCELLING or states.is_at_or_past(row, live) else live


def _find_milestones(status: Status, reached: Collection[str]) -> tuple[Milestone, ...]:
    """Return the order's past and coming statuses; a cancelled order shows only those that it reached."""
    if status in HAPPY_PATH:
        here = HAPPY_PATH.index(status)
        places = ["done"] * here + ["now" if status in states.OPEN else "done"] + ["ahead"] * len(HAPPY_PATH)
        return tuple(Milestone(each, place) for each, place in zip(HAPPY_PATH, places, strict=False))
    behind = [Milestone(each, "done") for each in HAPPY_PATH if STATUS_KINDS[each] in reached]
    if status == Status.CANCELLED:
        return (*behind, Milestone(Status.CANCELLED, "done"))
    return (*behind, Milestone(Status.CANCELLING, "now"), Milestone(Status.CANCELLED, "ahead"))


def _describe_attempt(activity: PendingActivity, order: Order, now: datetime) -> AttemptFace:
    """Return what is being tried, such as 'Charge the payment: attempt 3, last failure: …, next attempt'."""
    next_at = None
    is_first = activity.attempt <= 1
    parts = [_("first attempt") if is_first else _("attempt %(number)s") % {"number": activity.attempt}]
    if activity.last_failure:
        parts.append(_("last failure: %(failure)s") % {"failure": activity.last_failure.rstrip(".")})
    if activity.is_paused and activity.paused_by and activity.paused_at is not None:
        moment = labels.describe_moment(activity.paused_at)
        sentence = _("paused by %(who)s on %(moment)s; resume it to have it tried again")
        parts.append(sentence % {"who": activity.paused_by, "moment": moment})
    elif activity.is_paused:
        parts.append(_("paused in Temporal until someone resumes it"))
    elif not is_first and activity.next_attempt_at is not None and activity.next_attempt_at > now:
        parts.append(_("next attempt"))
        next_at = activity.next_attempt_at
    else:
        parts.append(_("in progress"))
    sentence = f"{describe_activity(activity.name)}: {', '.join(parts)}"
    deeds = _list_deeds(activity, order, is_due=next_at is None)
    return AttemptFace(sentence, next_at, activity.name, labels.name_deeds(deeds))


def _list_deeds(activity: PendingActivity, order: Order, *, is_due: bool) -> Iterator[Deed]:
    """Yield what can be done to a step: nothing to its first attempt, nor to one that its cancellation waits for."""
    if activity.is_paused:
        yield Deed.RESUME
    elif activity.attempt > 1 and not activity.is_ending:
        if not is_due:
            yield Deed.RETRY
        if not order.is_cancel_requested:
            yield Deed.PAUSE


def _describe_message(message: OutboxMessage) -> str:
    subject = str(MESSAGES.get(message.name, SUBMISSION)) % {"who": message.payload.get("actor") or _("someone")}
    if message.status == OutboxMessage.Status.REFUSED:
        task = _("An administrator has to look into it.")
        return f"{describe_undelivered(subject, refusal=message.last_error)} {task}"
    return describe_undelivered(subject)
