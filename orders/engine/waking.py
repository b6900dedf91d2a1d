"""Starts and wakes the workflows of batches and imports. Their rows say since when that is due: no message is lost.

A start is a signal too: where a run is open it wakes that one, and where none is, as after Temporal lost it, it begins
one. So it may be sent as often as one likes.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import F, Max, QuerySet
from django.db.models.functions import Coalesce, Now

from orders import contracts
from orders.engine.temporal_client import RPC_TIMEOUT, call
from orders.errors import OrderError, TemporalAway
from orders.models import Batch, OrderImport
from orders.states import BatchState, ImportState

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 20
# What runs does many orders a second. If it did nothing for so long, it may have lost its run.
SILENT_AFTER: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Kind:
    """A table of jobs: how a row is named in Temporal, in which states it works, and what says when it last did."""

    rows: QuerySet[Any]
    id_field: str
    workflow: str
    write_input: Callable[[str], object]
    working: Sequence[str]
    last: Any


KINDS: Final[Sequence[Kind]] = (
    Kind(
        Batch.objects.all(),
        "batch_id",
        contracts.BATCH_WORKFLOW,
        contracts.BatchInput,
        (BatchState.RUNNING,),
        Coalesce(Max("items__done_at"), "created_at"),
    ),
    Kind(
        OrderImport.objects.all(),
        "import_id",
        contracts.IMPORT_WORKFLOW,
        contracts.ImportInput,
        (ImportState.CHECKING, ImportState.RUNNING),
        F("moved_at"),
    ),
)


def wake_jobs() -> int:
    """Start or wake the workflows for which it is due, and return how many.

    Raises TemporalAway when the server does not answer; one that fails alone holds up no other.
    """
    return sum(_wake(kind) for kind in KINDS)


def wake_silent_jobs() -> int:
    """Make those due that should work and have done nothing for a while, and return how many."""
    woken = 0
    for kind in KINDS:
        working = kind.rows.filter(state__in=kind.working, wake_due_at__isnull=True).annotate(last=kind.last)
        silent = list(working.filter(last__lt=Now() - SILENT_AFTER).order_by().values_list("pk", flat=True))
        woken += kind.rows.filter(pk__in=silent, wake_due_at__isnull=True).update(wake_due_at=Now())
    return woken


def _wake(kind: Kind) -> int:
    woken = 0
    for pk, name, since in _find_due(kind):
        # Should somebody change the row while it is sent, it is due again.
        due = kind.rows.filter(pk=pk, wake_due_at=since)
        try:
            _start(kind, name)
        except TemporalAway:
            raise
        except OrderError as error:
            logger.warning("%s could not be started: %s", name, error)
            due.update(wake_due_at=Now() + SILENT_AFTER)
        else:
            woken += due.update(wake_due_at=None)
    return woken


def _find_due(kind: Kind) -> Sequence[Any]:
    due = kind.rows.filter(wake_due_at__lte=Now()).order_by("wake_due_at")
    return list(due.values_list("pk", kind.id_field, "wake_due_at")[:MOST_AT_ONCE])


def _start(kind: Kind, name: str) -> None:
    """Signal the open run, or begin one with the signal. Raises TemporalAway, CallRefused."""
    call(
        lambda client: client.start_workflow(
            kind.workflow,
            kind.write_input(name),
            id=name,
            task_queue=contracts.ORDER_QUEUE,
            start_signal=contracts.WAKE_SIGNAL,
            static_summary=name.replace("-", " ", 1).capitalize(),
            rpc_timeout=RPC_TIMEOUT,
        )
    )
