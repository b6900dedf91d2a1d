"""What the programs' own role cannot write, though it may write to every table: each rule refuses in a sentence."""

import json
import re
from typing import Any

import psycopg
import pytest

from tests.orders.postgres.forgeries import MORE_FORGERIES, ROWS
from tests.orders.postgres.roles import connect, run

# One order of each kind that the forgeries are tried on, and whose ids they take.
ORDERS = """
import json
from orders.models import PolicyChange, PolicyRule
from tests.making import build_order, make_user
from tests.orders.policy.asking import ask_for
PolicyChange.objects.create(
    actor="admin", subject="RULE", subject_id=1, name="A rule", action="ADDED", after={"approvals_needed": 2}
)
kinds = {
    "two": ask_for(2),
    "nobody": ask_for(0),
    "senior": ask_for(1, level="senior"),
    "validated": build_order("VALIDATED"),
    "created": build_order("CREATED"),
    "waiting": build_order(),
    "charging": build_order("CHARGING_PAYMENT"),
    "paid": build_order("PAID"),
    "completed": build_order("COMPLETED"),
    "cancelled": build_order("CANCELLED", cancelled_from="PAID"),
}
people = {"bob": make_user("bob", "approver").pk, "rule": PolicyRule.objects.get(approvals_needed=2).pk}
"""
TELL = "print(json.dumps({name: order.pk for name, order in kinds.items()} | people | more))\n"

COPY_OF_AN_ORDER = """
INSERT INTO orders_order (order_id, payment_id, idempotency_key, customer_name, customer_email, address_line,
    address_postcode, address_city, address_country, currency, total, status, reason_code, reason, submitted_by,
    decision, decision_id, decided_by, run_id, version{columns})
SELECT 'order-FORGED', 'pay-FORGED', 'forged', customer_name, customer_email, address_line, address_postcode,
    address_city, address_country, currency, {total}, '{status}', '', '', submitted_by, '', '', '', '', 1{values}
FROM orders_order WHERE id = {completed}
"""
PAYMENT_OF = "INSERT INTO orders_payment (payment_id, order_id, amount, currency, status, gateway, gateway_reference) "
MOVEMENT = (
    "INSERT INTO simulated_gateway_movement (idempotency_key, kind, amount, currency, merchant_reference, reference) "
    "SELECT simulated_gateway_movement.idempotency_key, '{kind}', {amount}, orders_order.currency, merchant_reference, "
    "'forged' "
    "FROM simulated_gateway_movement JOIN orders_order ON merchant_reference = orders_order.order_id "
    "WHERE orders_order.id = {order} AND kind = 'CHARGE'"
)
REFUND = (
    "INSERT INTO orders_refund (payment_id, key, amount, currency, reason_code, reason, requested_by, channel, "
    "status, gateway_reference) SELECT payment_id, 'forged', {amount}, '{currency}', 'STAFF', '', '', '', '{status}', "
    "'' FROM orders_payment WHERE order_id = {order}"
)
EVENT = (
    "INSERT INTO orders_orderevent (order_id, key, kind, data, actor, at) "
    "VALUES ({waiting}, 'x', 'x', 'null', '', {at})"
)
DECISION = (
    "INSERT INTO orders_decision (decision_id, order_id, kind, actor, actor_account_id, is_own_order, channel, reason, "
    "outcome) VALUES ('forged', {waiting}, 'approve', 'mallory', {account}, {own}, '{channel}', '', 'PENDING')"
)

APPROVAL = (
    "INSERT INTO orders_decision (decision_id, order_id, kind, actor, actor_account_id, is_own_order, channel, reason, "
    "outcome) VALUES ('forged', {order}, 'approve', '{actor}', {account}, {own}, '{channel}', 'x', 'PENDING')"
)
# Statements of one transaction: what one approver, or nobody at all, might try to have an order charged.
CHARGE = "; UPDATE orders_order SET status = 'CHARGING_PAYMENT' WHERE id = {order}"
# What the history of the policy would say of a rule, and the change that it does not tell of.
CHANGE_OF_RULE = (
    "INSERT INTO orders_policychange (actor, subject, subject_id, name, action, before, after) "
    "SELECT 'mallory', 'RULE', id, name, 'CHANGED', policy_facts(to_jsonb(rule)), "
    "policy_facts(to_jsonb(rule)) - '{after}' FROM orders_policyrule AS rule WHERE id = {{rule}}"
)
LESS_ASKED = "; UPDATE orders_policyrule SET approvals_needed = 0 WHERE id = {rule}"
APPLIED = """'{{"rules": [{{"id": {rule}, "decides": true}}], "levels": []}}'"""

