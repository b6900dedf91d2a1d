"""What the Temporal server knows of the workers that ask its task queues for work."""

import asyncio
from datetime import UTC, datetime

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ListTaskQueuePartitionsRequest
from temporalio.client import Client

from orders.engine.temporal_client import RPC_TIMEOUT, call


def find_poll(queue: str, identity: str) -> datetime | None:
    """Return when a worker last asked for both kinds of tasks of a queue, by Temporal's clock; None when it does not.

    Raises TemporalAway.
    """

    async def find(client: Client) -> datetime | None:
        polls = []
        for kind in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):
            poll = await _find_poll(client, queue, kind, identity)
            if poll is None:
                return None
            polls.append(poll)
        return min(polls)

    return call(find)


async def _find_poll(client: Client, queue: str, kind: "TaskQueueType.ValueType", identity: str) -> datetime | None:
    """Return when a worker last asked for one kind of tasks.

    A queue has partitions. Its first one, which goes by the queue's own name, hears of one waiting poll of each other
    partition, so a worker can be at work and not be known there: then the others are asked.
    """
    poll = await _find_poll_at(client, queue, kind, identity)
    if poll is not None:
        return poll
    request = ListTaskQueuePartitionsRequest(namespace=client.namespace, task_queue=TaskQueue(name=queue))
    found = await client.workflow_service.list_task_queue_partitions(request, retry=True, timeout=RPC_TIMEOUT)
    partitions = (
        found.workflow_task_queue_partitions
        if kind == TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
        else found.activity_task_queue_partitions
    )
    names = [partition.key for partition in partitions if partition.key != queue]
    polls = await asyncio.gather(*(_find_poll_at(client, name, kind, identity) for name in names))
    return max((poll for poll in polls if poll is not None), default=None)


async def _find_poll_at(
    client: Client, partition: str, kind: "TaskQueueType.ValueType", identity: str
) -> datetime | None:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=partition), task_queue_type=kind
    )
    found = await client.workflow_service.describe_task_queue(request, retry=True, timeout=RPC_TIMEOUT)
    own = (poller.last_access_time.ToDatetime(UTC) for poller in found.pollers if poller.identity == identity)
    return max(own, default=None)
