"""What becomes of the decisions that reach one order's workflow. Pure: it knows no clock, no chance and no Temporal.

- An approval counts until the order is being cancelled or completed, also before anybody waits for it.
- A cancellation counts until the order is being cancelled for another reason, or completed.
- The same decision again, by its id or by what it wants, changes nothing.
- An approval that turns out not to count is taken back, and what seemed to repeat it is judged once more.
- Where two approvals are needed, they are two people's. The tables are asked about each before it counts.
- While the order is being closed, and the tables are asked whether a decision was taken before, the outcome of a new
  decision is not known yet: it is undecided, and judged once the order is closed or goes on.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from orders.contracts import Answer, Decision, DecisionAnswer, OrderValidated
from orders.states import DecisionKind
from orders.texts import LONGEST_NAME, clean_id, clean_line, clean_text, describe_value, fold_name


class Decisions:
    """The decisions on one order: the approval and the cancellation that count, and what became of the latest."""

    def __init__(self) -> None:
        self.needed = 1
        self.cancellation: Decision | None = None
        self.last: DecisionAnswer | None = None
        self._answers: dict[str, DecisionAnswer] = {}
        self._approvals: list[Decision] = []
        self._counting: set[str] = set()
        self._is_closing = False
        self._is_closed = False

    @property
    def approval(self) -> Decision | None:
        """The approval about which the tables are to be asked next, or that led to the charge; None while all wait."""
        unasked = [each for each in self._approvals if each.decision_id not in self._counting]
        return unasked[0] if unasked else self._approvals[-1] if self.is_approved else None

    @property
    def is_taken(self) -> bool:
        """Tell whether there is a decision to follow, or to ask the tables about."""
        return self.approval is not None or self.cancellation is not None

    @property
    def is_approved(self) -> bool:
        """Tell whether the approvals are enough, as far as is known here."""
        return len(self._approvals) >= max(1, self.needed)

    @property
    def given(self) -> int:
        """How many approvals there are so far."""
        return len(self._approvals)

    def require(self, validated: OrderValidated | None, *, at: str) -> None:
        """Wait from now on for as many approvals as the policy asks for; those that the tables have are known.

        Workers of earlier releases answered nothing.
        """
        if validated is None or validated.approvals_needed == 1:
            return
        self.needed = validated.approvals_needed
        for decision in validated.approvals:
            self._counting.add(decision.decision_id)
            if decision.decision_id not in self._answers:
                self.take(DecisionKind.APPROVE, decision, at=at)
        self._take_again(self._take_out(Answer.REPEATED, DecisionKind.APPROVE))

    def take(self, kind: DecisionKind, decision: Decision, *, at: str) -> DecisionAnswer:
        """Judge a decision that has an id and an actor, let it count if it may, and answer what became of it."""
        earlier = self._answers.get(decision.decision_id)
        if earlier is not None:
            self.last = earlier if earlier.outcome == Answer.UNDECIDED else replace(earlier, outcome=Answer.REPEATED)
            return self.last
        outcome = self._judge(kind, decision)
        if outcome == Answer.ACCEPTED and kind == DecisionKind.APPROVE:
            self._approvals.append(decision)
        elif outcome == Answer.ACCEPTED:
            self.cancellation = decision
        self.last = DecisionAnswer(decision.decision_id, kind, decision.actor, decision.reason, outcome, at)
        self._answers[decision.decision_id] = self.last
        return self.last

    def begin_closing(self) -> None:
        """Leave further decisions undecided: the tables are being asked, and `close` or `reopen` follows."""
        self._is_closing = True

    def close(self) -> None:
        """Let every further decision be too late, and what was undecided: the order takes its last way now."""
        self._is_closing, self._is_closed = False, True
        self._take_again(self._take_out(Answer.UNDECIDED))

    def reopen(self, kind: DecisionKind, decision: Decision, *, at: str) -> None:
        """Go on, because the tables hold this decision; what was undecided is judged after it."""
        self._is_closing = self._is_closed = False
        undecided = self._take_out(Answer.UNDECIDED)
        self.take(kind, decision, at=at)
        self._take_again(undecided)

    def go_on(self) -> None:
        """Go on, because the tables let the order wait longer; what was undecided is judged now."""
        self._is_closing = False
        self._take_again(self._take_out(Answer.UNDECIDED))

    def refuse_approval(self, counting: Collection[str] = (), *, needed: int = 1) -> None:
        """Stop counting the approval that the tables were asked about, unless it is among those that do count.

        What seemed to repeat one that does not count is judged once more. `needed` is what the tables say, which may
        have been validated after this run.
        """
        self.needed = max(self.needed, needed)
        refused = self.approval
        if refused is None:
            return
        self._counting &= set(counting)
        if refused.decision_id in counting:
            self._counting.add(refused.decision_id)
            return
        self._approvals.remove(refused)
        self._take_back(refused, Answer.REFUSED)
        self._take_again(self._take_out(Answer.REPEATED, DecisionKind.APPROVE))

    def refuse_cancellation(self) -> None:
        """Close, and let a cancellation that counted be too late, because the order had been completed before it."""
        refused, self.cancellation = self.cancellation, None
        self.close()
        if refused is not None:
            self._take_back(refused, Answer.TOO_LATE)
            self._take_again(self._take_out(Answer.REPEATED, DecisionKind.CANCEL))

    def _take_back(self, decision: Decision, outcome: Answer) -> None:
        """Give a decision that counted another outcome."""
        answer = replace(self._answers[decision.decision_id], outcome=outcome)
        self._answers[decision.decision_id] = answer
        if self.last is not None and self.last.decision_id == decision.decision_id:
            self.last = answer

    def _take_out(self, outcome: Answer, *kinds: DecisionKind) -> list[DecisionAnswer]:
        """Forget the answers with this outcome, to decisions of these kinds or of all, and return them."""
        found = [
            answer
            for answer in self._answers.values()
            if answer.outcome == outcome and (not kinds or answer.kind in kinds)
        ]
        for answer in found:
            del self._answers[answer.decision_id]
        return found

    def _take_again(self, answers: list[DecisionAnswer]) -> None:
        for answer in answers:
            decision = Decision(answer.decision_id, answer.actor, answer.reason)
            self.take(DecisionKind(answer.kind), decision, at=answer.at)

    def _judge(self, kind: DecisionKind, decision: Decision) -> Answer:
        if kind == DecisionKind.CANCEL and self.cancellation is not None:
            return Answer.REPEATED
        if self._is_closed or self.cancellation is not None:
            return Answer.TOO_LATE
        if kind == DecisionKind.APPROVE and (self.is_approved or self._is_by_the_same(decision)):
            return Answer.REPEATED
        return Answer.UNDECIDED if self._is_closing else Answer.ACCEPTED

    def _is_by_the_same(self, decision: Decision) -> bool:
        """Tell whether somebody of this name has approved already, however the name is written."""
        return any(fold_name(each.actor) == fold_name(decision.actor) for each in self._approvals)


def read_decision(arguments: Sequence[object]) -> Decision:
    """Return what a signal said, however it was put; an argument too many is passed over.

    Nothing is a decision by nobody in particular; an object is read by its fields; anything else is taken for a reason.
    """
    value = arguments[0] if arguments else None
    if value is None or isinstance(value, Decision):
        return value or Decision()
    if isinstance(value, Mapping):
        return Decision(**{name: describe_value(value.get(name)) for name in ("decision_id", "actor", "reason")})
    return Decision(reason=describe_value(value))


def tidy_decision(decision: Decision, *, decision_id: str, actor: str) -> Decision:
    """Return the decision with `decision_id` and `actor` where it has none, in texts that every table can hold.

    A signal may come from anybody with access to Temporal. What it says is cut here, before it is sent on: carried
    twice in a message, a text that the server took from outside would be too large for it.
    """
    return Decision(
        decision_id=clean_id(decision.decision_id) or decision_id,
        actor=clean_line(decision.actor, LONGEST_NAME) or actor,
        reason=clean_text(decision.reason),
    )
