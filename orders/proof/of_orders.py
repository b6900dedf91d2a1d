"""What is always true of orders, their history, their decisions and their messages."""

from typing import Final

from orders.events import STATUS_KINDS
from orders.proof.invariant import Invariant
from orders.states import FINAL, HAPPY_PATH, Status

# How far along its way each status is; those of the side way come after all others.
RANKS: Final = {status: rank for rank, status in enumerate((*HAPPY_PATH, Status.CANCELLING, Status.CANCELLED))}
RANK_ROWS: Final = ", ".join(f"('{STATUS_KINDS[status]}', '{status}', {rank})" for status, rank in RANKS.items())
CLOSED: Final = ", ".join(f"'{status}'" for status in sorted(FINAL))
CHARGED_ON_ITS_WAY: Final = ", ".join(
    f"'{status}'" for status in HAPPY_PATH[HAPPY_PATH.index(Status.CHARGING_PAYMENT) :]
)

OF_ORDERS: Final = (
    Invariant(
        "total_is_sum_of_lines",
        "The total of an order is the sum of its lines.",
        """
        WITH lines AS (
            SELECT order_id, sum(quantity::numeric * unit_price) AS sum FROM orders_orderline GROUP BY order_id
        )
        SELECT o.order_id FROM orders_order AS o LEFT JOIN lines ON lines.order_id = o.id
        WHERE o.total <> coalesce(lines.sum, 0)
        """,
    ),
    Invariant(
        "status_is_told",
        "The history of an order tells of its status, and of every status before it.",
        # One walk through all events, of which an order has more than of anything else.
        f"""
        WITH way (kind, status, rank) AS (VALUES {RANK_ROWS}), told AS (
            SELECT event.order_id, count(*) AS count, max(way.rank) AS rank
            FROM orders_orderevent AS event JOIN way ON way.kind = event.kind GROUP BY event.order_id
        )
        SELECT o.order_id FROM orders_order AS o JOIN way ON way.status = o.status
        LEFT JOIN told ON told.order_id = o.id
        WHERE told.rank IS DISTINCT FROM way.rank
            OR o.status NOT IN ('CANCELLING', 'CANCELLED') AND told.count <> told.rank + 1
            OR o.status = 'CANCELLED' AND told.count < 3  -- created, cancelling, cancelled
        """,
    ),
    Invariant(
        "charge_was_approved",
        "An order that is charged, or further, was approved by somebody.",
        f"""
        SELECT o.order_id FROM orders_order AS o WHERE o.status IN ({CHARGED_ON_ITS_WAY}) AND NOT EXISTS (
            SELECT FROM orders_decision AS d
            WHERE d.order_id = o.id AND d.kind = 'approve' AND d.outcome IN ('PENDING', 'ACCEPTED', 'REPEATED')
        )
        """,
    ),
    Invariant(
        "policy_was_followed",
        "An order that needs several approvals was approved by as many accounts before it was charged.",
        f"""
        SELECT o.order_id FROM orders_order AS o LEFT JOIN orders_decision AS d ON d.order_id = o.id
            AND d.kind = 'approve' AND d.outcome IN ('PENDING', 'ACCEPTED', 'REPEATED')
            AND d.channel IN ('CONSOLE', 'API') AND NOT d.is_own_order
            AND d.actor_account_id IS DISTINCT FROM o.submitter_account_id
        WHERE o.approvals_needed > 1 AND o.status IN ({CHARGED_ON_ITS_WAY})
        GROUP BY o.id, o.order_id, o.approvals_needed HAVING count(DISTINCT d.actor_account_id) < o.approvals_needed
        """,
    ),
    Invariant(
        "own_approval_is_marked",
        "No account approves an order that it submitted without the decision saying so.",
        """
        SELECT o.order_id FROM orders_order AS o JOIN orders_decision AS d ON d.order_id = o.id
        WHERE d.kind = 'approve' AND d.actor_account_id = o.submitter_account_id AND NOT d.is_own_order
        """,
    ),
    Invariant(
        "decisions_are_answered",
        "Every decision on a closed order is answered.",
        f"""
        SELECT o.order_id FROM orders_decision AS d JOIN orders_order AS o ON o.id = d.order_id
        WHERE d.outcome = 'PENDING' AND o.status IN ({CLOSED})
        """,
    ),
    Invariant(
        "cancellation_took_effect",
        "An order whose cancellation was accepted is not completed.",
        """
        SELECT o.order_id FROM orders_decision AS d JOIN orders_order AS o ON o.id = d.order_id
        WHERE d.kind = 'cancel' AND d.outcome = 'ACCEPTED' AND o.status = 'COMPLETED'
        """,
    ),
    Invariant(
        "decision_shown_was_taken",
        "The decision that an order shows is one that was taken on it.",
        """
        SELECT o.order_id FROM orders_order AS o WHERE o.decision <> '' AND NOT EXISTS (
            SELECT FROM orders_decision AS d WHERE d.order_id = o.id
                AND (d.decision_id, d.kind, d.actor) = (o.decision_id, o.decision, o.decided_by)
        )
        """,
    ),
    Invariant(
        "decision_is_told",
        "The history tells of every decision.",
        """
        SELECT o.order_id FROM orders_decision AS d JOIN orders_order AS o ON o.id = d.order_id
        WHERE NOT EXISTS (
            SELECT FROM orders_orderevent AS e WHERE e.order_id = d.order_id
                AND e.key IN ('decision:' || d.decision_id, 'decision-refused:' || d.decision_id)
        )
        """,
    ),
    Invariant(
        "order_has_start_message",
        "Every order has the message that starts its workflow.",
        """
        SELECT o.order_id FROM orders_order AS o
        LEFT JOIN orders_outboxmessage AS m ON m.order_id = o.id AND m.name = 'start' WHERE m.id IS NULL
        """,
    ),
    Invariant(
        "no_message_outlives_its_order",
        "No message waits once its order is closed, but one that starts a refund.",
        f"""
        SELECT o.order_id FROM orders_outboxmessage AS m JOIN orders_order AS o ON o.id = m.order_id
        WHERE m.status = 'PENDING' AND m.name <> 'refund' AND o.status IN ({CLOSED}) AND o.updated_at < %(settled)s
        """,
    ),
    Invariant(
        "closing_is_dated",
        "Every closed order says when it was closed, and no open one does.",
        f"SELECT order_id FROM orders_order WHERE (closed_at IS NOT NULL) <> (status IN ({CLOSED}))",
    ),
    Invariant(
        "trouble_ends_with_its_order",
        "No closed order is in trouble.",
        f"""
        SELECT o.order_id FROM orders_trouble AS t JOIN orders_order AS o ON o.id = t.order_id
        WHERE o.status IN ({CLOSED})
        """,
    ),
)
