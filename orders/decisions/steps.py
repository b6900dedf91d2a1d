"""Retrying a step of an order now, pausing it and resuming it, for those who may, and told in the order's history."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from orders import permissions
from orders.engine import steering
from orders.errors import StepNotPending
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order
from orders.models import Order
from orders.permissions import Actor


class Deed(StrEnum):
    """What can be done to a step that is retried."""

    RETRY = "retry"
    PAUSE = "pause"
    RESUME = "resume"


KINDS: Final[Mapping[Deed, EventKind]] = {
    Deed.RETRY: EventKind.STEP_RETRIED,
    Deed.PAUSE: EventKind.STEP_PAUSED,
    Deed.RESUME: EventKind.STEP_RESUMED,
}
VERBS: Final[Mapping[Deed, Callable[[str, str, str], None]]] = {
    Deed.RETRY: lambda order_id, step, name: steering.retry_step(order_id, step, actor=name),
    Deed.PAUSE: lambda order_id, step, name: steering.pause_step(order_id, step, actor=name),
    Deed.RESUME: lambda order_id, step, name: steering.resume_step(order_id, step),
}


def steer_step(order: Order, deed: Deed, *, actor: Actor, step: str) -> None:
    """Do it to the step, an activity's name.

    Temporal is told with the order locked, some milliseconds: the attempt that this brings about then writes after the
    event, and a cancellation is sent after a pause, so that it finds the pause (see `steering.free_ending_steps`).

    Raises NotAllowed, OrderClosed, StepNotPending, TemporalAway, RunNotFound, OrderError.
    """
    permissions.check_may_steer(actor)
    with transaction.atomic():
        locked = lock_open_order(order.order_id)
        if deed == Deed.PAUSE and locked.is_cancel_requested:
            raise StepNotPending(_("The order is being cancelled, so its steps can no longer be paused."))
        VERBS[deed](order.order_id, step, actor.get_username())
        facts = {"activity": step, "channel": permissions.find_channel(actor).value}
        add_event(locked, KINDS[deed], facts, key=f"step:{locked.version}:{step}", actor=actor.get_username())
