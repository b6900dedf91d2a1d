"""`manage.py order`: the terminal's way, run as processes against real workers."""

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest

from orders.models import GatewayMovement, Order, Payment, Reason, Refund
from orders.states import Status
from tests.making import MakeOrder
from tests.programs import run_temporal
from tests.waiting import wait_for_status, wait_until

RunCommand = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.django_db(transaction=True)


def start(run_command: RunCommand, *arguments: str) -> Order:
    """Start an order at the terminal, and wait until it waits for a person."""
    result = run_command("order", "start", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    order = Order.objects.get(order_id=json.loads(result.stdout)["order_id"])
    return wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)


def test_an_order_goes_from_start_to_completed(workers_running: object, run_command: RunCommand) -> None:
    order = start(run_command, "--order-id", "order-TERMINAL", "--line", "CUP:2:3.50", "--line", "POT:1:20:Tea pot")
    assert (order.order_id, order.total) == ("order-TERMINAL", 2700)

    waiting = json.loads(run_command("order", "query", order.order_id, "--json").stdout)
    assert (waiting["status"], waiting["waiting_for"]) == ("PENDING_MANUAL_APPROVAL", "approval")
    assert {"approved", "cancelled", "deadline", "reason", "last_decision"} <= set(waiting)

    result = run_command("order", "signal", order.order_id, "approve", "--by", "nina", "--reason", "fine")
    assert result.returncode == 0, result.stderr
    assert "Approved." in result.stdout
    wait_for_status(order, Status.COMPLETED)
    assert order.decided_by == "nina"

    table = run_command("order", "query", order.order_id).stdout
    assert "COMPLETED" in table
    assert "actor nina" in table


def test_a_part_of_a_completed_order_is_refunded_and_then_the_rest(
    workers_running: object, run_command: RunCommand
) -> None:
    order = start(run_command)
    assert run_command("order", "signal", order.order_id, "approve", "--by", "nina").returncode == 0
    wait_for_status(order, Status.COMPLETED)
    refund = ("order", "refund", order.order_id, "--reason", "Scratched", "--json")

    for more, amount in ((("--amount", "2.50"), "2.50 EUR"), ((), "10.00 EUR")):
        result = run_command(*refund, *more)
        assert result.returncode == 0, result.stderr
        answer = json.loads(result.stdout)
        assert answer["amount"] == amount
        asked = Refund.objects.filter(key=answer["refund_key"], status=Refund.Status.SUCCEEDED)
        wait_until(asked.exists)

    order.refresh_from_db()
    assert (order.status, order.payment.status) == (Status.COMPLETED, Payment.Status.REFUNDED)
    too_much = run_command(*refund, "--amount", "0.01")
    assert too_much.returncode == 1
    assert "All of the payment has been refunded, or is about to be." in too_much.stderr
    assert list(GatewayMovement.objects.filter(merchant_reference=order.order_id).values_list("kind", "amount")) == [
        ("CHARGE", 1250),
        ("REFUND", 250),
        ("REFUND", 1000),
    ]


def test_a_deadline_is_extended(workers_running: object, run_command: RunCommand) -> None:
    order = start(run_command)
    old = order.approval_deadline
    assert old is not None
    extend = ("order", "extend", order.order_id, "--by", "nina", "--reason", "Customer called")
    result = run_command(*extend, "--hours", "2", "--json")
    new = old + timedelta(hours=2)
    assert json.loads(result.stdout) == {
        "order_id": order.order_id,
        "deadline": new.isoformat(),
        "delivery": "delivered",
    }
    told = run_command("order", "query", order.order_id, "--json")
    assert json.loads(told.stdout)["deadline"] == new.isoformat()
    until = new + timedelta(hours=1)
    assert until.isoformat() in run_command(*extend, "--until", until.isoformat()).stdout
    refused = run_command(*extend, "--until", "2020-01-01")
    assert (refused.returncode, "Enter a time later than" in refused.stderr) == (1, True)
    assert run_command(*extend).returncode == 2, "neither hours nor a time"


def test_an_order_is_cancelled_with_its_reason(workers_running: object, run_command: RunCommand) -> None:
    order = start(run_command)
    answer = json.loads(
        run_command(
            "order", "signal", order.order_id, "cancel", "--reason", "typing error", "--reason-code", "OTHER", "--json"
        ).stdout
    )
    assert (answer["decision"], answer["delivery"]) == ("cancel", "delivered")
    wait_for_status(order, Status.CANCELLED)
    assert (order.reason_code, order.reason) == ("STAFF", "typing error")


