"""orders.decisions.batches: one decision on many orders, from the preview to what came of it for each."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import Error, connection, transaction

from orders.decisions import batches, chunks, decide
from orders.decisions.batches import BatchChange
from orders.decisions.preview import preview_decision
from orders.errors import BatchEnded, NotAllowed, OrderInvalid
from orders.models import Batch, Decision
from orders.money import Money
from orders.states import BatchResult, BatchState, DecisionKind
from tests.making import MakeOrder
from tests.orders.decisions.batching import carry_out, results

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_nothing_is_decided_yet_and_the_workflow_is_due(
        self, create: Callable[..., Batch], make_order: MakeOrder
    ) -> None:
        one, other = make_order(), make_order()
        batch = create(other, one, other)
        assert (batch.total, batch.state, batch.actor) == (2, BatchState.RUNNING, "bob")
        assert [item.order_id for item in batch.items.all()] == [other.pk, one.pk]
        assert Batch.objects.get(wake_due_at__isnull=False) == batch
        assert not Decision.objects.exists()

    def test_it_needs_orders_but_not_too_many(self, bob: User) -> None:
        for pks in (range(0), range(1, batches.MOST_ORDERS + 2)):
            with pytest.raises(OrderInvalid, match="Select at"):
                batches.create_batch(pks, DecisionKind.APPROVE, actor=bob)

    def test_who_may_not_decide_creates_none(self, alice: User, make_order: MakeOrder) -> None:
        with pytest.raises(NotAllowed):
            batches.create_batch([make_order().pk], DecisionKind.APPROVE, actor=alice)


class TestChange:
    def test_it_pauses_and_resumes(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User, dana: User
    ) -> None:
        batch = create(make_order())
        Batch.objects.update(wake_due_at=None)
        batches.change_batch(batch.batch_id, BatchChange.PAUSE, actor=dana)
        assert carry_out(batch) == BatchState.PAUSED
        assert results(batch) == [""]
        with pytest.raises(NotAllowed, match="Only bob may resume"):
            batches.change_batch(batch.batch_id, BatchChange.RESUME, actor=dana)
        resumed = batches.change_batch(batch.batch_id, BatchChange.RESUME, actor=bob)
        assert resumed.wake_due_at is not None
        assert carry_out(batch) == BatchState.DONE

    def test_what_is_stopped_stays_so(self, create: Callable[..., Batch], make_order: MakeOrder, bob: User) -> None:
        batch = create(make_order())
        batches.change_batch(batch.batch_id, BatchChange.STOP, actor=bob)
        assert carry_out(batch) == BatchState.STOPPED
        with pytest.raises(BatchEnded):
            batches.change_batch(batch.batch_id, BatchChange.RESUME, actor=bob)

    def test_a_pause_holds_the_next_chunk_of_an_attempt(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = create(make_order(), make_order())
        take = decide.take_decisions

        def take_and_pause(*arguments: Any) -> object:
            batches.change_batch(batch.batch_id, BatchChange.PAUSE, actor=bob)
            return take(*arguments)

        monkeypatch.setattr(chunks, "CHUNK", 1)
        monkeypatch.setattr(chunks, "take_decisions", take_and_pause)
        assert carry_out(batch) == BatchState.PAUSED
        assert results(batch) == ["DECIDED", ""]

    def test_those_that_failed_are_tried_in_a_new_batch(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User
    ) -> None:
        fine, own = make_order(), make_order(submitted_by="bob")
        batch = create(fine, own)
        carry_out(batch)
        again = batches.retry_batch(batch, actor=bob)
        assert [item.order_id for item in again.items.all()] == [own.pk]
        carry_out(again)
        assert results(again) == ["OWN_ORDER"]


class TestPreview:
    def test_it_says_what_the_decision_then_does(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User
    ) -> None:
        orders = [
            make_order(),
            make_order(),
            make_order(submitted_by="bob"),
            make_order("COMPLETED", decided_by="dana"),
        ]
        preview = preview_decision([order.pk for order in orders], DecisionKind.APPROVE, actor=bob)
        assert (preview.count, preview.total, preview.sums) == (2, 4, (Money(5000, "EUR"),))
        batch = create(*orders)
        carry_out(batch)
        counts = batches.count_results(batch)
        assert {group.result: group.count for group in preview.left_out} == {
            BatchResult(result): count for result, count in counts.items() if result != "DECIDED"
        }

    def test_it_takes_as_many_statements_for_many(
        self, make_order: MakeOrder, bob: User, django_assert_max_num_queries: Callable[..., object]
    ) -> None:
        pks = [make_order().pk for _ in range(30)]
        with django_assert_max_num_queries(5):  # type: ignore[attr-defined]
            preview_decision(pks, DecisionKind.CANCEL, actor=bob)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders_batch SET actor = 'dana'",
        "UPDATE orders_batch SET total = 2",
        "UPDATE orders_batch SET state = 'DONE', ended_at = now()",
        "UPDATE orders_batchitem SET order_id = order_id + 1",
        "DELETE FROM orders_batch",
        "DELETE FROM orders_batchitem",
    ],
)
def test_postgresql_keeps_what_a_batch_is(create: Callable[..., Batch], make_order: MakeOrder, statement: str) -> None:
    create(make_order())
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders_batchitem SET result = 'TOO_LATE'",
        "UPDATE orders_batch SET state = 'RUNNING', ended_at = NULL",
    ],
)
def test_postgresql_keeps_what_came_of_it(create: Callable[..., Batch], make_order: MakeOrder, statement: str) -> None:
    carry_out(create(make_order()))
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