FORGERIES = {
    # Orders: what was asked, where they begin, what they stand on.
    "a total": ("UPDATE orders_order SET total = 1 WHERE id = {paid}", "total and currency of order .* never change"),
    "a currency": ("UPDATE orders_order SET currency = 'JPY' WHERE id = {paid}", "never change"),
    "a submitter": ("UPDATE orders_order SET submitted_by = 'bob' WHERE id = {paid}", "who submitted order"),
    "a line's price": (
        "UPDATE orders_orderline SET unit_price = 1 WHERE order_id = {created}",
        "lines of an order never",
    ),
    "a completed beginning": (
        COPY_OF_AN_ORDER.format(columns="", values="", total=0, status="COMPLETED", completed="{completed}"),
        "has to begin as CREATED and undecided",
    ),
    "a total without lines": (
        COPY_OF_AN_ORDER.format(columns="", values="", total=500, status="CREATED", completed="{completed}"),
        "total of order order-FORGED is 500, and its lines come to 0",
    ),
    "a status that may not follow": (
        "UPDATE orders_order SET status = 'PAID' WHERE id = {waiting}",
        "cannot become PAID",
    ),
    "a charge that nobody approved": (
        "UPDATE orders_order SET status = 'CHARGING_PAYMENT' WHERE id = {waiting}",
        "cannot become CHARGING_PAYMENT without an approval",
    ),
    "paid without a charge": (
        "UPDATE orders_order SET status = 'PAID' WHERE id = {charging}",
        "cannot become PAID without a charged payment",
    ),
    "a package that is not there": (
        "UPDATE orders_order SET status = 'PACKAGE_PREPARED' WHERE id = {paid}",
        "cannot become PACKAGE_PREPARED without a package",
    ),
    "a final order": (
        "UPDATE orders_order SET status = 'CANCELLING', reason_code = 'STAFF' WHERE id = {completed}",
        "an order that is COMPLETED cannot become CANCELLING",
    ),
    "a decision that nobody took": (
        "UPDATE orders_order SET decision = 'approve', decision_id = 'x', decided_by = 'x', decided_at = now(), "
        "decision_channel = 'CONSOLE' WHERE id = {waiting}",
        "shows a decision that nobody took",
    ),
    "another decider": ("UPDATE orders_order SET decided_by = submitted_by WHERE id = {paid}", "that nobody took"),
    # Approvals, where the policy asks for more or less than one.
    "a charge by one of two approvers": (
        APPROVAL.format(order="{two}", actor="bob", account="{bob}", own="false", channel="CONSOLE")
        + CHARGE.format(order="{two}"),
        "cannot become CHARGING_PAYMENT with 1 of the 2 approvals that the policy asks for",
    ),
    "a second approval over Temporal": (
        APPROVAL.format(order="{two}", actor="dana", account="NULL", own="false", channel="TEMPORAL"),
        "needs 2 approvals, and approval forged is by no account of the console",
    ),
    "a second approval at the terminal": (
        APPROVAL.format(order="{two}", actor="dana", account="NULL", own="false", channel="TERMINAL"),
        "is by no account of the console",
    ),
    "a second approval by an account that is not there": (
        APPROVAL.format(order="{two}", actor="dana", account="4711", own="false", channel="CONSOLE"),
        "is by no account of the console",
    ),
    "two approvals by one account": (
        "; ".join(
            APPROVAL.format(order="{two}", actor="bob", account="{bob}", own="false", channel="CONSOLE").replace(
                "'forged'", f"'forged-{number}'"
            )
            for number in (1, 2)
        ),
        "is by an account that has approved it already",
    ),
    "a second approval under another name": (
        APPROVAL.format(order="{two}", actor="dana", account="{bob}", own="false", channel="CONSOLE"),
        "is by no account of the console",
    ),
    "a second approval by the submitter": (
        APPROVAL.format(order="{two}", actor="bob", account="{bob}", own="true", channel="CONSOLE"),
        "is by whoever submitted it",
    ),
    "a charge over Temporal of what a group approves": (
        APPROVAL.format(order="{senior}", actor="dana", account="NULL", own="false", channel="TEMPORAL")
        + CHARGE.format(order="{senior}"),
        "with 0 of the 1 approvals",
    ),
    "an approval by a policy that leaves it to people": (
        APPROVAL.format(order="{waiting}", actor="policy", account="NULL", own="false", channel="POLICY"),
        "the policy leaves the order to people",
    ),
    "a cancellation by the policy": (
        APPROVAL.format(order="{nobody}", actor="policy", account="NULL", own="false", channel="POLICY").replace(
            "'approve'", "'cancel'"
        ),
        "the policy leaves the order to people",
    ),
    "fewer approvals than were asked for": (
        "UPDATE orders_order SET approvals_needed = 1 WHERE id = {two}",
        "was said when it was validated, and stays",
    ),
    "other reasons than there were": (
        "UPDATE orders_order SET policy = NULL WHERE id = {senior}",
        "was said when it was validated, and stays",
    ),
    "needs that no rule has": (
        "UPDATE orders_order SET status = 'PENDING_MANUAL_APPROVAL', approval_deadline = now(), approvals_needed = 0, "
        f"policy = {APPLIED} WHERE id = {{validated}}",
        "is said to need 0 approvals, and no rule of the policy says so",
    ),
    "needs from the start": (
        COPY_OF_AN_ORDER.format(
            columns=", approvals_needed, policy",
            values=""", 0, '{{"rules": [], "levels": []}}'""",
            total=0,
            status="CREATED",
            completed="{completed}",
        ),
        "is said when it is validated, not before",
    ),
    "needs without a rule": (
        "UPDATE orders_order SET approvals_needed = 0 WHERE id = {validated}",
        "order_needs_one_approval_unless_a_rule_says_otherwise",
    ),
    "another change of the policy": ("UPDATE orders_policychange SET actor = 'mallory'", "are only ever added"),
    "a change of the policy, yesterday": (
        "INSERT INTO orders_policychange (at, actor, subject, subject_id, name, action, after) "
        "VALUES (now() - interval '1 day', 'x', 'RULE', 1, 'x', 'ADDED', 'null')",
        "tells of now",
    ),
    "a rule that asks for less": (
        "UPDATE orders_policyrule SET approvals_needed = 0 WHERE id = {rule}",
        "a rule of the policy is added, changed or removed together with its history",
    ),
    "a rule that is switched off": (
        "UPDATE orders_policyrule SET is_enabled = NOT is_enabled WHERE id = {rule}",
        "together with its history",
    ),
    "a rule that nobody wrote": (
        "INSERT INTO orders_policyrule (name, precedence, is_enabled, currency, countries, is_new_customer, "
        "has_new_address, is_same_basket, skus, weekdays, was_declined, approvals_needed, explanation) "
        "VALUES ('forged', 1, true, '', '{{}}', false, false, false, '{{}}', '{{}}', false, 0, '')",
        "together with its history",
    ),
    "a rule that goes": ("DELETE FROM orders_policyrule WHERE id = {rule}", "together with its history"),
    "a rule under another id": (
        "UPDATE orders_policyrule SET id = 4711 WHERE id = {rule}",
        "a rule of the policy keeps its id",
    ),
    "a rule with a history of something else": (
        CHANGE_OF_RULE.format(after="approvals_needed") + LESS_ASKED,
        "together with its history",
    ),
    "a rule with the history of another transaction": (
        CHANGE_OF_RULE.format(after="approvals_needed")
        .replace("after)", "after, transaction_id)")
        .replace(" FROM", ", pg_current_xact_id()::text::bigint + 1 FROM"),
        "a change of the policy is written down in its own transaction",
    ),
    "a limit that nobody set": (
        "INSERT INTO orders_approvallimit (account_id, currency, amount) VALUES ({bob}, 'EUR', 1)",
        "a limit of the policy is added, changed or removed together with its history",
    ),
    # Decisions and history.
    "an event of yesterday": (EVENT.format(waiting="{waiting}", at="now() - interval '1 day'"), "tells of now"),
    "an event of tomorrow": (EVENT.format(waiting="{waiting}", at="now() + interval '1 day'"), "tells of now"),
    "an event": ("UPDATE orders_orderevent SET actor = 'mallory' WHERE order_id = {paid}", "are only ever added"),
    "a decision without an account": (
        DECISION.format(waiting="{waiting}", account="NULL", own="false", channel="CONSOLE"),
        "decision_in_the_console_or_by_api_names_an_account",
    ),
    "a decision through no channel": (
        DECISION.format(waiting="{waiting}", account="7", own="false", channel="NOISE"),
        "decision_in_the_console_or_by_api_names_an_account",
    ),
    "an own approval without a reason": (
        DECISION.format(waiting="{waiting}", account="7", own="true", channel="CONSOLE"),
        "decision_on_an_own_order_has_a_reason",
    ),
    "another actor": ("UPDATE orders_decision SET actor = 'mallory' WHERE order_id = {paid}", "stays as it is"),
    # Money.
    "a payment unlike its order": (
        PAYMENT_OF
        + "SELECT payment_id, id, 1, currency, 'PENDING', 'simulated', '' FROM orders_order WHERE id = {waiting}",
        "has to be of 2500 EUR as its order asks",
    ),
    "a payment in another currency": (
        PAYMENT_OF
        + "SELECT payment_id, id, total, 'JPY', 'PENDING', 'simulated', '' FROM orders_order WHERE id = {waiting}",
        "has to be of 2500 EUR as its order asks",
    ),
    "a charge out of nothing": (
        PAYMENT_OF
        + "SELECT payment_id, id, total, currency, 'CHARGED', 'x', 'x' FROM orders_order WHERE id = {waiting}",
        "has to begin as PENDING",
    ),
    "a second payment": (
        PAYMENT_OF + "SELECT 'pay-FORGED', id, total, currency, 'PENDING', 'x', '' FROM orders_order WHERE id = {paid}",
        "has to be of|orders_payment_order_id_key",
    ),
    "an amount": ("UPDATE orders_payment SET amount = 1 WHERE order_id = {paid}", "never change"),
    "back to pending": (
        "UPDATE orders_payment SET status = 'PENDING' WHERE order_id = {paid}",
        "a payment that is CHARGED cannot become PENDING",
    ),
    "a status that is none": (
        "UPDATE orders_payment SET status = 'NONSENSE' WHERE order_id = {paid}",
        "a payment that is CHARGED cannot become NONSENSE",
    ),
    "a reference": (
        "UPDATE orders_payment SET gateway_reference = 'x' WHERE order_id = {paid}",
        "reference of payment",
    ),
    "a refund above the charge": (
        REFUND.format(amount="2501", currency="EUR", status="PENDING", order="{paid}"),
        "would exceed its charge of 2500 EUR",
    ),
    "a refund in another currency": (
        REFUND.format(amount="1", currency="JPY", status="PENDING", order="{paid}"),
        "would exceed its charge of 2500 EUR",
    ),
    "a refund of what was given back": (
        REFUND.format(amount="1", currency="EUR", status="PENDING", order="{cancelled}"),
        "is REFUNDED, and nothing of it can be refunded",
    ),
    "a refund that nobody made": (
        REFUND.format(amount="1", currency="EUR", status="SUCCEEDED", order="{paid}"),
        "nothing of it can be refunded|refund_has_a_time",
    ),
    "an attempt's outcome": (
        "UPDATE orders_paymentattempt SET outcome = 'FAILED' "
        "WHERE payment_id = (SELECT payment_id FROM orders_payment WHERE order_id = {paid})",
        "was answered and stays as it is",
    ),
    "a second charge at the gateway": (
        MOVEMENT.format(kind="CHARGE", amount="amount", order="{paid}"),
        "charges or voids a key once",
    ),
    "a refund at the gateway of ten times the charge": (
        MOVEMENT.format(kind="REFUND", amount="amount * 10", order="{paid}"),
        "gives back no more than it took",
    ),
    "a second refund at the gateway": (
        MOVEMENT.format(kind="REFUND", amount="1", order="{cancelled}"),
        "gives back no more than it took",
    ),
} | {
    f"{table} emptied of rows": (f"DELETE FROM {table}", "are never removed")
    for table in (
        *("orders_order", "orders_orderline", "orders_orderevent", "orders_decision", "orders_payment"),
        *("orders_paymentattempt", "orders_refund", "orders_shipment", "orders_outboxmessage"),
        *("simulated_gateway_movement", "simulated_carrier_booking", "orders_policychange"),
        *("orders_gatewayevent", "orders_batch", "orders_batchitem"),
    )
}
ALL = FORGERIES | MORE_FORGERIES
# What PostgreSQL says where a rule of these tables is broken.
OF_MONEY = (
    *("orders_orderline", "orders_payment", "orders_paymentattempt", "orders_refund", "orders_refundfollowup"),
    *("simulated_gateway_movement", "orders_gatewayevent", "orders_policyrule", "orders_approvallimit"),
    *("orders_policychange", "orders_batch", "orders_batchitem"),
)
SOURCES = (
    "SELECT DISTINCT prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE tgrelid::regclass::text = ANY(%s) AND NOT tgisinternal"
)
RAISED = r"RAISE EXCEPTION\s+'((?:''|[^'])*)'"
# Tried elsewhere: in a transaction of another isolation below; by the role that may empty a table at all.
UNTRIED = {
    "refunds are only written in read committed transactions",
    "rows of % are removed one by one, each with its history",
}


