"""Starts and wakes the workflows of batches. The row of a batch says since when that is due, so no message is lost.

A start is a signal too: where a run is open it wakes that one, and where none is, as after Temporal lost it, it begins
one. So it may be sent as often as one likes.
"""

import logging
from datetime import timedelta
from typing import Final

from django.db.models import Max, Q
from django.db.models.functions import Coalesce, Now

from orders import contracts
from orders.engine.temporal_client import RPC_TIMEOUT, call
from orders.errors import OrderError, TemporalAway
from orders.models import Batch
from orders.states import BatchState

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 20
# A batch that runs decides many orders a second. One that did nothing for so long may have lost its run.
SILENT_AFTER: Final = timedelta(seconds=60)


def wake_batches() -> int:
    """Start or wake the workflows of the batches for which it is due, and return how many.

    Raises TemporalAway when the server does not answer; one that fails alone holds up no other.
    """
    woken = 0
    for batch in Batch.objects.filter(wake_due_at__lte=Now()).order_by("wake_due_at")[:MOST_AT_ONCE]:
        # Should somebody change the batch while it is sent, it is due again.
        due = Batch.objects.filter(pk=batch.pk, wake_due_at=batch.wake_due_at)
        try:
            _start(batch.batch_id)
        except TemporalAway:
            raise
        except OrderError as error:
            logger.warning("batch %s could not be started: %s", batch.batch_id, error)
            due.update(wake_due_at=Now() + SILENT_AFTER)
        else:
            woken += due.update(wake_due_at=None)
    return woken


def wake_silent_batches() -> int:
    """Make those batches due that should run and have done nothing for a while, and return how many."""
    last = Coalesce(Max("items__done_at"), "created_at")
    running = Batch.objects.filter(state=BatchState.RUNNING, wake_due_at__isnull=True).annotate(last=last)
    silent = list(running.filter(Q(last__lt=Now() - SILENT_AFTER)).values_list("pk", flat=True))
    return Batch.objects.filter(pk__in=silent, wake_due_at__isnull=True).update(wake_due_at=Now())


def _start(batch_id: str) -> None:
    """Signal the batch's open run, or begin one with the signal. Raises TemporalAway, CallRefused."""
    call(
        lambda client: client.start_workflow(
            contracts.BATCH_WORKFLOW,
            contracts.BatchInput(batch_id),
            id=batch_id,
            task_queue=contracts.ORDER_QUEUE,
            start_signal=contracts.WAKE_SIGNAL,
            static_summary=f"Batch {batch_id}",
            rpc_timeout=RPC_TIMEOUT,
        )
    )
