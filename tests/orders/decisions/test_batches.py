"""orders.decisions.batches and chunks: one decision on many orders, and what came of it for each."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, User
from django.db import Error, OperationalError, connection, transaction

from orders import contracts
from orders.decisions import batches, chunks, decide
from orders.decisions.batches import BatchChange
from orders.decisions.preview import preview_decision
from orders.errors import BatchEnded, BatchNotFound, NotAllowed, OrderInvalid
from orders.lifecycle import history, troubles
from orders.models import Batch, Decision, Order, OutboxMessage
from orders.money import Money
from orders.states import BatchResult, BatchState, DecisionKind, TroubleCode
from tests.making import MakeOrder
from tests.orders.policy.asking import ask_for

pytestmark = pytest.mark.django_db

# Of a whole attempt with one chunk, a savepoint and its release among them.
MOST_STATEMENTS: Final = 15


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
        monkeypatch.setattr(chunks, "MOST_OF_AN_ATTEMPT", 2)
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
            patched.setattr(chunks, "_write_results", die)
            with pytest.raises(KeyboardInterrupt):
                carry_out(batch)
        assert not Decision.objects.exists()
        carry_out(batch)
        decision = Decision.objects.get()
        assert decision.decision_id == chunks.decision_id_of(batch, decision.order.order_id)

    def test_a_chunk_takes_as_many_statements_for_many(
        self,
        create: Callable[..., Batch],
        make_order: MakeOrder,
        django_assert_max_num_queries: Callable[..., AbstractContextManager[object]],
    ) -> None:
        batch = create(*(make_order() for _ in range(30)))
        with django_assert_max_num_queries(MOST_STATEMENTS):
            assert carry_out(batch) == BatchState.DONE
        assert results(batch) == ["DECIDED"] * 30

    def test_an_approval_of_two_counts_and_a_trouble_that_somebody_decided_about_ends(
        self, create: Callable[..., Batch], make_order: MakeOrder, bob: User, dana: User
    ) -> None:
        plain, told = make_order(), make_order()
        first, second = ask_for(2), ask_for(2)
        decide.approve_order(second, actor=dana)
        troubles.raise_trouble(told, TroubleCode.MONEY_TAKEN)
        carry_out(create(plain, first, second, told))
        found = Order.objects.in_bulk([plain.pk, first.pk, second.pk])
        given = [(found[order.pk].approvals_given, found[order.pk].decided_by) for order in (plain, first, second)]
        assert given == [(1, "bob"), (1, ""), (2, "bob")]
        assert not told.troubles.exists()

    def test_an_order_that_postgresql_refuses_holds_up_no_other(
        self, create: Callable[..., Batch], make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fine, strange = make_order(), make_order()
        batch = create(strange, fine)
        send = history.send_writings

        def fail_together(writings: Sequence[history.Writing]) -> int:
            added = send(writings)
            if len(writings) > 1:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1 / 0")
            return added

        monkeypatch.setattr(decide, "send_writings", fail_together)
        assert carry_out(batch) == BatchState.DONE
        assert results(batch) == ["DECIDED", "DECIDED"]
        assert Decision.objects.count() == 2

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


@pytest.mark.django_db(transaction=True)
def test_whoever_pauses_waits_for_the_chunk_that_is_being_decided(
    make_order: MakeOrder, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = batches.create_batch([make_order().pk], DecisionKind.APPROVE, actor=bob)
    take, held = decide.take_decisions, []

    def take_while_somebody_pauses(*arguments: Any) -> object:
        def pause() -> None:
            try:
                with transaction.atomic():
                    Batch.objects.select_for_update(nowait=True).get(pk=batch.pk)
            except OperationalError:
                held.append(batch)
            connection.close()

        somebody = threading.Thread(target=pause)
        somebody.start()
        somebody.join()
        return take(*arguments)

    monkeypatch.setattr(chunks, "take_decisions", take_while_somebody_pauses)
    carry_out(batch)
    assert held == [batch]
