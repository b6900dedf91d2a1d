"""What the order's workflow waits for, and for how long.

No workflow stands here, so that the sandbox passes this module through and does not execute it again for every run.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow

from orders.contracts import OrderInput, OrderValidated

T = TypeVar("T")


def plan_deadline(order: OrderInput, approval_seconds: int) -> datetime:
    """Return until when a decision is waited for."""
    if order.deadline:
        return datetime.fromisoformat(order.deadline)
    return workflow.now() + timedelta(seconds=approval_seconds)


def read_deadline(validated: OrderValidated | None) -> datetime | None:
    """Return the deadline that the row holds; workers of earlier releases did not answer it."""
    return datetime.fromisoformat(validated.deadline) if validated is not None and validated.deadline else None


def has_succeeded(running: "asyncio.Task[Any]") -> bool:
    """Tell whether a step has ended well."""
    return running.done() and not running.cancelled() and running.exception() is None


async def wait_to_the_end(running: "asyncio.Task[T]") -> T:
    """Wait for a step that no decision ends."""
    return await running
