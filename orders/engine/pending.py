"""What the server says of the activities of a run that are being tried, as plain facts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from orders.texts import LONGEST_NAME, clean_line, clean_text

# What the server is told of people at the console begins with it.
AT_CONSOLE: Final = "order-console:"


@dataclass(frozen=True)
class PendingActivity:
    """An activity that is being tried: which attempt, what went wrong last, and when the next try is due.

    A pause says since when it lasts, and who made it where that was somebody at the console. One that `is_ending` is
    cancelled as soon as its attempt has come to an end. What went wrong last is an answer, unless the attempt has
    timed out.
    """

    name: str
    attempt: int
    last_failure: str
    next_attempt_at: datetime | None
    is_paused: bool = False
    paused_by: str = ""
    paused_at: datetime | None = None
    is_ending: bool = False
    activity_id: str = ""
    has_timed_out: bool = False


@dataclass(frozen=True)
class Progress:
    """What is being tried for an order and its shipment, and whether the shipment's run is paused in Temporal."""

    activities: tuple[PendingActivity, ...] = ()
    is_shipping_paused: bool = False


def read_activities(description: DescribeWorkflowExecutionResponse) -> tuple[PendingActivity, ...]:
    """Return what the server says about activities under way."""
    return tuple(
        PendingActivity(
            name=clean_line(activity.activity_type.name, LONGEST_NAME),
            attempt=activity.attempt,
            last_failure=clean_text(activity.last_failure.message),
            next_attempt_at=activity.scheduled_time.ToDatetime(UTC) if activity.HasField("scheduled_time") else None,
            is_paused=activity.paused,
            paused_by=_read_pauser(activity.pause_info),
            paused_at=activity.pause_info.pause_time.ToDatetime(UTC) if activity.HasField("pause_info") else None,
            is_ending=activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
            activity_id=activity.activity_id,
            has_timed_out=activity.last_failure.HasField("timeout_failure_info"),
        )
        for activity in description.pending_activities
    )


def _read_pauser(pause: PendingActivityInfo.PauseInfo) -> str:
    """Return who paused an activity at the console; whoever can reach the server may claim to have done so."""
    identity = pause.manual.identity
    return clean_line(identity.removeprefix(AT_CONSOLE), LONGEST_NAME) if identity.startswith(AT_CONSOLE) else ""
