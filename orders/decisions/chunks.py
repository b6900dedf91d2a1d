"""Decides the orders of a batch, a chunk at a time: each by the same verb, under the same rules, as one on its own.

An order's decision and its result in the batch are one transaction, and the decision's id is made of both ids. So
whatever dies in between, a chunk that is repeated decides no order twice and leaves none out.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from orders import contracts
from orders.decisions.batches import read_batch
from orders.decisions.decide import take_decision
from orders.errors import (
    AlreadyDecided,
    ApprovalRefused,
    NotAllowed,
    OrderError,
    OwnOrder,
    ReasonMissing,
    TooLate,
)
from orders.models import Batch, BatchItem, Order
from orders.permissions import may_decide
from orders.postgres.faults import Fault, find_fault
from orders.states import BatchResult, BatchState, DecisionKind

CHUNK: Final = 50
# Shorter than an attempt may take, with the last order's wait for its row.
CHUNK_SECONDS: Final = 1.8
RESULTS: Final[Sequence[tuple[type[OrderError], BatchResult]]] = (
    (OwnOrder, BatchResult.OWN_ORDER),
    (NotAllowed, BatchResult.NOT_ALLOWED),
    (ReasonMissing, BatchResult.REASON_MISSING),
    (AlreadyDecided, BatchResult.ALREADY_DECIDED),
    (ApprovalRefused, BatchResult.POLICY),
    (TooLate, BatchResult.TOO_LATE),
)
DECIDED_BEFORE: Final = (BatchResult.ALREADY_DECIDED, BatchResult.TOO_LATE)


def decide_chunk(command: contracts.DecideChunk) -> contracts.ChunkDecided:
    """Decide the next orders of the batch, unless it is paused or has ended. Raises BatchNotFound.

    The rights are read again for each chunk: a person who lost them, or whose account was closed, stops the batch.
    """
    batch = read_batch(command.batch_id)
    if batch.state != BatchState.RUNNING:
        return contracts.ChunkDecided(batch.state)
    actor = User.objects.filter(pk=batch.actor_account_id, is_active=True).first()
    if actor is None or not may_decide(actor, DecisionKind(batch.kind)):
        _end(batch, BatchState.STOPPED, is_right_lost=True)
        return contracts.ChunkDecided(BatchState.STOPPED)
    end, count = monotonic() + CHUNK_SECONDS, 0
    pending = BatchItem.objects.filter(batch=batch, result="")
    for pk in list(pending.order_by("id").values_list("pk", flat=True)[:CHUNK]):
        if monotonic() > end or not _decide_item(pk, batch, actor):
            break
        count += 1
    if not pending.exists():
        _end(batch, BatchState.DONE)
    batch.refresh_from_db(fields=["state"])
    return contracts.ChunkDecided(batch.state, count)


def find_result(error: OrderError) -> BatchResult:
    """Return the code of a refusal. Raises the error again when it is no refusal."""
    for refusal, result in RESULTS:
        if isinstance(error, refusal):
            return result
    raise error


def decision_id_of(batch: Batch, order: Order) -> str:
    """Return the id of the batch's decision on an order, always the same."""
    return str(uuid5(NAMESPACE_URL, f"{batch.batch_id}/{order.order_id}"))


def _end(batch: Batch, state: BatchState, *, is_right_lost: bool = False) -> None:
    """Write how the batch ended, unless somebody paused or stopped it in this moment."""
    Batch.objects.filter(pk=batch.pk, state=BatchState.RUNNING).update(
        state=state, ended_at=Now(), is_right_lost=is_right_lost
    )


@transaction.atomic
def _decide_item(pk: int, batch: Batch, actor: User) -> bool:
    """Decide one order and write its result, unless another attempt does; False once the batch does not run."""
    is_running = Exists(Batch.objects.filter(pk=OuterRef("batch_id"), state=BatchState.RUNNING))
    items = BatchItem.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, result="")
    item = items.annotate(is_running=is_running).select_related("order").first()
    if item is None:
        return True
    if not vars(item)["is_running"]:
        return False
    item.result = _take_decision(item, batch, actor)
    if item.result in DECIDED_BEFORE:
        found = Order.objects.only("decision", "decided_by").get(pk=item.order_id)
        item.decided_by, item.decided_as = found.decided_by, found.decision
    item.done_at = Now()
    item.save(update_fields=["result", "decided_by", "decided_as", "done_at"])
    return True


def _take_decision(item: BatchItem, batch: Batch, actor: User) -> BatchResult:
    try:
        take_decision(
            item.order,
            DecisionKind(batch.kind),
            actor=actor,
            reason=batch.reason,
            reason_code=batch.reason_code,
            decision_id=decision_id_of(batch, item.order),
            sends_now=False,
        )
    except OrderError as error:
        return find_result(error)
    except (DatabaseError, InterfaceError) as error:
        if find_fault(error) is Fault.BUSY:  # one order that somebody holds must not hold up the others
            return BatchResult.BUSY
        raise
    return BatchResult.DECIDED
