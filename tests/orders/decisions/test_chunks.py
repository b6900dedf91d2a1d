"""orders.decisions.chunks: the orders of a batch are decided together, each as on its own."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection, transaction

from orders import contracts
from orders.decisions import batches, chunks, decide
from orders.errors import BatchNotFound
from orders.lifecycle import history, troubles
from orders.models import Batch, Decision, Order, OutboxMessage
from orders.states import BatchState, DecisionKind, TroubleCode
from tests.making import MakeOrder
from tests.orders.decisions.batching import carry_out, results
from tests.orders.policy.asking import ask_for

pytestmark = pytest.mark.django_db

# Of a whole attempt with one chunk, a savepoint and its release among them.
MOST_STATEMENTS: Final = 15


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
