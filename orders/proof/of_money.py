"""What is always true of payments, refunds and shipments, by the console's own tables."""

from typing import Final

from orders.proof.invariant import Invariant

OF_MONEY: Final = (
    Invariant(
        "payment_is_of_its_order",
        "A payment has the key, amount and currency of its order.",
        """
        SELECT o.order_id FROM orders_payment AS p JOIN orders_order AS o ON o.id = p.order_id
        WHERE (p.payment_id, p.amount, p.currency) <> (o.payment_id, o.total, o.currency)
        """,
    ),
    Invariant(
        "paid_order_is_charged",
        "An order that is paid, or further, was charged, or costs nothing.",
        """
        SELECT o.order_id FROM orders_order AS o LEFT JOIN orders_payment AS p ON p.order_id = o.id
        WHERE o.status IN ('PAID', 'PACKAGE_PREPARED', 'DISPATCHED', 'COMPLETED') AND (
            p.payment_id IS NULL
            OR o.total > 0 AND p.status NOT IN ('CHARGED', 'REFUNDED')
            OR o.total = 0 AND p.status <> 'NOTHING_DUE'
        )
        """,
    ),
    Invariant(
        "cancelled_order_keeps_nothing",
        "A cancelled order keeps no money.",
        """
        SELECT o.order_id FROM orders_order AS o JOIN orders_payment AS p ON p.order_id = o.id
        WHERE o.status = 'CANCELLED' AND p.status NOT IN ('REFUNDED', 'DECLINED', 'RELEASED', 'NOTHING_DUE')
        """,
    ),
    Invariant(
        "refunds_stay_below_charge",
        "The refunds of a payment never exceed its charge.",
        """
        SELECT o.order_id FROM orders_refund AS r JOIN orders_payment AS p ON p.payment_id = r.payment_id
        JOIN orders_order AS o ON o.id = p.order_id WHERE r.status IN ('PENDING', 'SUCCEEDED')
        GROUP BY o.order_id, p.amount, p.currency
        HAVING sum(r.amount) > p.amount OR bool_or(r.currency <> p.currency)
        """,
    ),
    Invariant(
        "refunded_payment_is_refunded",
        "The refunds of a refunded payment add up to its charge.",
        """
        SELECT o.order_id FROM orders_payment AS p JOIN orders_order AS o ON o.id = p.order_id
        LEFT JOIN orders_refund AS r ON r.payment_id = p.payment_id AND r.status = 'SUCCEEDED'
        WHERE p.status = 'REFUNDED' GROUP BY o.order_id, p.amount HAVING coalesce(sum(r.amount), 0) <> p.amount
        """,
    ),
    Invariant(
        "no_refund_is_open_at_the_end",
        "No refund waits once its order is cancelled.",
        """
        SELECT o.order_id FROM orders_refund AS r JOIN orders_payment AS p ON p.payment_id = r.payment_id
        JOIN orders_order AS o ON o.id = p.order_id WHERE r.status = 'PENDING' AND o.status = 'CANCELLED'
        """,
    ),
    Invariant(
        "charge_is_told_once",
        "The history tells of a charge exactly once where the payment is charged.",
        """
        WITH told AS (SELECT order_id, count(*) AS count FROM orders_orderevent WHERE kind = 'payment.charged'
            GROUP BY order_id)
        SELECT o.order_id FROM orders_payment AS p JOIN orders_order AS o ON o.id = p.order_id
        LEFT JOIN told ON told.order_id = p.order_id
        WHERE p.status = 'CHARGED' AND told.count IS DISTINCT FROM 1 OR told.count > 1
        """,
    ),
    Invariant(
        "charge_was_answered",
        "A charged payment has an attempt that succeeded, or that found the charge.",
        """
        SELECT o.order_id FROM orders_payment AS p JOIN orders_order AS o ON o.id = p.order_id
        WHERE p.status = 'CHARGED' AND NOT EXISTS (
            SELECT FROM orders_paymentattempt AS a
            WHERE a.payment_id = p.payment_id AND a.kind IN ('CHARGE', 'CAPTURE', 'VOID') AND a.outcome = 'SUCCEEDED'
        )
        """,
    ),
    Invariant(
        "decided_while_it_is_held",
        "An order is decided before the gateway lets go of what was authorised for it.",
        """
        SELECT o.order_id FROM orders_payment AS p JOIN orders_order AS o ON o.id = p.order_id
        WHERE p.authorised_until IS NOT NULL AND o.approval_deadline >= p.authorised_until
        """,
    ),
    Invariant(
        "shipped_order_has_parcel",
        "An order that is dispatched or completed has a parcel with a tracking number.",
        """
        SELECT o.order_id FROM orders_order AS o LEFT JOIN orders_shipment AS s ON s.order_id = o.id
        WHERE o.status IN ('DISPATCHED', 'COMPLETED')
            AND (s.shipment_id IS NULL OR s.status IN ('PREPARED', 'RECALLED') OR s.tracking_number = '')
        """,
    ),
    Invariant(
        "cancelled_order_ships_nothing",
        "The parcel of a cancelled order is called back.",
        """
        SELECT o.order_id FROM orders_shipment AS s JOIN orders_order AS o ON o.id = s.order_id
        WHERE o.status = 'CANCELLED' AND s.status <> 'RECALLED'
        """,
    ),
)
