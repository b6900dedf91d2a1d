"""Several people decide at the same moment on an order that needs two approvals: each order of events ends well."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection

from orders.decisions import decide
from orders.errors import DecisionRefused
from orders.models import Order
from tests.making import make_user
from tests.orders.policy.asking import ask_for

pytestmark = pytest.mark.django_db(transaction=True)

RACES = 8


def race(*deeds: Callable[[], object]) -> list[str]:
    """Do all at once, and return which sentence refused each, empty for what was done."""
    start, said = Barrier(len(deeds)), [""] * len(deeds)

    def run(number: int, deed: Callable[[], object]) -> None:
        start.wait(60)
        try:
            deed()
        except DecisionRefused as error:
            said[number] = str(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=each) for each in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


def approve(order: Order, by: User) -> Callable[[], object]:
    return lambda: decide.approve_order(order, actor=by)


@pytest.mark.parametrize("number", range(RACES))
def test_two_approvers_at_once(number: int) -> None:
    order = ask_for(2)
    said = race(*(approve(order, make_user(name, "approver")) for name in ("bob", "dana")))
    order.refresh_from_db()
    assert said == ["", ""]
    assert (order.decision, order.approvals_given, order.decisions.count()) == ("approve", 2, 2)


@pytest.mark.parametrize("number", range(RACES))
def test_one_approver_several_times_at_once(number: int) -> None:
    order, bob = ask_for(2), make_user("bob", "approver")
    said = race(*[approve(order, bob)] * 4)
    order.refresh_from_db()
    assert sum(not sentence for sentence in said) == 1
    assert all("1 more by someone else" in sentence for sentence in said if sentence)
    assert (order.decision, order.approvals_given, order.decisions.count()) == ("", 1, 1)


@pytest.mark.parametrize("number", range(RACES))
def test_the_second_approval_and_a_cancellation_at_once(number: int) -> None:
    bob, dana, erik = (make_user(name, "approver") for name in ("bob", "dana", "erik"))
    order = ask_for(2)
    decide.approve_order(order, actor=bob)
    said = race(approve(order, dana), lambda: decide.cancel_order(order, actor=erik, reason="Fraud"))
    order.refresh_from_db()
    assert order.decision == "cancel"
    assert not said[1]
    assert (order.approvals_given == 2) is not bool(said[0])


@pytest.mark.parametrize("number", range(RACES))
def test_three_approvers_at_once(number: int) -> None:
    order = ask_for(2)
    said = race(*(approve(order, make_user(name, "approver")) for name in ("bob", "dana", "erik")))
    order.refresh_from_db()
    assert sum(not sentence for sentence in said) == 2
    assert (order.decision, order.approvals_given) == ("approve", 2)
