"""Batches: one decision on many orders. Somebody creates one, and may pause, resume or stop it.

Whoever creates one waits for no order and not for Temporal: the rows are written, and the relay starts the workflow.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import permissions
from orders.decisions.reasons import find_reason
from orders.errors import BatchEnded, BatchNotFound, NotAllowed, OrderInvalid
from orders.identifiers import new_identifier
from orders.language import write_number
from orders.models import Batch, BatchItem
from orders.permissions import check_is_decider, find_channel, may_decide
from orders.states import BatchResult, BatchState, DecisionKind, ReasonKind
from orders.texts import clean_text

MOST_ORDERS: Final = 10_000


class BatchChange(StrEnum):
    """What somebody may do with a batch that has not ended."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


def create_batch(
    order_pks: Iterable[int],
    kind: DecisionKind,
    *,
    actor: User,
    reason: str = "",
    reason_code: str = "",
    query: str = "",
) -> Batch:
    """Write a batch of these orders, in their order; its workflow decides them. `query` is the list that they are from.

    Raises NotAllowed, OrderInvalid for no order, more than MOST_ORDERS, or a reason that may not be chosen.
    """
    check_is_decider(actor, kind)
    pks = list(dict.fromkeys(order_pks))
    if not pks:
        raise OrderInvalid(_("Select at least one order."))
    if len(pks) > MOST_ORDERS:
        raise OrderInvalid(_("Select at most %(most)s orders at a time.") % {"most": write_number(MOST_ORDERS)})
    words = find_reason(ReasonKind.CANCEL, reason_code).words if reason_code else ""
    with transaction.atomic():
        batch: Batch = Batch.objects.create(
            batch_id=new_identifier("batch"),
            kind=kind,
            reason=clean_text(reason),
            reason_code=reason_code,
            reason_words=words,
            actor=actor.get_username(),
            actor_account_id=actor.pk,
            channel=find_channel(actor),
            query=query,
            total=len(pks),
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO orders_batchitem (batch_id, order_id, result, decided_by, decided_as) "
                "SELECT %s, chosen.pk, '', '', '' "
                "FROM unnest(%s::bigint[]) WITH ORDINALITY AS chosen (pk, place) ORDER BY place",
                [batch.pk, pks],
            )
    return batch


def read_batch(batch_id: str) -> Batch:
    """Return the batch. Raises BatchNotFound."""
    batch: Batch | None = Batch.objects.filter(batch_id=batch_id).first()
    if batch is None:
        raise BatchNotFound(batch_id)
    return batch


def change_batch(batch_id: str, change: BatchChange, *, actor: User) -> Batch:
    """Pause, resume or stop a batch; to do so again changes nothing.

    Everybody who may take such decisions may pause and stop it, but only whoever created it resumes it, because it
    decides in their name. Raises BatchNotFound, NotAllowed, BatchEnded.
    """
    with transaction.atomic():
        batch: Batch | None = Batch.objects.select_for_update().filter(batch_id=batch_id).first()
        if batch is None:
            raise BatchNotFound(batch_id)
        check_is_decider(actor, DecisionKind(batch.kind))
        if change == BatchChange.RESUME and not may_resume(batch, actor):
            sentence = _("Only %(name)s may resume this batch, because it decides in their name.")
            raise NotAllowed(sentence % {"name": batch.actor})
        if batch.is_over:
            raise BatchEnded
        state = {BatchChange.PAUSE: BatchState.PAUSED, BatchChange.RESUME: BatchState.RUNNING}.get(
            change, BatchState.STOPPED
        )
        if batch.state == state:
            return batch
        Batch.objects.filter(pk=batch.pk).update(
            state=state,
            changed_by=actor.get_username(),
            ended_at=Now() if state == BatchState.STOPPED else None,
            wake_due_at=Now(),
        )
    batch.refresh_from_db()
    return batch


def may_resume(batch: Batch, actor: User) -> bool:
    """Tell whether the batch is somebody's own, and they still may take its decisions."""
    return batch.actor_account_id == actor.pk and may_decide(actor, DecisionKind(batch.kind))


def retry_batch(batch: Batch, *, actor: User) -> Batch:
    """Return a new batch of the orders that this one did not decide. Raises NotAllowed, OrderInvalid when all were."""
    rest = BatchItem.objects.filter(batch=batch).exclude(result=BatchResult.DECIDED)
    if not batch.is_over:
        rest = rest.exclude(result="")  # their turn is still to come
    return create_batch(
        rest.order_by("id").values_list("order_id", flat=True),
        DecisionKind(batch.kind),
        actor=actor,
        reason=batch.reason,
        reason_code=batch.reason_code,
        query=batch.query,
    )


def count_results(batch: Batch) -> dict[str, int]:
    """Return how many orders of the batch have each result, those without one under an empty text."""
    rows = BatchItem.objects.filter(batch=batch).order_by().values_list("result").annotate(Count("pk"))
    return dict(rows)


def check_may_see_batches(actor: permissions.Actor) -> None:
    """Raise NotAllowed unless `actor` may take some kind of decision."""
    if not any(may_decide(actor, kind) for kind in DecisionKind):
        raise NotAllowed(_("Your account can view orders but not decide on them."))
