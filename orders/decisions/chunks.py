"""Decides the orders of a batch, a chunk at a time: each under the same rules as one on its own.

The decisions of a chunk and their results in the batch are one transaction, and a decision's id is made of the batch's
and the order's. So whatever dies in between, a chunk that is repeated decides no order twice and leaves none out. What
cannot be decided together with others, because somebody holds the order, is decided on its own afterwards.
"""

import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from orders import contracts
from orders.decisions.batches import read_batch
from orders.decisions.decide import Wanted, take_decision, take_decisions
from orders.errors import (
    AlreadyDecided,
    ApprovalRefused,
    NotAllowed,
    OrderError,
    OwnOrder,
    ReasonMissing,
    TooLate,
)
from orders.models import Batch, BatchItem
from orders.permissions import may_decide
from orders.policy.approvers import Approver
from orders.postgres.faults import Fault, find_fault
from orders.states import BatchResult, BatchState, DecisionKind
from orders.texts import clean_text

logger = logging.getLogger(__name__)

# The orders of one transaction, which holds their rows for some 0.1 s.
CHUNK: Final = 50
# Those of an attempt, if it gets so far.
MOST_OF_AN_ATTEMPT: Final = 1_000
# Shorter than an attempt may take, with the last order's wait for its row.
CHUNK_SECONDS: Final = 1.8
# Where orders are to be tried one by one: what holds the whole database up is no fault of one of them.
OF_ONE_ORDER: Final = (None, Fault.BUSY, Fault.SLOW)
RESULTS: Final[Sequence[tuple[type[OrderError], BatchResult]]] = (
    (OwnOrder, BatchResult.OWN_ORDER),
    (NotAllowed, BatchResult.NOT_ALLOWED),
    (ReasonMissing, BatchResult.REASON_MISSING),
    (AlreadyDecided, BatchResult.ALREADY_DECIDED),
    (ApprovalRefused, BatchResult.POLICY),
    (TooLate, BatchResult.TOO_LATE),
)
DECIDED_BEFORE: Final = (BatchResult.ALREADY_DECIDED, BatchResult.TOO_LATE)
WRITE_RESULTS: Final = """
UPDATE orders_batchitem AS item
SET result = chosen.result, done_at = statement_timestamp(),
    decided_by = coalesce(before.decided_by, ''), decided_as = coalesce(before.decision, '')
FROM unnest(%s::bigint[], %s::text[]) AS chosen (order_id, result)
LEFT JOIN orders_order AS before ON before.id = chosen.order_id AND chosen.result = ANY(%s)
WHERE item.batch_id = %s AND item.order_id = chosen.order_id
"""


def decide_chunk(command: contracts.DecideChunk) -> contracts.ChunkDecided:
    """Decide the next orders of the batch, unless it is paused or has ended. Raises BatchNotFound.

    The rights are read again each time: a person who lost them, or whose account was closed, stops the batch.
    """
    batch = read_batch(command.batch_id)
    if batch.state != BatchState.RUNNING:
        return contracts.ChunkDecided(batch.state)
    actor = User.objects.filter(pk=batch.actor_account_id, is_active=True).first()
    if actor is None or not may_decide(actor, DecisionKind(batch.kind)):
        _end(batch, BatchState.STOPPED, is_right_lost=True)
        return contracts.ChunkDecided(BatchState.STOPPED)
    pending = BatchItem.objects.filter(batch=batch, result="").order_by("id")
    count = _decide(list(pending.values_list("pk", flat=True)[:MOST_OF_AN_ATTEMPT]), batch, actor)
    if not pending.exists():
        _end(batch, BatchState.DONE)
    batch.refresh_from_db(fields=["state"])
    return contracts.ChunkDecided(batch.state, count)


def _decide(pks: list[int], batch: Batch, actor: User) -> int:
    """Decide as many of these orders as there is time for while the batch runs, and return how many."""
    end, count = monotonic() + CHUNK_SECONDS, 0
    for begin in range(0, len(pks), CHUNK):
        chunk = pks[begin : begin + CHUNK]
        if monotonic() > end:
            break
        done = _try_together(chunk, batch, actor)
        count += len(done)
        for pk in (pk for pk in chunk if pk not in done):
            if monotonic() > end or not _decide_item(pk, batch, actor):
                return count
            count += 1
    return count


def find_result(error: OrderError) -> BatchResult:
    """Return the code of a refusal. Raises the error again when it is no refusal."""
    for refusal, result in RESULTS:
        if isinstance(error, refusal):
            return result
    raise error


def decision_id_of(batch: Batch, order_id: str) -> str:
    """Return the id of the batch's decision on an order, always the same."""
    return str(uuid5(NAMESPACE_URL, f"{batch.batch_id}/{order_id}"))


def _end(batch: Batch, state: BatchState, *, is_right_lost: bool = False) -> None:
    """Write how the batch ended, unless somebody paused or stopped it in this moment."""
    Batch.objects.filter(pk=batch.pk, state=BatchState.RUNNING).update(
        state=state, ended_at=Now(), is_right_lost=is_right_lost
    )


def _try_together(pks: Sequence[int], batch: Batch, actor: User) -> frozenset[int]:
    """Decide orders in one transaction and return those that have a result; none when one of them was in the way."""
    try:
        return _decide_together(pks, batch, actor)
    except DatabaseError as error:
        if find_fault(error) not in OF_ONE_ORDER:
            raise
        logger.warning("batch %s: orders are decided one by one: %s", batch.batch_id, error)
        return frozenset()


@transaction.atomic
def _decide_together(pks: Sequence[int], batch: Batch, actor: User) -> frozenset[int]:
    """Decide orders and write their results, but for those that somebody holds; none once the batch does not run.

    The batch's row is locked with them, so that nothing is decided any more once somebody has paused or stopped it.
    """
    running = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk, state=BatchState.RUNNING)
    if not list(running.values_list("pk")):
        return frozenset()
    items = BatchItem.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=pks, result="")
    found = {row[0]: row[1:] for row in items.values_list("order_id", "pk", "order__order_id")}
    kind, reason = DecisionKind(batch.kind), clean_text(batch.reason)
    wanted = Wanted(kind, Approver(actor), reason, batch.reason_code, batch.reason_words)
    decision_ids = {order_pk: decision_id_of(batch, order_id) for order_pk, (_, order_id) in found.items()}
    refusals = take_decisions(wanted, decision_ids)
    results = {pk: find_result(error) if error else BatchResult.DECIDED for pk, error in refusals.items()}
    _write_results(batch, results)
    return frozenset(found[pk][0] for pk in results)


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
    _write_results(batch, {item.order_id: _take_decision(item, batch, actor)})
    return True


def _write_results(batch: Batch, results: Mapping[int, BatchResult]) -> None:
    """Write what came of orders, by their primary keys, and who had decided those that were decided before."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE_RESULTS, [list(results), list(results.values()), list(DECIDED_BEFORE), batch.pk])


def _take_decision(item: BatchItem, batch: Batch, actor: User) -> BatchResult:
    try:
        take_decision(
            item.order,
            DecisionKind(batch.kind),
            actor=actor,
            reason=batch.reason,
            reason_code=batch.reason_code,
            reason_words=batch.reason_words,
            decision_id=decision_id_of(batch, item.order.order_id),
            sends_now=False,
        )
    except OrderError as error:
        return find_result(error)
    except (DatabaseError, InterfaceError) as error:
        if find_fault(error) is Fault.BUSY:  # one order that somebody holds must not hold up the others
            return BatchResult.BUSY
        raise
    return BatchResult.DECIDED
