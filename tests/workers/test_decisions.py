"""workers.decisions: which decision counts, without a workflow around it."""

import pytest

from orders.contracts import Decision, OrderValidated
from orders.states import DecisionKind
from workers.decisions import Decisions, read_decision, tidy_decision

AT = "2026-01-01T12:00:00+00:00"
LATER = "2026-01-01T12:05:00+00:00"
APPROVE, CANCEL = DecisionKind.APPROVE, DecisionKind.CANCEL
LONG = 1_900_000
BOB = Decision("d-bob", "bob", "Looks good")
DANA = Decision("d-dana", "dana", "Customer called")


@pytest.fixture
def decisions() -> Decisions:
    return Decisions()


def test_the_first_approval_counts(decisions: Decisions) -> None:
    answer = decisions.take(APPROVE, BOB, at=AT)

    assert (answer.outcome, answer.kind, answer.actor, answer.at) == ("accepted", "approve", "bob", AT)
    assert decisions.approval == BOB
    assert decisions.last == answer


def test_a_cancellation_counts_after_an_approval(decisions: Decisions) -> None:
    decisions.take(APPROVE, BOB, at=AT)

    assert decisions.take(CANCEL, DANA, at=LATER).outcome == "accepted"
    assert (decisions.approval, decisions.cancellation) == (BOB, DANA)


def test_a_decision_that_is_delivered_again_keeps_its_first_time(decisions: Decisions) -> None:
    decisions.take(APPROVE, BOB, at=AT)
    decisions.take(CANCEL, DANA, at=AT)

    answer = decisions.take(APPROVE, BOB, at=LATER)

    assert (answer.outcome, answer.at) == ("repeated", AT)


def test_the_same_wish_of_somebody_else_is_a_repetition(decisions: Decisions) -> None:
    decisions.take(CANCEL, BOB, at=AT)

    assert decisions.take(CANCEL, DANA, at=LATER).outcome == "repeated"
    assert decisions.cancellation == BOB


def test_an_approval_after_a_cancellation_is_too_late(decisions: Decisions) -> None:
    decisions.take(CANCEL, DANA, at=AT)

    assert decisions.take(APPROVE, BOB, at=LATER).outcome == "too_late"
    assert decisions.approval is None


def test_a_run_that_knows_of_one_approval_learns_that_two_are_needed(decisions: Decisions) -> None:
    decisions.take(APPROVE, BOB, at=AT)

    decisions.refuse_approval([BOB.decision_id], needed=2)

    assert (decisions.approval, decisions.is_approved, decisions.given) == (None, False, 1)
    decisions.take(APPROVE, DANA, at=LATER)
    assert (decisions.approval, decisions.is_approved) == (DANA, True)


def test_an_approval_that_the_tables_lost_is_asked_about_again(decisions: Decisions) -> None:
    decisions.require(OrderValidated(approvals_needed=2, approvals=(BOB, DANA)), at=AT)
    assert (decisions.approval, decisions.given) == (DANA, 2)

    decisions.refuse_approval([BOB.decision_id], needed=2)

    assert (decisions.approval, decisions.given) == (None, 1)


def test_a_refused_approval_leaves_room_for_the_next(decisions: Decisions) -> None:
    decisions.take(APPROVE, BOB, at=AT)
    decisions.refuse_approval()

    assert decisions.approval is None
    assert decisions.last is not None
    assert (decisions.last.decision_id, decisions.last.outcome) == ("d-bob", "refused")
    assert decisions.take(APPROVE, DANA, at=LATER).outcome == "accepted"
    assert decisions.approval == DANA


def test_what_seemed_to_repeat_a_refused_approval_counts(decisions: Decisions) -> None:
    decisions.take(APPROVE, BOB, at=AT)
    assert decisions.take(APPROVE, DANA, at=LATER).outcome == "repeated"

    decisions.refuse_approval()

    assert decisions.approval == DANA
    assert decisions.last is not None
    assert (decisions.last.decision_id, decisions.last.outcome, decisions.last.at) == ("d-dana", "accepted", LATER)


def test_a_cancellation_that_counted_can_turn_out_to_be_too_late(decisions: Decisions) -> None:
    decisions.take(CANCEL, DANA, at=AT)
    assert decisions.take(CANCEL, BOB, at=LATER).outcome == "repeated"

    decisions.refuse_cancellation()

    assert decisions.cancellation is None
    assert decisions.take(CANCEL, DANA, at=LATER).outcome == "repeated"
    assert decisions.last is not None
    outcomes = {answer.decision_id: answer.outcome for answer in decisions._answers.values()}
    assert outcomes == {"d-dana": "too_late", "d-bob": "too_late"}