@pytest.fixture(scope="module")
def orders(server: dict[str, Any]) -> dict[str, int]:
    made = run(server, "console_app", "shell", "--no-imports", "-c", f"{ORDERS}{ROWS}{TELL}")
    ids: dict[str, int] = json.loads(made.splitlines()[-1])
    return ids


@pytest.mark.parametrize("name", ALL)
def test_it_is_refused(server: dict[str, Any], orders: dict[str, int], name: str) -> None:
    statement, sentence = ALL[name]
    with connect(server, "console_app") as connection, pytest.raises(psycopg.Error, match=sentence) as caught:
        connection.execute(statement.format(**orders))
    assert isinstance(caught.value, psycopg.errors.IntegrityError), caught.value


def test_every_rule_of_money_and_policy_is_tried(server: dict[str, Any], orders: dict[str, int]) -> None:
    """A rule that no forgery meets may as well not be there."""
    said = set()
    with connect(server, "console_app") as connection:
        for statement, _ in ALL.values():
            try:
                connection.execute(statement.format(**orders))
            except psycopg.Error as error:
                said.add(str(error.diag.message_primary))
        sources = [source for (source,) in connection.execute(SOURCES, [list(OF_MONEY)])]
    sentences = {found.replace("''", "'") for source in sources for found in re.findall(RAISED, source)}
    patterns = {sentence: ".*".join(map(re.escape, sentence.split("%"))) for sentence in sentences}
    met = {sentence for sentence, pattern in patterns.items() if any(re.fullmatch(pattern, each) for each in said)}
    assert sentences - met == UNTRIED


def test_a_refund_is_written_in_a_view_of_now_alone(server: dict[str, Any], orders: dict[str, int]) -> None:
    statement = REFUND.format(amount="1", currency="EUR", status="PENDING", order=orders["paid"])
    with connect(server, "console_app") as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg.errors.CheckViolation, match="only written in read committed"):
            connection.execute(statement)
