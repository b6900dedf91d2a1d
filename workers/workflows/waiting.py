"""What the order's workflow waits for, and for how long.

No workflow stands here, so that the sandbox passes this module through and does not execute it again for every run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from temporalio import workflow

from orders.contracts import CancellationProcessed, ConfirmDeadline, DeadlineConfirmed, OrderInput, OrderValidated
from workers import steps
from workers.decisions import Decisions
from workers.workflows.starting import take_step

T = TypeVar("T")

# The patch of runs that hear when somebody extends the deadline. Others learn of it when theirs has passed.
EXTENDABLE: Final = "extend-the-deadline"


class Wait:
    """One order's wait for a decision: until when, and whether a signal says that this has changed."""

    def __init__(self, order_id: str, decisions: Decisions) -> None:
        self._order_id = order_id
        self._decisions = decisions
        self._is_questioned = False
        self.deadline: datetime | None = None

    @property
    def deadline_text(self) -> str:
        """The deadline as messages carry it, or an empty text."""
        return self.deadline.isoformat() if self.deadline else ""

    def question(self) -> None:
        """Have the tables asked what the deadline is, because a signal says that it was extended."""
        self._is_questioned = workflow.patched(EXTENDABLE)

    async def last(self, *, expire: Callable[[], Awaitable[None]], during: Callable[[Any], Awaitable[Any]]) -> None:
        """Return once there is a decision. `expire` is called when the deadline has passed, `during` waits for steps.

        Where `expire` brings no decision, it has to bring a later deadline.
        """
        while True:
            await self._rest()
            if not self._decisions.is_taken:
                await (self._confirm(during) if self._is_questioned else expire())
            if self._decisions.is_taken:
                return

    async def _rest(self) -> None:
        """Wait for a decision, for a signal about the deadline, or for the deadline."""
        remaining = (self.deadline or workflow.now()) - workflow.now()
        if remaining > timedelta(0):
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: self._decisions.is_taken or self._is_questioned,
                    timeout=remaining,
                    timeout_summary="deadline for the approval",
                )

    async def _confirm(self, during: Callable[[Any], Awaitable[Any]]) -> None:
        self._is_questioned = False
        confirmed = await take_step(steps.CONFIRM_DEADLINE, ConfirmDeadline(self._order_id), wait=during)
        self.deadline = read_deadline(confirmed) or self.deadline


def plan_deadline(order: OrderInput, approval_seconds: int) -> datetime:
    """Return until when a decision is waited for."""
    if order.deadline:
        return datetime.fromisoformat(order.deadline)
    return workflow.now() + timedelta(seconds=approval_seconds)


def read_deadline(answer: OrderValidated | DeadlineConfirmed | CancellationProcessed | None) -> datetime | None:
    """Return the deadline that the row holds; workers of earlier releases did not answer it."""
    return datetime.fromisoformat(answer.deadline) if answer is not None and answer.deadline else None


def has_succeeded(running: "asyncio.Task[Any]") -> bool:
    """Tell whether a step has ended well."""
    return running.done() and not running.cancelled() and running.exception() is None


async def wait_to_the_end(running: "asyncio.Task[T]") -> T:
    """Wait for a step that no decision ends."""
    return await running
