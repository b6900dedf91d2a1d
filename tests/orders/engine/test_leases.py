"""orders.postgres.leases: one process at a time, by rows and PostgreSQL's clock."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from orders.engine import reconcile
from orders.postgres.leases import Lease, LeaseLost, hold_lease

pytestmark = pytest.mark.django_db(transaction=True)


def let_expire(name: str) -> None:
    """Make it look as if the holder had not renewed the lease for its whole time."""
    Lease.objects.filter(name=name).update(expires_at=Now() - timedelta(seconds=1))


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let this process's clock stand still, except where a test moves it."""
    now = [1000.0]
    monkeypatch.setattr("orders.postgres.leases.monotonic", lambda: now[0])
    return now


def test_one_holder_at_a_time() -> None:
    with hold_lease("work", seconds=30) as first:
        assert first is not None
        with hold_lease("work", seconds=30) as second:
            assert second is None
        with hold_lease("other work", seconds=30) as other:
            assert other is not None


def test_it_is_given_back_at_the_end_and_after_a_fault() -> None:
    with pytest.raises(ZeroDivisionError), hold_lease("work", seconds=30):
        raise ZeroDivisionError
    with hold_lease("work", seconds=30) as lease:
        assert lease is not None
    assert not Lease.objects.exists()


def test_a_holder_that_does_not_renew_loses_it(slow_clock: list[float]) -> None:
    with hold_lease("work", seconds=30) as stopped:
        assert stopped is not None
        let_expire("work")
        with hold_lease("work", seconds=30) as successor:
            assert successor is not None
            slow_clock[0] += 11
            with pytest.raises(LeaseLost):
                stopped.renew()
            successor.renew()
        # What the loser leaves behind is not the successor's.
    assert not Lease.objects.exists()


def test_a_holder_that_was_slow_does_not_take_the_successors_lease_away() -> None:
    with hold_lease("work", seconds=30):
        let_expire("work")
        successor = hold_lease("work", seconds=30)
        assert successor.__enter__() is not None
    with hold_lease("work", seconds=30) as third:
        assert third is None, "the first holder gave back what was not its own"
    successor.__exit__(None, None, None)


def test_renewing_asks_the_database_now_and_then_only(slow_clock: list[float]) -> None:
    with hold_lease("work", seconds=30) as lease:
        assert lease is not None
        let_expire("work")
        lease.renew()
        assert Lease.objects.filter(expires_at__lt=Now()).exists(), "it was renewed before it was due"
        slow_clock[0] += 11
        lease.renew()
        assert Lease.objects.filter(expires_at__gt=Now() + timedelta(seconds=25)).exists()


def test_threads_that_want_it_at_once_get_it_once() -> None:
    start, won = threading.Barrier(8), []

    def want() -> None:
        start.wait()
        with hold_lease("work", seconds=30) as lease:
            if lease is not None:
                won.append(lease)
            start.wait()
        connection.close()

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_no_round_of_reconciling_begins_while_another_process_is_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, rounds = threading.Event(), []
    monkeypatch.setattr(reconcile, "reconcile_orders", lambda *arguments: rounds.append("a round"))
    ticks = iter([False, False, True])
    monkeypatch.setattr(stop, "is_set", lambda: next(ticks))
    with hold_lease("reconcile", seconds=30):
        reconcile.run_reconciler(stop, interval_seconds=0)
    assert rounds == []
    ticks = iter([False, True])
    reconcile.run_reconciler(stop, interval_seconds=0)
    assert rounds == ["a round"]
