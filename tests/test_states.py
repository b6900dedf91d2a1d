"""orders.states: what may follow what."""

from itertools import pairwise

import pytest

from orders import states
from orders.errors import IllegalTransition
from orders.states import HAPPY_PATH, Status


def test_every_status_says_what_may_follow() -> None:
    assert set(states.TRANSITIONS) == set(Status)


def test_the_happy_path_is_legal_from_end_to_end() -> None:
    for current, following in pairwise(HAPPY_PATH):
        states.check_transition(current, following)


@pytest.mark.parametrize("status", sorted(states.OPEN - {Status.CANCELLING}))
def test_every_open_status_may_be_cancelled(status: Status) -> None:
    assert states.may_follow(Status.CANCELLING, status)


@pytest.mark.parametrize("status", sorted(states.FINAL))
def test_nothing_follows_a_final_status(status: Status) -> None:
    assert not states.TRANSITIONS[status]


def test_no_step_may_be_left_out() -> None:
    with pytest.raises(IllegalTransition, match="VALIDATED cannot become PAID"):
        states.check_transition(Status.VALIDATED, Status.PAID)


def test_cancelled_is_reached_through_cancelling_alone() -> None:
    assert [status for status in Status if states.may_follow(Status.CANCELLED, status)] == [Status.CANCELLING]


def test_a_cancelled_order_has_not_passed_the_happy_path() -> None:
    assert states.is_at_or_past(Status.PAID, Status.CHARGING_PAYMENT)
    assert not states.is_at_or_past(Status.CHARGING_PAYMENT, Status.PAID)
    assert not states.is_at_or_past(Status.CANCELLED, Status.CREATED)
    assert states.is_at_or_past(Status.CANCELLED, Status.CANCELLING)


def test_every_status_and_reason_has_words() -> None:
    assert set(states.STATUS_LABELS) == set(Status)
    assert set(states.REASON_LABELS) == set(states.ReasonCode)
