"""What the order's workflow waits for, and for how long.

No workflow stands here, so that the sandbox passes this module through and does not execute it again for every run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias, TypeVar

from temporalio import workflow

from orders.contracts import (
    ApproversReminded,
    CancellationProcessed,
    ConfirmDeadline,
    DeadlineConfirmed,
    OrderInput,
    OrderValidated,
    RemindApprovers,
    WaitMark,
)
from workers import steps
from workers.decisions import Decisions
from workers.workflows.patches import EXTENDABLE, REMINDED, has_patch
from workers.workflows.starting import take_step

T = TypeVar("T")
Answer: TypeAlias = OrderValidated | DeadlineConfirmed | ApproversReminded | CancellationProcessed


class _Due(NamedTuple):
    """What people are told at a time, the `number`th of what they are told."""

    number: int
    mark: WaitMark
    at: datetime


class Wait:
    """One order's wait for a decision: until when, and whether a signal says that this has changed."""

    def __init__(self, order_id: str, decisions: Decisions) -> None:
        self._order_id = order_id
        self._decisions = decisions
        self._is_questioned = False
        self._began: datetime | None = None
        self._told = 0
        self.deadline: datetime | None = None

    @property
    def deadline_text(self) -> str:
        """The deadline as messages carry it, or an empty text."""
        return self.deadline.isoformat() if self.deadline else ""

    def question(self) -> None:
        """Have the tables asked what the deadline is, because a signal says that it was extended."""
        self._is_questioned = has_patch(EXTENDABLE)

    async def last(
        self,
        *,
        expire: Callable[[], Awaitable[None]],
        during: Callable[[Any], Awaitable[Any]],
        before: Callable[[], None],
    ) -> None:
        """Return once there is a decision. `expire` is called when the deadline has passed, `during` waits for steps.

        `before` is called before each rest, which only a decision, a signal or a time that has come ends.
        Where `expire` brings no decision, it has to bring a later deadline.
        """
        self._began = self._began or workflow.now()
        while True:
            due = self._find_due()
            await self._rest(due.at if due else self.deadline or workflow.now(), before)
            if self._decisions.is_taken:
                return
            if self._is_questioned:
                await self._confirm(during)
            elif due is not None:
                await self._remind(due, during)
            else:
                await expire()
            if self._decisions.is_taken:
                return

    def _find_due(self) -> _Due | None:
        """Return what people are told next, or None when only the deadline is ahead.

        What is due is found from the deadline as it is now, and told once: after an extension nothing is told again.
        Of two that are due already, as after an outage, the later one counts for both.
        """
        now, began, deadline = workflow.now(), self._began, self.deadline
        if began is None or deadline is None or deadline - began < steps.SHORTEST_REMINDED or deadline <= now:
            return None
        if self._decisions.is_taken or not has_patch(REMINDED):
            return None
        dues = [
            _Due(number, mark, began + (deadline - began) * share)
            for number, (mark, share) in enumerate(steps.MARKS, start=1)
            if number > self._told
        ]
        past = [due for due in dues if due.at <= now]
        return past[-1] if past else dues[0] if dues else None

    async def _rest(self, until: datetime, before: Callable[[], None]) -> None:
        """Wait for a decision, for a signal about the deadline, or until then."""
        remaining = until - workflow.now()
        if remaining > timedelta(0):
            if not (self._decisions.is_taken or self._is_questioned):
                before()
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: self._decisions.is_taken or self._is_questioned,
                    timeout=remaining,
                    timeout_summary="deadline for the approval",
                )

    async def _remind(self, due: _Due, during: Callable[[Any], Awaitable[Any]]) -> None:
        argument = RemindApprovers(self._order_id, due.mark, self.deadline_text)
        reminded = await take_step(steps.REMIND_APPROVERS, argument, wait=during)
        if later := read_deadline(reminded):
            self.deadline = later
        else:
            self._told = due.number

    async def _confirm(self, during: Callable[[Any], Awaitable[Any]]) -> None:
        self._is_questioned = False
        confirmed = await take_step(steps.CONFIRM_DEADLINE, ConfirmDeadline(self._order_id), wait=during)
        self.deadline = read_deadline(confirmed) or self.deadline


def plan_deadline(order: OrderInput, approval_seconds: int) -> datetime:
    """Return until when a decision is waited for."""
    if order.deadline:
        return datetime.fromisoformat(order.deadline)
    return workflow.now() + timedelta(seconds=approval_seconds)


def read_deadline(answer: Answer | None) -> datetime | None:
    """Return the deadline that the row holds; workers of earlier releases did not answer it."""
    return datetime.fromisoformat(answer.deadline) if answer is not None and answer.deadline else None


def has_succeeded(running: "asyncio.Task[Any]") -> bool:
    """Tell whether a step has ended well."""
    return running.done() and not running.cancelled() and running.exception() is None


async def wait_to_the_end(running: "asyncio.Task[T]") -> T:
    """Wait for a step that no decision ends."""
    return await running
