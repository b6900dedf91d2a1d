"""What is always true between the console's tables and the books of the simulated gateway and carrier.

The books are read in SQL, because they are tables here. A gateway elsewhere is asked order by order, by the audit.
"""

from typing import Final

from orders.payments.gateways.simulated import SimulatedGateway
from orders.proof.invariant import Invariant
from orders.shipping.partners.simulated import SimulatedCarrier

# What the simulated gateway did for each order, and the payments that are with it.
BOOKS: Final = f"""
WITH moved AS (
    SELECT merchant_reference AS order_id,
        count(*) FILTER (WHERE kind = 'CHARGE') AS charges,
        coalesce(sum(amount) FILTER (WHERE kind = 'CHARGE'), 0) AS charged,
        coalesce(sum(amount) FILTER (WHERE kind = 'REFUND'), 0) AS refunded
    FROM simulated_gateway_movement GROUP BY merchant_reference
), given_back AS (
    SELECT payment_id, coalesce(sum(amount) FILTER (WHERE status = 'SUCCEEDED'), 0) AS sum,
        bool_or(status = 'PENDING') AS is_open
    FROM orders_refund GROUP BY payment_id
), known AS (
    SELECT o.order_id, o.status AS order_status, o.total, p.payment_id, p.status, p.amount
    FROM orders_order AS o LEFT JOIN orders_payment AS p ON p.order_id = o.id
    WHERE coalesce(p.gateway, '') IN ('', '{SimulatedGateway.name}')
)
"""

OF_BOOKS: Final = (
    Invariant(
        "charged_once",
        "The gateway charged no order more than once.",
        BOOKS + "SELECT order_id FROM moved WHERE charges > 1",
    ),
    Invariant(
        "one_charge_per_key",
        "The gateway charged no key more than once.",
        "SELECT idempotency_key FROM simulated_gateway_movement WHERE kind = 'CHARGE' "
        "GROUP BY idempotency_key HAVING count(*) > 1",
    ),
    Invariant(
        "gateway_knows_no_stranger",
        "Every order that the gateway charged is one of the console's.",
        BOOKS + "SELECT order_id FROM moved WHERE NOT EXISTS (SELECT FROM orders_order AS o "
        "WHERE o.order_id = moved.order_id)",
    ),
    Invariant(
        "gateway_has_the_charge",
        "What is charged here is charged at the gateway, with the same amount.",
        BOOKS
        + """
        SELECT known.order_id FROM known LEFT JOIN moved ON moved.order_id = known.order_id
        WHERE known.status IN ('CHARGED', 'REFUNDED') AND moved.charged IS DISTINCT FROM known.amount
        """,
    ),
    Invariant(
        "console_has_the_charge",
        "What is charged at the gateway is charged here, unless the answer is still awaited.",
        BOOKS
        + """
        SELECT known.order_id FROM moved JOIN known ON known.order_id = moved.order_id
        WHERE moved.charges > 0 AND known.order_status NOT IN ('CHARGING_PAYMENT', 'CANCELLING')
            AND (known.payment_id IS NULL OR known.status NOT IN ('CHARGED', 'REFUNDED'))
        """,
    ),
    Invariant(
        "refunds_agree",
        "The refunds here are those of the gateway, unless one is still awaited.",
        BOOKS
        + """
        SELECT known.order_id FROM known LEFT JOIN moved ON moved.order_id = known.order_id
        LEFT JOIN given_back ON given_back.payment_id = known.payment_id
        WHERE coalesce(moved.refunded, 0) <> coalesce(given_back.sum, 0)
            AND known.order_status <> 'CANCELLING' AND NOT coalesce(given_back.is_open, FALSE)
        """,
    ),
    Invariant(
        "cancelled_order_leaves_nothing_at_gateway",
        "The gateway keeps no money of a cancelled order.",
        BOOKS
        + """
        SELECT known.order_id FROM known JOIN moved ON moved.order_id = known.order_id
        WHERE known.order_status = 'CANCELLED' AND moved.charged <> moved.refunded
        """,
    ),
    Invariant(
        "cancelled_order_is_released_at_gateway",
        "The gateway holds no authorisation of a cancelled order.",
        """
        SELECT o.order_id FROM orders_order AS o
        JOIN simulated_gateway_movement AS m ON m.merchant_reference = o.order_id
        WHERE o.status = 'CANCELLED' GROUP BY o.order_id
        HAVING bool_or(m.kind = 'AUTH') AND NOT bool_or(m.kind IN ('VOID', 'CHARGE'))
        """,
    ),
    Invariant(
        "carrier_has_the_parcel",
        "The carrier has the parcel of every order that is dispatched or completed.",
        f"""
        SELECT o.order_id FROM orders_order AS o
        LEFT JOIN orders_shipment AS s ON s.order_id = o.id
        LEFT JOIN simulated_carrier_booking AS b ON b.shipment_id = 'shipping-' || o.order_id AND b.recalled_at IS NULL
        WHERE o.status IN ('DISPATCHED', 'COMPLETED') AND b.id IS NULL
            AND coalesce(s.carrier, '') IN ('', '{SimulatedCarrier.name}')
        """,
    ),
    Invariant(
        "carrier_has_no_other_parcel",
        "Every parcel that the carrier has is one of an order that is being shipped, or was.",
        """
        SELECT substr(b.shipment_id, 10) FROM simulated_carrier_booking AS b
        LEFT JOIN orders_order AS o ON b.shipment_id = 'shipping-' || o.order_id
        WHERE b.recalled_at IS NULL AND (
            o.id IS NULL OR o.status NOT IN ('PACKAGE_PREPARED', 'DISPATCHED', 'COMPLETED', 'CANCELLING')
        )
        """,
    ),
)
