"""More forgeries: of what is held, given back, asked of gateways and told by them, and of batches.

Each is a statement, with what has to be refused; `{name}` is the id of a row that ROWS makes.
"""

from typing import Final

# Makes what the forgeries here are tried on; it follows what makes the orders.
ROWS: Final = """
from django.test import override_settings
from django.utils import timezone
from orders.decisions.batches import create_batch
from orders.decisions.refunds import request_refund
from orders.intake.submission import submit_order
from orders.models import Batch, BatchItem, GatewayEvent, Order, Refund, RefundFollowUp
from tests.making import Colleague, approve, make_draft

with override_settings(PAYMENT_CAPTURE="authorised"):
    held = build_order(payment_method="sim_auth_2500_EUR")
    unbound = build_order("VALIDATED", payment_method="sim_auth_2500_EUR")
packed, cancelling = build_order("PACKAGE_PREPARED"), build_order("CANCELLING", cancelled_from="PAID")
sold = build_order("COMPLETED")
refunds = [
    request_refund(sold, actor=Colleague("bob"), key=f"part-{number}", amount=100, reason="Scratched", sends_now=False)
    for number in range(3)
]
Refund.objects.filter(pk=refunds[1].pk).update(status="FAILED", finished_at=timezone.now())
events = [GatewayEvent.objects.create(gateway="x", event_id=f"evt-{number}", kind="x", payload={}) for number in (1, 2)]
GatewayEvent.objects.filter(pk=events[1].pk).update(handled_at=timezone.now(), outcome="NO_PAYMENT")
bob = make_user("bob", "approver")
batches = [create_batch([kinds["waiting"].pk, kinds["created"].pk], "approve", actor=bob) for _ in range(2)]
Batch.objects.filter(pk=batches[1].pk).update(state="STOPPED", ended_at=timezone.now())
item = BatchItem.objects.filter(batch=batches[0]).first()
BatchItem.objects.filter(pk=item.pk).update(result="TAKEN", decided_by="bob", done_at=timezone.now())
asking = approve(build_order())
carol = make_user("carol", "clerk")
own = submit_order(make_draft(), actor=carol, idempotency_key="own", sends_now=False)
more = {
    "held": held.pk, "unbound": unbound.pk, "packed": packed.pk, "cancelling": cancelling.pk, "sold": sold.pk,
    "asked": refunds[0].pk, "failed": refunds[1].pk, "other": refunds[2].pk,
    "event": events[0].pk, "handled": events[1].pk,
    "batch": batches[0].pk, "ended": batches[1].pk, "item": item.pk, "own": own.pk, "asking": asking.pk,
}
"""

PAYMENT: Final = (
    "INSERT INTO orders_payment (payment_id, order_id, amount, currency, status, gateway, gateway_reference, "
    "request_hash) SELECT payment_id, id, total, currency, 'PENDING', 'simulated', '', {hash} "
    "FROM orders_order WHERE id = {order}"
)
ATTEMPT: Final = (
    "INSERT INTO orders_paymentattempt (payment_id, kind, outcome, error, request_hash) "
    "SELECT payment_id, 'CHARGE', 'UNKNOWN', '', 'forged' FROM orders_payment WHERE order_id = {paid}"
)
FOLLOW_UP: Final = (
    "INSERT INTO orders_refundfollowup (refund_id, kind, note, actor, channel, again_id) "
    "VALUES ({refund}, '{kind}', 'x', 'bob', 'CONSOLE', {again})"
)
BOUND: Final = "payment_request_hash(payment_id, order_id, total, currency, payment_method)"
SAME_REFERENCE: Final = (
    "UPDATE orders_payment AS other SET status = 'AUTHORISED', gateway_reference = held.gateway_reference, "
    "authorised_until = now() FROM orders_payment AS held WHERE held.order_id = {held} AND other.order_id = {unbound}"
)
CANCELLED: Final = (
    "UPDATE orders_order SET status = 'CANCELLING', reason_code = 'STAFF' WHERE id = {order}; "
    "UPDATE orders_order SET status = 'CANCELLED' WHERE id = {order}"
)
GIVEN_BACK: Final = (
    "INSERT INTO simulated_gateway_movement (idempotency_key, refund_key, kind, amount, currency, merchant_reference, "
    "reference) SELECT simulated_gateway_movement.idempotency_key, 'twice', 'REFUND', 1, "
    "simulated_gateway_movement.currency, merchant_reference, 'forged' "
    "FROM simulated_gateway_movement JOIN orders_order ON merchant_reference = order_id "
    "WHERE orders_order.id = {paid} AND kind = 'CHARGE'"
)

