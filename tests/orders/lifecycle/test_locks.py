"""orders.lifecycle.lookup.lock_order: of two who decide at the same moment, the second sees what the first did."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from orders import contracts
from orders.decisions import decide
from orders.errors import OrderError
from orders.events import EventKind
from orders.lifecycle.lookup import lock_order, lock_order_and_ask
from orders.lifecycle.troubles import ask_trouble, raise_trouble
from orders.models import Order
from orders.payments.charge import charge_payment
from orders.states import TroubleCode
from tests.making import MakeOrder, approve, make_user
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def waiting_for_a_lock() -> int:
    """Return how many connections wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])


def at_once(order: Order, *verbs: Callable[[], object]) -> list[str]:
    """Have the verbs come as far as they can while the row is locked, let go of it, and return what each was told."""

    def do(verb: Callable[[], object]) -> str:
        try:
            verb()
        except OrderError as error:
            return type(error).__name__
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(len(verbs)) as threads:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=order.pk)
            answers = [threads.submit(do, verb) for verb in verbs]
            wait_until(lambda: waiting_for_a_lock() == len(verbs), seconds=2.5, what="the waiting of all")
        return sorted(answer.result(60) for answer in answers)


@pytest.fixture
def carol(db: None) -> User:
    return make_user("carol", "approver")


def test_of_two_who_approve_at_once_one_is_told_ok(make_order: MakeOrder, bob: User, dana: User) -> None:
    order = make_order()

    told = at_once(
        order,
        lambda: decide.approve_order(order, actor=bob),
        lambda: decide.approve_order(order, actor=dana),
    )

    assert told == ["AlreadyDecided", "ok"]
    assert order.decisions.count() == 1
    assert order.outbox_messages.exclude(name="start").count() == 1


def test_of_three_who_cancel_at_once_one_is_told_ok(make_order: MakeOrder, bob: User, dana: User, carol: User) -> None:
    order = make_order()

    told = at_once(
        order,
        *(lambda actor=actor: decide.cancel_order(order, actor=actor, reason="No.") for actor in (bob, dana, carol)),
    )

    assert told == ["AlreadyDecided", "AlreadyDecided", "ok"]
    assert order.decisions.count() == 1


def test_an_approval_and_a_cancellation_at_once_end_in_the_cancellation(
    make_order: MakeOrder, bob: User, dana: User
) -> None:
    order = make_order()

    told = at_once(
        order,
        lambda: decide.approve_order(order, actor=bob),
        lambda: decide.cancel_order(order, actor=dana, reason="No."),
    )

    order.refresh_from_db()
    assert order.is_cancel_requested
    assert told in (["TooLate", "ok"], ["ok", "ok"])


def test_two_attempts_of_a_charge_at_once_open_one_payment(make_order: MakeOrder) -> None:
    order = approve(make_order())
    command = contracts.ChargePayment(order.order_id, order.payment_id)

    told = at_once(order, lambda: charge_payment(command), lambda: charge_payment(command))

    order.refresh_from_db()
    assert told == ["ok", "ok"]
    assert (order.status, order.payment.status) == ("PAID", "CHARGED")
    assert order.events.filter(kind=EventKind.CHARGED).count() == 1


def test_what_is_asked_with_the_lock_is_answered_as_it_is_then(make_order: MakeOrder) -> None:
    order = make_order()

    def ask() -> object:
        try:
            with transaction.atomic():
                _, (has_trouble,) = lock_order_and_ask(order.order_id, ask_trouble(TroubleCode.MONEY_TAKEN))
                return has_trouble
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            locked = lock_order(order.order_id)
            answer = threads.submit(ask)
            wait_until(lambda: waiting_for_a_lock() == 1, seconds=2.5, what="the waiting of who asks")
            raise_trouble(locked, TroubleCode.MONEY_TAKEN)
        assert answer.result(20) is True


def test_different_orders_do_not_wait_for_one_another(make_order: MakeOrder, bob: User) -> None:
    one, other = make_order(), make_order()
    done = threading.Event()

    def decide_on_the_other() -> None:
        decide.approve_order(other, actor=bob)
        connection.close()
        done.set()

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=one.pk)
        thread = threading.Thread(target=decide_on_the_other)
        thread.start()
        assert done.wait(60)
        thread.join()