@pytest.mark.parametrize("kind", [APPROVE, CANCEL])
def test_every_decision_is_too_late_once_they_are_closed(decisions: Decisions, kind: DecisionKind) -> None:
    decisions.close()

    assert decisions.take(kind, BOB, at=AT).outcome == "too_late"
    assert decisions.approval is decisions.cancellation is None


@pytest.mark.parametrize("kind", [APPROVE, CANCEL])
def test_a_decision_is_undecided_while_the_tables_are_asked(decisions: Decisions, kind: DecisionKind) -> None:
    decisions.begin_closing()

    assert decisions.take(kind, BOB, at=AT).outcome == "undecided"
    assert decisions.take(kind, BOB, at=LATER).outcome == "undecided"
    assert decisions.approval is decisions.cancellation is None


def test_what_was_undecided_is_too_late_once_they_are_closed(decisions: Decisions) -> None:
    decisions.begin_closing()
    decisions.take(CANCEL, DANA, at=AT)

    decisions.close()

    assert decisions.cancellation is None
    assert decisions.last is not None
    assert (decisions.last.outcome, decisions.last.at) == ("too_late", AT)


def test_what_the_tables_hold_counts_before_what_was_undecided(decisions: Decisions) -> None:
    decisions.begin_closing()
    decisions.take(APPROVE, DANA, at=AT)

    decisions.reopen(APPROVE, BOB, at=LATER)

    assert decisions.approval == BOB
    assert decisions.last is not None
    assert (decisions.last.decision_id, decisions.last.outcome) == ("d-dana", "repeated")


def test_a_decision_that_was_undecided_and_is_in_the_tables_counts_once(decisions: Decisions) -> None:
    decisions.begin_closing()
    decisions.take(CANCEL, DANA, at=AT)

    decisions.reopen(CANCEL, DANA, at=LATER)

    assert decisions.cancellation == DANA
    assert decisions.last is not None
    assert decisions.last.outcome == "repeated"


def test_a_decision_without_id_and_actor_gets_both() -> None:
    assert tidy_decision(Decision(), decision_id="d-1", actor="nobody") == Decision("d-1", "nobody", "")


def test_a_decision_keeps_its_own_id_and_actor() -> None:
    assert tidy_decision(BOB, decision_id="d-1", actor="nobody") == BOB


def test_a_text_that_no_table_could_hold_is_made_to_fit() -> None:
    tidy = tidy_decision(Decision("d" * 100, " b\0ob ", "w\0hy"), decision_id="d-1", actor="nobody")

    assert (len(tidy.decision_id) <= 64, tidy.actor, tidy.reason) == (True, "bob", "why")


def test_two_ids_that_begin_alike_are_two_decisions(decisions: Decisions) -> None:
    long = [tidy_decision(Decision("d" * 100 + end, "bob"), decision_id="", actor="") for end in "12"]
    decisions.take(APPROVE, long[0], at=AT)

    assert decisions.take(CANCEL, long[1], at=AT).outcome == "accepted"


def test_a_text_is_cut_before_it_is_sent_on() -> None:
    tidy = tidy_decision(Decision("d" * LONG, "a" * LONG, "r" * LONG), decision_id="d-1", actor="nobody")

    assert len(tidy.decision_id) <= 64
    assert (len(tidy.actor), len(tidy.reason)) == (150, 2000)


@pytest.mark.parametrize(
    ("arguments", "decision"),
    [
        ([], Decision()),
        ([None], Decision()),
        ([Decision("1", "bob", "fine")], Decision("1", "bob", "fine")),
        ([{"actor": "bob"}], Decision(actor="bob")),
        ([{"actor": 5, "reason": None, "decision_id": "1", "colour": "red"}], Decision("1", "5")),
        (["Customer called"], Decision(reason="Customer called")),
        ([["a", 1]], Decision(reason="['a', 1]")),
        ([{"actor": "bob"}, "and one too many"], Decision(actor="bob")),
    ],
)
def test_a_signal_is_understood_however_it_is_put(arguments: list[object], decision: Decision) -> None:
    assert read_decision(arguments) == decision
