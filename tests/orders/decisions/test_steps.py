"""orders.decisions.steps: retrying, pausing and resuming a step, and who did it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from orders.decisions import decide
from orders.decisions.steps import Deed, steer_step
from orders.engine import steering
from orders.errors import NotAllowed, OrderClosed, StepNotPending, TemporalAway
from orders.events import EventKind
from orders.models import Order
from orders.states import DecisionKind, Status
from tests.making import Colleague, MakeOrder

pytestmark = pytest.mark.django_db
KINDS = {EventKind.STEP_RETRIED, EventKind.STEP_PAUSED, EventKind.STEP_RESUMED}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What Temporal was told; test_steering tells it to a real one."""
    told: list[tuple[str, ...]] = []
    for verb in ("retry_step", "pause_step"):
        monkeypatch.setattr(steering, verb, _note(told, verb))
    monkeypatch.setattr(steering, "resume_step", lambda order_id, name: told.append(("resume_step", name)))
    return told


def _note(told: list[tuple[str, ...]], verb: str) -> Callable[..., None]:
    return lambda order_id, name, *, actor: told.append((verb, name, actor))


def written(order: Order) -> list[tuple[str, str, str]]:
    """Return what the order's history says of its steps."""
    events = order.events.filter(kind__in=KINDS).order_by("pk")
    return [(event.kind, event.data["activity"], event.actor) for event in events]


def test_each_is_told_to_temporal_and_written_down(
    make_order: MakeOrder, bob: User, told: list[tuple[str, ...]]
) -> None:
    order = make_order(Status.CHARGING_PAYMENT)
    for deed in (Deed.RETRY, Deed.PAUSE, Deed.RESUME, Deed.PAUSE):
        steer_step(order, deed, actor=bob, step="charge_payment")
    paused = ("pause_step", "charge_payment", "bob")
    assert told == [("retry_step", "charge_payment", "bob"), paused, ("resume_step", "charge_payment"), paused]
    assert [kind for kind, *_ in written(order)] == ["step.retried", "step.paused", "step.resumed", "step.paused"]
    assert set(written(order)) >= {("step.paused", "charge_payment", "bob")}


def test_nothing_is_written_where_temporal_does_not_answer(
    make_order: MakeOrder, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(order_id: str, name: str, *, actor: str) -> None:
        raise TemporalAway("The Temporal server cannot be reached.")

    monkeypatch.setattr(steering, "pause_step", fail)
    order = make_order(Status.CHARGING_PAYMENT)
    with pytest.raises(TemporalAway):
        steer_step(order, Deed.PAUSE, actor=bob, step="charge_payment")
    assert written(order) == []


def test_others_are_refused(make_order: MakeOrder, alice: User, charlie: User, told: list[tuple[str, ...]]) -> None:
    order = make_order(Status.CHARGING_PAYMENT)
    for person in (alice, charlie):
        with pytest.raises(NotAllowed):
            steer_step(order, Deed.RETRY, actor=person, step="charge_payment")
    assert (told, written(order)) == ([], [])


def test_a_final_order_has_no_steps(make_order: MakeOrder, bob: User, told: list[tuple[str, ...]]) -> None:
    with pytest.raises(OrderClosed):
        steer_step(make_order(Status.COMPLETED), Deed.RETRY, actor=bob, step="charge_payment")
    assert told == []


def test_an_order_that_is_being_cancelled_is_retried_and_not_paused(
    make_order: MakeOrder, bob: User, told: list[tuple[str, ...]]
) -> None:
    order = make_order(Status.CHARGING_PAYMENT)
    decide.take_decision(order, DecisionKind.CANCEL, actor=Colleague("dana"), reason="", sends_now=False)
    with pytest.raises(StepNotPending, match="being cancelled"):
        steer_step(order, Deed.PAUSE, actor=bob, step="charge_payment")
    steer_step(order, Deed.RETRY, actor=bob, step="refund_payment")
    assert [verb for verb, *_ in told] == ["retry_step"]
