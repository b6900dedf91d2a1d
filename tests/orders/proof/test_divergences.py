"""orders.proof.divergences and `manage.py reconcile`: each divergence is named, and what is repaired charges nobody."""

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from orders import contracts
from orders.engine import runs, temporal
from orders.models import Decision, GatewayMovement, Order, OutboxMessage, Payment, Refund
from orders.payments.gateways.registry import gateway_of_new_payments
from orders.proof.divergences import REPAIRED, SENTENCES, Kind, find_divergences
from tests.database import past_the_rules
from tests.making import MakeOrder
from tests.orders.payments.moving import request_of
from tests.programs import terminate
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
RunCommand = Callable[..., subprocess.CompletedProcess[str]]

LONG_AGO = Now() - timedelta(hours=1)


def age(order: Order) -> Order:
    """Have the order unchanged for long."""
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(updated_at=LONG_AGO)
    return order


def start_run(order: Order) -> Order:
    temporal.start_order(contracts.OrderInput(order.order_id, order.payment_id))
    return order


def kinds_of(order: Order) -> set[str]:
    return {each.kind for each in find_divergences() if each.order_id == order.order_id}


def test_every_kind_has_a_sentence() -> None:
    assert set(Kind) <= SENTENCES.keys()
    assert set(Kind) >= REPAIRED


def test_an_order_with_its_run_does_not_diverge(temporal_server: str, make_order: MakeOrder) -> None:
    order = age(start_run(make_order()))

    wait_until(lambda: order.order_id in runs.list_open_runs())

    assert kinds_of(order) == set()


def test_an_open_order_without_a_run_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    assert kinds_of(age(make_order())) == {Kind.RUN_MISSING}


def test_an_order_that_was_just_written_is_not(temporal_server: str, make_order: MakeOrder) -> None:
    assert kinds_of(make_order()) == set()


def test_an_open_order_whose_run_has_ended_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    order = age(start_run(make_order()))
    terminate(temporal_server, order.order_id)

    wait_until(lambda: kinds_of(order) == {Kind.RUN_CLOSED}, what="the end of the run in Temporal's list")


def test_a_run_of_a_closed_order_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    order = age(start_run(make_order("COMPLETED")))

    wait_until(lambda: kinds_of(order) == {Kind.RUN_LEFT_OVER})


def test_runs_without_an_order_are_named(temporal_server: str) -> None:
    temporal.start_order(contracts.OrderInput("order-GONE1"))
    temporal.start_order(contracts.OrderInput("order-GONE2"))
    terminate(temporal_server, "order-GONE2")

    def is_told() -> bool:
        found = {each.order_id: each.kind for each in find_divergences()}
        return (found.get("order-GONE1"), found.get("order-GONE2")) == (Kind.ORDER_MISSING, Kind.ENDED_ORDER_MISSING)

    wait_until(is_told, what="both runs in Temporal's list")


@pytest.mark.parametrize(("status", "kind"), [("PENDING", Kind.MESSAGE_STUCK), ("REFUSED", Kind.MESSAGE_REFUSED)])
def test_a_message_that_does_not_get_there_is_named(
    temporal_server: str, make_order: MakeOrder, status: str, kind: Kind
) -> None:
    order = start_run(make_order())
    with past_the_rules():
        OutboxMessage.objects.filter(order=order).update(status=status, created_at=LONG_AGO)

    assert kinds_of(order) == {kind}


def test_a_decision_without_an_answer_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    order = start_run(make_order("CHARGING_PAYMENT"))
    with past_the_rules():
        Decision.objects.filter(order=order).update(outcome="PENDING", answered_at=None, taken_at=LONG_AGO)

    assert kinds_of(order) == {Kind.DECISION_UNANSWERED}


def test_a_charge_whose_outcome_stays_unknown_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    order = start_run(make_order("CHARGING_PAYMENT"))
    with past_the_rules():
        Payment.objects.filter(order=order).update(updated_at=LONG_AGO)

    assert kinds_of(order) == {Kind.PAYMENT_UNKNOWN}


def test_a_refund_that_is_not_answered_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    order = start_run(make_order("CANCELLING", cancelled_from="PAID"))
    with past_the_rules():
        Refund.objects.filter(payment__order=order).update(status="PENDING", finished_at=None, requested_at=LONG_AGO)

    assert kinds_of(order) == {Kind.REFUND_STUCK}


def test_a_charge_that_only_the_gateway_knows_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    order = start_run(make_order())
    gateway_of_new_payments().charge(request_of(order), "")

    assert kinds_of(order) == {"console_has_the_charge"}


def test_the_command_names_what_diverges_and_changes_nothing(
    temporal_server: str, make_order: MakeOrder, run_command: RunCommand
) -> None:
    order = age(make_order("PAID"))

    told, for_programs = run_command("reconcile"), run_command("reconcile", "--json")

    assert (told.returncode, for_programs.returncode) == (1, 1)
    assert f"{order.order_id}  PAID  RUN_MISSING: {SENTENCES[Kind.RUN_MISSING]} (repaired automatically)" in told.stdout
    answer = json.loads(for_programs.stdout)
    assert order.order_id in {each["order_id"] for each in answer["found"]}
    assert temporal.describe_run(order.order_id) is None


def test_a_repair_starts_what_is_missing_and_charges_nobody(
    temporal_server: str, make_order: MakeOrder, run_command: RunCommand
) -> None:
    order = age(make_order("PAID"))
    charges = GatewayMovement.objects.count()

    answer = json.loads(run_command("reconcile", "--repair", "--json").stdout)

    assert order.order_id in {each["order_id"] for each in answer["found"]}
    assert order.order_id not in {each["order_id"] for each in answer["left"]}
    run = temporal.describe_run(order.order_id)
    assert run is not None
    assert run.is_open
    assert GatewayMovement.objects.count() == charges


def test_without_temporal_it_says_so(make_order: MakeOrder, run_command: RunCommand) -> None:
    make_order()

    result = run_command("reconcile", TEMPORAL_ADDRESS="127.0.0.1:1")

    assert result.returncode == 1
    assert "Temporal" in result.stderr
    assert "Traceback" not in result.stderr
    assert connection.in_atomic_block is False
