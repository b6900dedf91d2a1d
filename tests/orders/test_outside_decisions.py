"""A signal is a claim: what came over Temporal alone is said to, and whether an approval counts is a setting."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from orders import contracts
from orders.decisions import decide
from orders.events import EventKind
from orders.models import Decision, GatewayMovement, Order, Payment
from orders.payments.charge import charge_payment
from orders.states import Channel, DecisionKind, Outcome, Status
from tests.asking import text_of
from tests.making import MakeOrder, make_user, submit
from tests.programs import end_open_runs, run_temporal, started_workers
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db

CLAIM = contracts.Decision("claimed", "bob", "Trust me")


def charge(order: Order, decision: contracts.Decision = CLAIM) -> contracts.PaymentCharged:
    return charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, decision))


@pytest.fixture
def strict(settings: Settings) -> None:
    settings.ACCEPT_OUTSIDE_DECISIONS = False


class TestApproval:
    @pytest.mark.usefixtures("strict")
    def test_one_from_outside_is_written_down_and_nothing_is_charged(self, make_order: MakeOrder) -> None:
        order = make_order()
        assert charge(order).is_approval_refused
        assert charge(order).is_approval_refused, "and so it is when asked again"

        order.refresh_from_db()
        assert (order.status, order.decision, order.decided_by) == (Status.PENDING_MANUAL_APPROVAL, "", "")
        decision = order.decisions.get()
        facts = (decision.channel, decision.actor, decision.reason, decision.outcome, decision.kind)
        assert facts == (Channel.TEMPORAL, "bob", "Trust me", Outcome.REFUSED, DecisionKind.APPROVE)
        assert decision.answered_at is not None
        event = order.events.get(kind=EventKind.DECISION_REFUSED)
        assert (event.data["code"], event.who) == ("OUTSIDE", "someone using Temporal, who claims to be bob")
        assert not Payment.objects.filter(order=order).exists()
        assert not GatewayMovement.objects.exists()

    def test_one_from_outside_counts_where_the_settings_say_so(self, make_order: MakeOrder) -> None:
        order = make_order()
        assert not charge(order).is_approval_refused

        order.refresh_from_db()
        assert (order.status, order.decider) == (Status.PAID, "someone using Temporal, who claims to be bob")
        assert order.decisions.get().outcome == Outcome.ACCEPTED

    @pytest.mark.parametrize("name", ["alice", "ALICE", "\uff41lice"])
    def test_one_that_names_the_submitter_never_counts(self, make_order: MakeOrder, name: str) -> None:
        order = make_order(submitted_by="alice")
        assert charge(order, contracts.Decision("claimed", name)).is_approval_refused
        assert order.events.get(kind=EventKind.DECISION_REFUSED).data["code"] == "OWN_ORDER"

    @pytest.mark.usefixtures("strict")
    def test_one_that_was_taken_here_counts(self, make_order: MakeOrder, bob: User) -> None:
        order = make_order()
        decide.approve_order(order, actor=bob)
        decision = order.decisions.get()
        assert not charge(order, contracts.Decision(decision.decision_id, "bob")).is_approval_refused

    @pytest.mark.usefixtures("strict")
    def test_one_from_outside_yields_to_the_one_that_was_taken_here(self, make_order: MakeOrder, bob: User) -> None:
        order = make_order()
        decide.approve_order(order, actor=bob)
        assert not charge(order).is_approval_refused
        order.refresh_from_db()
        assert (order.decided_by, order.decision_channel) == ("bob", Channel.CONSOLE)

    @pytest.mark.usefixtures("strict")
    def test_the_id_of_a_cancellation_is_no_proof(self, make_order: MakeOrder) -> None:
        order = make_order()
        Decision.objects.create(
            decision_id="taken",
            order=order,
            kind=DecisionKind.CANCEL,
            actor="bob",
            actor_account_id=1,
            channel=Channel.CONSOLE,
        )
        assert charge(order, contracts.Decision("taken", "bob")).is_approval_refused

    @pytest.mark.usefixtures("strict")
    def test_the_id_of_another_order_is_no_proof(self, make_order: MakeOrder, bob: User) -> None:
        other, order = make_order(), make_order()
        decide.approve_order(other, actor=bob)
        claim = contracts.Decision(other.decisions.get().decision_id, "bob")
        assert charge(order, claim).is_approval_refused
        assert order.decisions.get().decision_id != claim.decision_id

    def test_one_that_was_accepted_counts_in_a_later_run(self, make_order: MakeOrder, settings: Settings) -> None:
        order = make_order()
        charge(order)
        settings.ACCEPT_OUTSIDE_DECISIONS = False
        assert not charge(order).is_approval_refused


@pytest.mark.usefixtures("strict")
def test_the_page_says_what_was_claimed(make_order: MakeOrder, dana: User, client: Client) -> None:
    order = make_order()
    charge(order)
    client.force_login(dana)
    page = text_of(client.get(order.get_absolute_url()))
    assert "An approval through Temporal was not accepted" in page
    assert "someone using Temporal, who claims to be bob" in page
    assert "Approvals sent straight through Temporal do not count here. Trust me" in page
    assert 'name="approve"' in page or "Approve" in page


@pytest.mark.django_db(transaction=True)
def test_a_signal_approves_nothing_where_outside_decisions_do_not_count(
    temporal_server: str, program_environment: dict[str, str]
) -> None:
    signal = ("workflow", "signal", "--name", "approve_order", "--workflow-id")
    with started_workers(program_environment, ACCEPT_OUTSIDE_DECISIONS="false"):
        try:
            order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
            run_temporal(temporal_server, *signal, order.order_id, "--input", json.dumps({"actor": "bob"}))
            wait_until(lambda: order.decisions.filter(outcome=Outcome.REFUSED).exists(), what="the refusal")
            decide.approve_order(order, actor=make_user("bob", "approver"))
            wait_for_status(order, Status.COMPLETED)
        finally:
            end_open_runs(temporal_server)
    assert order.decided_by == "bob"
    assert list(order.decisions.values_list("channel", "outcome")) == [
        (Channel.TEMPORAL, Outcome.REFUSED),
        (Channel.CONSOLE, Outcome.ACCEPTED),
    ]
