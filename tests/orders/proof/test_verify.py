"""orders.proof.verify: every rule holds for orders that went the ordinary way, and each one finds what breaks it."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection

from orders.proof.of_orders import RANKS
from orders.proof.verify import INVARIANTS, verify_orders
from orders.states import HAPPY_PATH, TRANSITIONS, Status
from tests.database import past_the_rules
from tests.making import ONE_LINE, MakeOrder

pytestmark = pytest.mark.django_db
RunCommand = Callable[..., subprocess.CompletedProcess[str]]

ORDER = "(SELECT id FROM orders_order WHERE order_id = %(id)s)"
PAYMENT = "(SELECT payment_id FROM orders_order WHERE order_id = %(id)s)"
MOVEMENT = (
    "INSERT INTO simulated_gateway_movement (idempotency_key, kind, amount, currency, merchant_reference, reference) "
    "SELECT payment_id, '{kind}', total, currency, order_id, '{kind}-again' FROM orders_order WHERE order_id = %(id)s"
)
REFUND = (
    "INSERT INTO orders_refund (payment_id, key, amount, currency, reason_code, reason, requested_by, channel, "
    "status, gateway_reference{column}) SELECT payment_id, 'again', {amount}, currency, 'STAFF', '', '', '', "
    "'{status}', ''{value} FROM orders_order WHERE order_id = %(id)s"
)
# For each rule: an order in which status, and what is done to it past the rules of the tables.
BREAKS = {
    "total_is_sum_of_lines": ("PAID", f"UPDATE orders_orderline SET quantity = 3 WHERE order_id = {ORDER}"),
    "status_is_told": ("PAID", "UPDATE orders_order SET status = 'COMPLETED' WHERE order_id = %(id)s"),
    "status_is_told, a status that was skipped": (
        "PAID",
        f"DELETE FROM orders_orderevent WHERE kind = 'order.validated' AND order_id = {ORDER}",
    ),
    "charge_was_approved": (
        "PAID",
        f"UPDATE orders_decision SET outcome = 'REFUSED' WHERE order_id = {ORDER}",
    ),
    "policy_was_followed": (
        "PAID",
        "UPDATE orders_order SET approvals_needed = 2, policy = '{}' WHERE order_id = %(id)s",
    ),
    "own_approval_is_marked": (
        "PAID",
        "UPDATE orders_order SET submitter_account_id = 1000000 WHERE order_id = %(id)s",
    ),
    "decisions_are_answered": (
        "COMPLETED",
        f"UPDATE orders_decision SET outcome = 'PENDING', answered_at = NULL WHERE order_id = {ORDER}",
    ),
    "cancellation_took_effect": ("COMPLETED", f"UPDATE orders_decision SET kind = 'cancel' WHERE order_id = {ORDER}"),
    "decision_shown_was_taken": ("PAID", "UPDATE orders_order SET decided_by = 'eve' WHERE order_id = %(id)s"),
    "decision_is_told": (
        "PAID",
        f"DELETE FROM orders_orderevent WHERE kind = 'decision.approved' AND order_id = {ORDER}",
    ),
    "order_has_start_message": ("CREATED", f"DELETE FROM orders_outboxmessage WHERE order_id = {ORDER}"),
    "no_message_outlives_its_order": (
        "COMPLETED",
        "UPDATE orders_outboxmessage SET status = 'PENDING' WHERE order_id = "
        f"{ORDER}; UPDATE orders_order SET updated_at = now() - interval '1 day' WHERE order_id = %(id)s",
    ),
    "closing_is_dated": ("COMPLETED", "UPDATE orders_order SET closed_at = NULL WHERE order_id = %(id)s"),
    "closing_is_dated, and it is open": ("PAID", "UPDATE orders_order SET closed_at = now() WHERE order_id = %(id)s"),
    "trouble_ends_with_its_order": (
        "COMPLETED",
        f"INSERT INTO orders_trouble (order_id, code, detail) SELECT {ORDER}, 'RUN_LOST', ''",
    ),
    "payment_is_of_its_order": ("PAID", f"UPDATE orders_payment SET amount = 1 WHERE order_id = {ORDER}"),
    "paid_order_is_charged": ("PAID", f"UPDATE orders_payment SET status = 'PENDING' WHERE order_id = {ORDER}"),
    "cancelled_order_keeps_nothing": (
        "CANCELLED",
        f"UPDATE orders_payment SET status = 'CHARGED' WHERE order_id = {ORDER}",
    ),
    "refunds_stay_below_charge": ("PAID", REFUND.format(amount="total + 1", status="PENDING", column="", value="")),
    "refunded_payment_is_refunded": (
        "CANCELLED",
        f"UPDATE orders_refund SET amount = 1 WHERE payment_id = {PAYMENT}",
    ),
    "no_refund_is_open_at_the_end": (
        "CANCELLED",
        f"UPDATE orders_refund SET status = 'PENDING', finished_at = NULL WHERE payment_id = {PAYMENT}",
    ),
    "charge_is_told_once": (
        "PAID",
        f"DELETE FROM orders_orderevent WHERE kind = 'payment.charged' AND order_id = {ORDER}",
    ),
    "charge_was_answered": (
        "PAID",
        f"UPDATE orders_paymentattempt SET outcome = 'UNKNOWN' WHERE payment_id = {PAYMENT}",
    ),
    "decided_while_it_is_held": (
        "PAID",
        f"UPDATE orders_payment SET authorised_until = now() WHERE order_id = {ORDER}",
    ),
    "shipped_order_has_parcel": (
        "DISPATCHED",
        f"UPDATE orders_shipment SET tracking_number = '' WHERE order_id = {ORDER}",
    ),
    "cancelled_order_ships_nothing": (
        "CANCELLED",
        f"UPDATE orders_shipment SET status = 'DISPATCHED' WHERE order_id = {ORDER}",
    ),
    "charged_once": ("PAID", MOVEMENT.format(kind="CHARGE")),
    "one_charge_per_key": ("PAID", MOVEMENT.format(kind="CHARGE")),
    "gateway_knows_no_stranger": (
        "PAID",
        "UPDATE simulated_gateway_movement SET merchant_reference = 'order-STRANGE' WHERE merchant_reference = %(id)s",
    ),
    "gateway_has_the_charge": (
        "PAID",
        "DELETE FROM simulated_gateway_movement WHERE merchant_reference = %(id)s",
    ),
    "console_has_the_charge": ("PENDING_MANUAL_APPROVAL", MOVEMENT.format(kind="CHARGE")),
    "refunds_agree": ("PAID", MOVEMENT.format(kind="REFUND")),
    "cancelled_order_leaves_nothing_at_gateway": (
        "CANCELLED",
        "DELETE FROM simulated_gateway_movement WHERE kind = 'REFUND' AND merchant_reference = %(id)s",
    ),
    "cancelled_order_is_released_at_gateway": (
        "CANCELLED",
        "UPDATE simulated_gateway_movement SET kind = 'AUTH' WHERE merchant_reference = %(id)s",
    ),
    "carrier_has_the_parcel": (
        "COMPLETED",
        "DELETE FROM simulated_carrier_booking WHERE shipment_id LIKE '%%' || %(id)s",
    ),
    "carrier_has_no_other_parcel": (
        "CANCELLED",
        "UPDATE simulated_carrier_booking SET recalled_at = NULL WHERE shipment_id LIKE '%%' || %(id)s",
    ),
}


def broken() -> dict[str, tuple[str, ...]]:
    return {each.code: each.ids for each in verify_orders().broken}


def test_every_rule_is_tried_and_named_once() -> None:
    tried = {name.partition(",")[0] for name in BREAKS}
    assert sorted(tried) == sorted(invariant.code for invariant in INVARIANTS)
    assert len({invariant.sentence for invariant in INVARIANTS}) == len(INVARIANTS)


@pytest.mark.parametrize("status", [*HAPPY_PATH, "CANCELLING", "CANCELLED"])
@pytest.mark.parametrize("cancelled_from", ["PENDING_MANUAL_APPROVAL", "DISPATCHED"])
def test_an_order_that_came_there_in_the_ordinary_way_breaks_none(
    make_order: MakeOrder, status: str, cancelled_from: str
) -> None:
    make_order(status, cancelled_from=cancelled_from)

    assert broken() == {}


def test_an_order_that_costs_nothing_breaks_none(make_order: MakeOrder) -> None:
    make_order("COMPLETED", lines=(replace(ONE_LINE[0], unit_price=0),))

    assert broken() == {}


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_what_breaks_a_rule_is_found(make_order: MakeOrder, name: str) -> None:
    code, (status, damage) = name.partition(",")[0], BREAKS[name]
    fine = make_order(status, cancelled_from="DISPATCHED")
    order = make_order(status, cancelled_from="DISPATCHED")

    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(damage, {"id": order.order_id})

    found = broken()
    strange = {"one_charge_per_key": order.payment_id, "gateway_knows_no_stranger": "order-STRANGE"}
    assert found[code] == (strange.get(code, order.order_id),)
    assert all(fine.order_id not in ids for ids in found.values())


def test_the_ranks_are_those_of_the_statuses() -> None:
    assert set(RANKS) == set(Status)
    assert all(RANKS[later] > RANKS[status] for status, following in TRANSITIONS.items() for later in following)


@pytest.mark.django_db(transaction=True)
def test_the_command_says_that_all_holds(make_order: MakeOrder, run_command: RunCommand) -> None:
    make_order("COMPLETED")

    result = run_command("verify")

    assert result.returncode == 0, result.stderr
    assert f"All {len(INVARIANTS)} rules hold. Orders checked: 1." in result.stdout


@pytest.mark.django_db(transaction=True)
def test_the_command_names_what_breaks_a_rule(make_order: MakeOrder, run_command: RunCommand) -> None:
    order = make_order("CANCELLED", cancelled_from="PAID")
    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute(BREAKS["cancelled_order_leaves_nothing_at_gateway"][1], {"id": order.order_id})

    told, for_programs = run_command("verify"), run_command("verify", "--json")

    assert (told.returncode, for_programs.returncode) == (1, 1)
    assert "BROKEN  The gateway keeps no money of a cancelled order." in told.stdout
    found = {each["code"]: each["ids"] for each in json.loads(for_programs.stdout)["broken"]}
    assert found["cancelled_order_leaves_nothing_at_gateway"] == [order.order_id]