def test_the_temporal_command_line_works_without_an_argument(
    workers_running: object, run_command: RunCommand, temporal_server: str
) -> None:
    order = start(run_command)
    run_temporal(temporal_server, "workflow", "signal", "--workflow-id", order.order_id, "--name", "approve_order")
    wait_for_status(order, Status.COMPLETED)
    answer = run_temporal(
        temporal_server,
        *("workflow", "query", "--workflow-id", order.order_id, "--type", "status", "--output", "json"),
    ).stdout
    assert '"COMPLETED"' in answer
    assert order.decided_by == "unnamed Temporal signal"
    assert GatewayMovement.objects.filter(merchant_reference=order.order_id).count() == 1


def test_an_own_order_is_approved_with_a_reason_only(make_order: MakeOrder, run_command: RunCommand) -> None:
    order = make_order(submitted_by="nina")
    command = ("order", "signal", order.order_id, "approve", "--by", "Nina")
    result = run_command(*command, TEMPORAL_ADDRESS="127.0.0.1:1")
    assert (result.returncode, "give a reason" in result.stderr) == (1, True), result.stderr
    result = run_command(*command, "--reason", "Alone tonight", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert result.returncode == 0, result.stderr
    assert order.decisions.get().is_own_order


def test_a_reason_code_is_one_of_the_shops_list(make_order: MakeOrder, run_command: RunCommand) -> None:
    Reason.objects.create(kind="CANCEL", code="STRIKE", words="Strike at the carrier", position=1)
    order = make_order()
    command = ("order", "signal", order.order_id, "cancel", "--reason-code")
    result = run_command(*command, "NO_SUCH", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert (result.returncode, "must be one of STRIKE, CUSTOMER_REQUEST" in result.stderr) == (1, True), result.stderr
    assert run_command(*command, "STRIKE", TEMPORAL_ADDRESS="127.0.0.1:1").returncode == 0
    assert order.decisions.get().reason_words == "Strike at the carrier"


def test_a_second_decision_is_refused_with_who_and_when(workers_running: object, run_command: RunCommand) -> None:
    order = start(run_command)
    run_command("order", "signal", order.order_id, "approve", "--by", "nina")
    wait_for_status(order, Status.COMPLETED)
    result = run_command("order", "signal", order.order_id, "cancel")
    assert result.returncode == 1
    assert "Too late to cancel: the order is completed. nina at the terminal approved the order on" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("query", "order-NONE"), 1, "There is no order order-NONE."),
        (("signal", "order-NONE", "approve"), 1, "There is no order order-NONE."),
        (("signal", "order-NONE", "cancel", "--reason-code", "X"), 1, "There is no order order-NONE."),
        (("signal", "order-NONE", "explode"), 2, "invalid choice: 'explode'"),
        (("start", "--line", "CUP"), 1, "'CUP' is not a line"),
        (("start", "--line", "CUP:1:0.001"), 1, "Unit price: A price in EUR has at most 2 decimals."),
        (("start", "--line", "CUP:0:1"), 1, "Quantity: Enter 1 or more."),
        (
            ("start", "--line", "CUP:1.000:1"),
            1,
            "Quantity: Enter a whole number using only the digits 0 to 9, such as 1000.",
        ),
        (("start", "--line", "CUP:1_000:1"), 1, "such as 1000."),
        (("start", "--line", "CUP:10001:1"), 1, "Quantity: Enter 10,000 or less."),
        (("start", "--line", "CUP:1:1.500"), 1, "1.500 is ambiguous. Enter 1500 or 1.50."),
        (("start", "--line", "CUP:1:1e3"), 1, "Unit price: Use the digits 0 to 9 and a point before the decimals"),
        (("start", "--line", "CUP:1:1e999999"), 1, "Unit price: Use the digits 0 to 9 and a point before the decimals"),
        (("start", "--line", "CUP:1:10000000.01"), 1, "A unit price can be at most 10,000,000.00 EUR."),
        (("start", "--line", ":1:1"), 1, "SKU: This field is required."),
        (("start", "--line", "\u200b:1:1"), 1, "SKU: This is invisible."),
        (("start", "--email", "nobody"), 1, "Customer email: Enter an e-mail address, such as name@example.com."),
        (("start", "--name", "x" * 201), 1, "Customer name: Use at most 200 characters; this has 201."),
        (("start", "--order-id", "a b"), 1, "'a b' is not an order id"),
        (
            ("start", "--country", "Germany"),
            1,
            "'Germany' is not a country. Use its two-letter code (ISO 3166-1), such as DE.",
        ),
        (("start", "--country", "ZZ"), 1, "'ZZ' is not a country"),
        (("start", "--country", "HK", "--state", ""), 1, "Address state: This field is required."),
        (("start", "--country", "FR", "--postcode", ""), 1, "Address postcode: This field is required."),
        (("start", "--phone", "none"), 1, "Customer phone: Enter a telephone number"),
        ((), 2, "required"),
    ],
)
def test_wrong_use_is_a_sentence(run_command: RunCommand, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    result = run_command("order", *arguments)
    assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.stderr


def test_without_temporal_an_order_is_kept_and_said_to_be_on_its_way(run_command: RunCommand) -> None:
    result = run_command("order", "start", "--json", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert result.returncode == 0
    answer = json.loads(result.stdout)
    assert answer["workflow"] == "on its way"
    query = run_command("order", "query", answer["order_id"], TEMPORAL_ADDRESS="127.0.0.1:1")
    assert query.returncode == 1
    assert "cannot be reached. The last saved status:" in query.stderr


def test_a_key_that_made_another_order_is_refused_by_its_name(run_command: RunCommand) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            "order", "start", "--json", "--idempotency-key", "K-1", *arguments, TEMPORAL_ADDRESS="127.0.0.1:1"
        )

    made = json.loads(run("--name", "First Customer").stdout)
    assert json.loads(run("--name", "First Customer").stdout)["order_id"] == made["order_id"]
    for arguments in (("--name", "Second Customer"), ("--name", "First Customer", "--line", "CUP:1:1")):
        refused = run(*arguments)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"already made {made['order_id']}, which is a different order. Nothing was submitted." in refused.stderr
    assert Order.objects.count() == 1


def test_without_a_database_it_says_so(run_command: RunCommand) -> None:
    result = run_command("order", "query", "order-1", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert result.returncode == 1
    assert "The database cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_audit_agrees_with_the_gateway(make_order: MakeOrder, run_command: RunCommand) -> None:
    make_order("COMPLETED")
    make_order("CANCELLED", cancelled_from="PAID")
    result = run_command("order", "audit", "--json", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert result.returncode == 0, result.stderr
    counts = {"orders": 2, "nothing_to_charge": 0, "charges": 2, "refunds": 1, "parcels": 1, "runs": None}
    assert json.loads(result.stdout) == {**counts, "discrepancies": []}


def test_the_audit_finds_a_second_charge(make_order: MakeOrder, run_command: RunCommand) -> None:
    order = make_order("COMPLETED")
    GatewayMovement.objects.create(
        idempotency_key="another",
        kind="CHARGE",
        amount=1,
        currency="EUR",
        merchant_reference=order.order_id,
        reference="2",
    )
    result = run_command("order", "audit", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert result.returncode == 1
    assert "The customer was charged 2 times." in result.stdout


def test_an_order_goes_to_an_address_without_a_postcode(run_command: RunCommand) -> None:
    result = run_command(
        "order", "start", "--country", "ae", "--state", "Dubai", "--address", "Al Wasl Road 1", "--address2", "Flat 7",
        "--company", "Gulf Lamps", "--phone", "+971 4 123 4567", TEMPORAL_ADDRESS="127.0.0.1:1",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    order = Order.objects.get()
    assert (order.address_country, order.address_state, order.address_postcode, order.address_city) == (
        *("AE", "Dubai", "", ""),
    )
    assert (order.address_line2, order.customer_company, order.customer_phone) == (
        *("Flat 7", "Gulf Lamps", "+971 4 123 4567"),
    )


def test_the_shell_may_pass_anything(run_command: RunCommand) -> None:
    half = b"\xff\xed\xa0\x80".decode("utf-8", "surrogateescape")
    evil = f"\x1b[31m{half}\u202e"

    result = run_command(
        "order", "start", "--json", "--by", f"B{evil}", "--idempotency-key", f"K{evil}",
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    order = Order.objects.get()
    assert order.submitted_by[0] == "B"
    assert order.submitted_by.isprintable()
    for option in (("--name", evil), ("--city", f"C{evil}"), ("--line", f"S{evil}:1:1.00:D")):
        refused = run_command("order", "start", *option)
        assert (refused.returncode, "This contains an invisible control character" in refused.stderr) == (1, True), (
            refused.stderr
        )
        assert "\x1b" not in refused.stderr
    result = run_command("order", "signal", order.order_id, "cancel", "--reason", f"R{evil}", "--by", f"B{evil}")
    assert result.returncode == 0, result.stderr
    assert order.decisions.get().reason.isprintable()
    for verb in (("query", evil), ("signal", evil, "cancel")):
        refused = run_command("order", *verb)
        assert refused.returncode == 1
        assert "There is no order" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert "\x1b" not in refused.stderr
