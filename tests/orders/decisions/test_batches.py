"""orders.decisions.batches and chunks: one decision on many orders, and what came of it for each."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import Error, connection, transaction

from orders import contracts
from orders.decisions import batches, chunks, decide
from orders.decisions.batches import BatchChange
from orders.decisions.preview import preview_decision
from orders.errors import BatchEnded, BatchNotFound, NotAllowed, OrderInvalid
from orders.models import Batch, BatchItem, Decision, Order, OutboxMessage
from orders.money import Money
from orders.states import BatchResult, BatchState, DecisionKind
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def carry_out(batch: Batch) -> str:
    """Decide one chunk of the batch, as its workflow does."""
    return chunks.decide_chunk(contracts.DecideChunk(batch.batch_id)).state


def results(batch: Batch) -> list[str]:
    return list(batch.items.order_by("id").values_list("result", flat=True))


@pytest.fixture
def create(bob: User) -> Callable[..., Batch]:
    """Return a function that creates a batch of bob's."""

    def create_batch(*orders: Order, kind: DecisionKind = DecisionKind.APPROVE, reason: str = "") -> Batch:
        return batches.create_batch([order.pk for order in orders], kind, actor=bob, reason=reason)

    return create_batch


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


class TestDecide:
    def test_each_order_is_decided_by_the_rules_of_a_single_decision(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User, dana: User
    ) -> None:
        fine, own = make_order(), make_order(submitted_by="bob")
        late, taken = make_order(deadline_seconds=-1), make_order()
        batch = create(fine, own, late, taken)
        decide.cancel_order(taken, actor=dana, reason="Customer called")
        assert carry_out(batch) == BatchState.DONE
        assert results(batch) == ["DECIDED", "OWN_ORDER", "TOO_LATE", "TOO_LATE"]
        item = batch.items.get(order=taken)
        assert (item.decided_by, item.decided_as) == ("dana", "cancel")
        decision = fine.decisions.get()
        assert (decision.actor, decision.actor_account_id, decision.channel) == ("bob", bob.pk, "CONSOLE")
        assert OutboxMessage.objects.get(key=f"decision:{decision.decision_id}").status == "PENDING"
        batch.refresh_from_db()
        assert batch.ended_at is not None

    def test_a_chunk_that_is_repeated_decides_nothing_twice(
        self, create: Callable[..., Batch], make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(chunks, "CHUNK", 2)
        batch = create(*(make_order() for _ in range(3)))
        assert carry_out(batch) == BatchState.RUNNING
        assert results(batch) == ["DECIDED", "DECIDED", ""]
        assert [carry_out(batch) for _ in range(3)] == [BatchState.DONE] * 3
        assert results(batch) == ["DECIDED"] * 3
        assert Decision.objects.count() == 3

    def test_a_worker_that_dies_between_decision_and_result_leaves_neither(
        self, create: Callable[..., Batch], make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = create(make_order())

        def die(*arguments: object, **more: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(BatchItem, "save", die)
            with pytest.raises(KeyboardInterrupt):
                carry_out(batch)
        assert not Decision.objects.exists()
        carry_out(batch)
        decision = Decision.objects.get()
        assert decision.decision_id == chunks.decision_id_of(batch, decision.order)

    @pytest.mark.parametrize("loss", ["role", "account"])
    def test_who_loses_the_right_stops_the_batch(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User, loss: str
    ) -> None:
        batch = create(make_order())
        if loss == "role":
            bob.groups.remove(Group.objects.get(name="approver"))
        else:
            User.objects.filter(pk=bob.pk).update(is_active=False)
        assert carry_out(batch) == BatchState.STOPPED
        batch.refresh_from_db()
        assert batch.is_right_lost
        assert results(batch) == [""]
        assert not Decision.objects.exists()

    def test_an_unknown_batch_is_said(self) -> None:
        with pytest.raises(BatchNotFound):
            chunks.decide_chunk(contracts.DecideChunk("batch-000000000000"))


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

    def test_a_pause_within_a_chunk_holds_the_next_order(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = create(make_order(), make_order())
        take = decide.take_decision

        def take_and_pause(*arguments: object, **more: object) -> object:
            batches.change_batch(batch.batch_id, BatchChange.PAUSE, actor=bob)
            return take(*arguments, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(chunks, "take_decision", take_and_pause)
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


@pytest.mark.django_db(transaction=True)
def test_two_attempts_at_once_decide_each_order_once(make_order: MakeOrder, bob: User) -> None:
    orders = [make_order() for _ in range(12)]
    batch = batches.create_batch([order.pk for order in orders], DecisionKind.APPROVE, actor=bob)

    def attempt() -> None:
        carry_out(batch)
        connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    carry_out(batch)
    assert batches.count_results(batch) == {"DECIDED": 12}
    assert Decision.objects.count() == 12