MORE_FORGERIES: Final = {
    # What an order is about, and what its status stands on.
    "one more line": (
        "INSERT INTO orders_orderline (order_id, position, sku, description, quantity, unit_price) "
        "VALUES ({paid}, 9, 'B', 'B', 1, 1)",
        "gets no more lines once it was submitted",
    ),
    "another payment method": (
        "UPDATE orders_order SET payment_method = 'pm_of_mallory' WHERE id = {waiting}",
        "what order .* is paid with never changes",
    ),
    "a parcel that is not there": (
        "UPDATE orders_order SET status = 'DISPATCHED' WHERE id = {packed}",
        "cannot become DISPATCHED without a parcel that the carrier has",
    ),
    "a completed order that was not dispatched": (
        "UPDATE orders_order SET status = 'COMPLETED' WHERE id = {paid}",
        "an order that is PAID cannot become COMPLETED",
    ),
    "a cancelled order without its money back": (
        CANCELLED.format(order="{paid}"),
        "cannot become CANCELLED without its money back",
    ),
    "a cancelled order whose money is held": (
        CANCELLED.format(order="{held}"),
        "cannot become CANCELLED while its payment is not closed",
    ),
    "an own approval that does not say so": (
        "INSERT INTO orders_decision (decision_id, order_id, kind, actor, actor_account_id, is_own_order, channel, "
        "reason, outcome) "
        "SELECT 'forged', id, 'approve', 'carol', submitter_account_id, false, 'CONSOLE', '', 'PENDING' "
        "FROM orders_order WHERE id = {own}",
        "approves an order that the same account submitted, and does not say so",
    ),
    "another answer to a decision": (
        "UPDATE orders_decision SET kind = 'cancel' WHERE order_id = {asking} AND outcome = 'PENDING'",
        "of decision .* nothing may change but its answer",
    ),
    # What is held.
    "a release that the gateway does not know": (
        "UPDATE orders_payment SET status = 'RELEASED' WHERE order_id = {held}",
        "is released once its gateway has said so",
    ),
    "money that is held for longer": (
        "UPDATE orders_payment SET authorised_until = now() + interval '1 year' WHERE order_id = {held}",
        "until when payment .* is held never changes",
    ),
    "a wait for longer than the money is held": (
        "UPDATE orders_order SET approval_deadline = now() + interval '1 year' WHERE id = {held}",
        "would wait longer than its money is held",
    ),
    "an authorisation of two payments": (
        f"{PAYMENT.format(hash=BOUND, order='{unbound}')}; {SAME_REFERENCE}",
        "authorisation_is_of_one_payment",
    ),
    # What a key is bound to.
    "a payment that is bound to nothing": (
        PAYMENT.format(hash="'forged'", order="{unbound}"),
        "is not bound to what its order asks",
    ),
    "an attempt to charge something else": (ATTEMPT, "is bound to something else than this attempt asks for"),
    "another question in an attempt": (
        "UPDATE orders_paymentattempt SET kind = 'REFUND' WHERE payment_id = "
        "(SELECT payment_id FROM orders_payment WHERE order_id = {charging})",
        "of payment attempt .* nothing may change but its answer",
    ),
    "a capture of more than is held, at the gateway": (
        "INSERT INTO simulated_gateway_movement (idempotency_key, kind, amount, currency, merchant_reference, "
        "reference) SELECT simulated_gateway_movement.idempotency_key, 'CHARGE', amount * 2, "
        "simulated_gateway_movement.currency, "
        "merchant_reference, 'forged' FROM simulated_gateway_movement "
        "JOIN orders_order ON merchant_reference = order_id WHERE orders_order.id = {held}",
        "was used for another amount",
    ),
    "a refund at the gateway under one key twice": (
        GIVEN_BACK + "; " + GIVEN_BACK.replace("'forged'", "'again'"),
        "gives back once under twice, and it was used",
    ),
    # Refunds, and what people did about them.
    "another amount of a refund": (
        "UPDATE orders_refund SET amount = 1 WHERE id = {asked}",
        "of refund .* nothing may change but its answer",
    ),
    "a refund that failed, done": (
        "UPDATE orders_refund SET status = 'SUCCEEDED' WHERE id = {failed}",
        "refund .* was answered and stays as it is",
    ),
    "a task about a refund that did not fail": (
        FOLLOW_UP.format(refund="{asked}", kind="SETTLED", again="NULL"),
        "did not fail, so that nothing is done about it",
    ),
    "a refund that is tried again as that of another order": (
        FOLLOW_UP.format(
            refund="{failed}", kind="AGAIN", again="(SELECT max(id) FROM orders_refund WHERE key LIKE 'cancellation:%')"
        ),
        "is tried again as another one",
    ),
    # What gateways told.
    "another event of a gateway": (
        "UPDATE orders_gatewayevent SET payload = '7' WHERE id = {event}",
        "of gateway event .* nothing may change but how it was handled",
    ),
    "an event that was handled otherwise": (
        "UPDATE orders_gatewayevent SET outcome = 'WOKEN' WHERE id = {handled}",
        "was handled and stays as it is",
    ),
    # Batches.
    "a batch of something else": (
        "UPDATE orders_batch SET kind = 'cancel' WHERE id = {batch}",
        "of batch .* nothing may change but how far it is",
    ),
    "a batch that goes on after its end": (
        "UPDATE orders_batch SET state = 'RUNNING', ended_at = NULL WHERE id = {ended}",
        "batch .* has ended and stays as it is",
    ),
    "a batch that is done before its last order": (
        "UPDATE orders_batch SET state = 'DONE', ended_at = now() WHERE id = {batch}",
        "is not done: some of its orders have no result",
    ),
    "a second result in a batch": (
        "UPDATE orders_batchitem SET result = 'FAILED' WHERE id = {item}",
        "in its batch is written once",
    ),
}
