"""How long `manage.py verify` takes over all orders, each with its whole history and the books of others."""

import time

from django.db import connection

from orders.proof.verify import verify_orders
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.plain_orders import fill
from tests.database import past_the_rules

# What belongs to an order that was completed, beside its row and its lines.
COMPLETED = "FROM orders_order AS o WHERE status = 'COMPLETED'"
FILL = (
    """
    INSERT INTO orders_orderevent (order_id, key, kind, data, actor)
    SELECT o.id, kind, kind, '{}', '' FROM orders_order AS o, unnest(ARRAY['order.submitted', 'run.started',
        'order.validated', 'order.awaiting_approval']) AS kind
    """,
    """
    INSERT INTO orders_orderevent (order_id, key, kind, data, actor)
    SELECT o.id, kind, kind, '{}', '' FROM orders_order AS o, unnest(ARRAY['order.charging', 'payment.charged',
        'order.paid', 'order.package_prepared', 'order.dispatched', 'order.completed']) AS kind
    WHERE status = 'COMPLETED'
    """,
    f"""
    INSERT INTO orders_orderevent (order_id, key, kind, data, actor)
    SELECT o.id, 'decision:' || payment_id, 'decision.approved', '{{}}', 'bob' {COMPLETED}
    """,
    f"""
    INSERT INTO orders_decision (decision_id, order_id, kind, actor, actor_account_id, is_own_order, channel, reason,
        outcome, answered_at) SELECT payment_id, id, 'approve', 'bob', 2, FALSE, 'CONSOLE', '', 'ACCEPTED', now()
    {COMPLETED}
    """,
    """
    INSERT INTO orders_outboxmessage (order_id, key, name, payload, status, attempts, last_error)
    SELECT id, 'start:' || order_id, 'start', '{}', 'DELIVERED', 1, '' FROM orders_order
    """,
    f"""
    INSERT INTO orders_outboxmessage (order_id, key, name, payload, status, attempts, last_error)
    SELECT id, 'decision:' || payment_id, 'approve_order', '{{}}', 'DELIVERED', 1, '' {COMPLETED}
    """,
    f"""
    INSERT INTO orders_payment (payment_id, order_id, amount, currency, status, gateway, gateway_reference)
    SELECT payment_id, id, total, currency, 'CHARGED', 'simulated', 'ref-' || id {COMPLETED}
    """,
    """
    INSERT INTO orders_paymentattempt (payment_id, kind, outcome, error, finished_at)
    SELECT payment_id, 'CHARGE', 'SUCCEEDED', '', now() FROM orders_payment
    """,
    f"""
    INSERT INTO simulated_gateway_movement (idempotency_key, kind, amount, currency, merchant_reference, reference)
    SELECT payment_id, 'CHARGE', total, currency, order_id, 'ref-' || id {COMPLETED}
    """,
    f"""
    INSERT INTO orders_shipment (shipment_id, order_id, status, package_reference, carrier, tracking_number)
    SELECT 'shipping-' || order_id, id, 'DISPATCHED', 'p', 'Simulated Parcel', 'SP' || id {COMPLETED}
    """,
    f"""
    INSERT INTO simulated_carrier_booking (shipment_id, tracking_number)
    SELECT 'shipping-' || order_id, 'SP' || id {COMPLETED}
    """,
)


def measure(scale: Scale) -> list[Figure]:
    """Fill all tables and verify them; every rule has to hold, or the fill itself is wrong."""
    fill(scale.orders)
    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in FILL:
            cursor.execute(statement)
        cursor.execute("ANALYZE")
    begin = time.perf_counter()
    found = verify_orders()
    seconds = time.perf_counter() - begin
    assert not found.broken, found.broken
    return [Figure(f"all rules over {found.orders:,} orders", seconds, "s", target="≤ 60")]
