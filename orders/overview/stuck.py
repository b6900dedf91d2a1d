"""Open orders by what keeps them from moving. The tables alone are asked, so that it costs the same in any outage."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from orders import states
from orders.decisions.follow_ups import refused_refunds
from orders.decisions.refunds import REQUESTED
from orders.engine.sending import START
from orders.events import EventKind
from orders.lifecycle.troubles import UNRESOLVED_AFTER
from orders.models import Refund

# Sooner than this nothing is called stuck: the relay sends within a second or two, a step takes a moment.
UNSENT_AFTER: Final = timedelta(seconds=15)
UNANSWERED_AFTER: Final = timedelta(minutes=1)
UNMOVED_AFTER: Final = timedelta(minutes=2)
# What an order's history ends with while a step is being retried.
RETRIED: Final = (EventKind.STEP_FAILED, EventKind.STEP_RETRIED, EventKind.STEP_RESUMED)
# What is written down beside an order's way: it is as stuck after it, and for as long, as it was before.
BESIDE: Final = (
    *(EventKind.COMMENTED, EventKind.COMMENT_EDITED, EventKind.TAGGED, EventKind.UNTAGGED),
    *(EventKind.ADDRESS_CORRECTED, EventKind.DEADLINE_EXTENDED, EventKind.REMINDED, EventKind.ESCALATED),
)
# So many orders of each cause are named.
EXAMPLES: Final = 10


class StuckCause(StrEnum):
    """Why an order does not move, where it is none of `orders.states.TroubleCode`; the first that applies counts."""

    MESSAGE_REFUSED = "MESSAGE_REFUSED"
    START_UNSENT = "START_UNSENT"
    DECISION_UNSENT = "DECISION_UNSENT"
    STEP_PAUSED = "STEP_PAUSED"
    RETRYING = "RETRYING"
    DECISION_UNANSWERED = "DECISION_UNANSWERED"
    OVERDUE = "OVERDUE"
    NOT_MOVING = "NOT_MOVING"
    WAITING = "WAITING"
    # Of refunds, whose orders may have come to their end long ago.
    REFUND_FAILED = "REFUND_FAILED"
    REFUND_UNCONFIRMED = "REFUND_UNCONFIRMED"


@dataclass(frozen=True)
class StuckOrder:
    """One order that does not move; `detail` is what a program said about it, and may be empty."""

    order_id: str
    customer_name: str
    since: datetime
    detail: str


@dataclass(frozen=True)
class StuckGroup:
    """The orders that one cause keeps from moving; `step` is the activity or status that they are held at, or empty.

    `cause` is a TroubleCode or a StuckCause. `orders` are those that have been held up the longest.
    """

    cause: str
    step: str
    count: int
    since: datetime
    orders: Sequence[StuckOrder]


class _Row(NamedTuple):
    """An order among the first of its group, and what is known of the group."""

    held_by: str
    step: str
    size: int
    oldest: datetime
    order_id: str
    customer_name: str
    since: datetime
    detail: str


# Each table is read once, whatever the number of open orders: as annotations of the ORM these subqueries would be
# repeated wherever one refers to another, dozens of times for each order. An order's events are found by the order: the
# sum keeps PostgreSQL from going backwards through all events until it meets one of this order.
FIND: Final = """
WITH trouble AS (
    SELECT DISTINCT ON (order_id) order_id, code, detail, since FROM orders_trouble ORDER BY order_id, id
), refused AS (
    SELECT DISTINCT ON (order_id) order_id, last_error, created_at FROM orders_outboxmessage
    WHERE status = 'REFUSED' ORDER BY order_id, id
), unsent AS (
    SELECT DISTINCT ON (order_id) order_id, name, last_error, created_at FROM orders_outboxmessage
    WHERE status = 'PENDING' AND created_at < statement_timestamp() - %(unsent_after)s ORDER BY order_id, id
), unanswered AS (
    SELECT DISTINCT ON (order_id) order_id, taken_at FROM orders_decision
    WHERE outcome = 'PENDING' AND taken_at < statement_timestamp() - %(unanswered_after)s ORDER BY order_id, id
), judged AS MATERIALIZED (
    SELECT orders.id, orders.order_id, customer_name, status, approval_deadline,
        CASE
            WHEN trouble.code IS NOT NULL THEN trouble.code
            WHEN refused.order_id IS NOT NULL THEN 'MESSAGE_REFUSED'
            WHEN unsent.name = %(start)s THEN 'START_UNSENT'
            WHEN unsent.name IS NOT NULL THEN 'DECISION_UNSENT'
            WHEN latest.kind = %(paused)s THEN 'STEP_PAUSED'
            WHEN latest.kind = ANY(%(retried)s) THEN 'RETRYING'
            WHEN unanswered.order_id IS NOT NULL THEN 'DECISION_UNANSWERED'
            WHEN is_waiting AND approval_deadline <= statement_timestamp() THEN 'OVERDUE'
            WHEN is_waiting THEN 'WAITING'
            WHEN latest.at < statement_timestamp() - %(unmoved_after)s THEN 'NOT_MOVING'
            ELSE ''
        END AS held_by,
        trouble.detail AS trouble_detail, trouble.since AS trouble_since,
        refused.last_error AS refusal, refused.created_at AS refused_at,
        unsent.last_error AS unsent_error, unsent.created_at AS unsent_since,
        unanswered.taken_at AS unanswered_since,
        latest.at AS latest_at, latest.activity, latest.error
    FROM (
        SELECT *, status = 'PENDING_MANUAL_APPROVAL' AND decision = '' AS is_waiting FROM orders_order
        WHERE status = ANY(%(open)s)
    ) AS orders
    LEFT JOIN trouble ON trouble.order_id = orders.id
    LEFT JOIN refused ON refused.order_id = orders.id
    LEFT JOIN unsent ON unsent.order_id = orders.id
    LEFT JOIN unanswered ON unanswered.order_id = orders.id
    LEFT JOIN LATERAL (
        SELECT kind, at, data ->> 'activity' AS activity, data ->> 'error' AS error FROM orders_orderevent AS event
        WHERE event.order_id = orders.id AND kind <> ALL(%(beside)s) ORDER BY event.id + 0 DESC LIMIT 1
    ) AS latest ON true
), told AS (
    SELECT id, order_id, customer_name, held_by,
        CASE
            WHEN held_by IN ('STEP_PAUSED', 'RETRYING') THEN coalesce(activity, '')
            WHEN held_by = 'NOT_MOVING' THEN status
            ELSE ''
        END AS step,
        CASE
            WHEN trouble_since IS NOT NULL THEN trouble_since
            WHEN held_by = 'MESSAGE_REFUSED' THEN refused_at
            WHEN held_by IN ('START_UNSENT', 'DECISION_UNSENT') THEN unsent_since
            WHEN held_by = 'DECISION_UNANSWERED' THEN unanswered_since
            WHEN held_by = 'OVERDUE' THEN approval_deadline
            ELSE latest_at
        END AS since,
        CASE
            WHEN trouble_since IS NOT NULL THEN trouble_detail
            WHEN held_by = 'MESSAGE_REFUSED' THEN refusal
            WHEN held_by IN ('START_UNSENT', 'DECISION_UNSENT') THEN unsent_error
            WHEN held_by = 'RETRYING' THEN coalesce(error, '')
            ELSE ''
        END AS detail
    FROM judged WHERE held_by <> ''
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY held_by, step ORDER BY since, id) AS place,
        count(*) OVER (PARTITION BY held_by, step) AS count, min(since) OVER (PARTITION BY held_by, step) AS oldest
    FROM told
)
SELECT held_by, step, count, oldest, order_id, customer_name, since, detail FROM placed
WHERE place <= %(examples)s ORDER BY held_by, step, place
"""
VALUES: Final[Mapping[str, Any]] = {
    "open": sorted(status.value for status in states.OPEN),
    "start": START,
    "paused": EventKind.STEP_PAUSED.value,
    "retried": [kind.value for kind in RETRIED],
    "beside": [kind.value for kind in BESIDE],
    "unsent_after": UNSENT_AFTER,
    "unanswered_after": UNANSWERED_AFTER,
    "unmoved_after": UNMOVED_AFTER,
}


def find_stuck() -> list[StuckGroup]:
    """Return what keeps open orders from moving, the longest first; those that only wait for a person come last."""
    with connection.cursor() as cursor:
        cursor.execute(FIND, {**VALUES, "examples": EXAMPLES})
        rows = [_Row(*row) for row in cursor.fetchall()]
    groups = [_read_group(list(found)) for _, found in groupby(rows, key=lambda row: (row.held_by, row.step))]
    groups += [*_list_refunds(StuckCause.REFUND_FAILED, refused_refunds())]
    groups += [*_list_refunds(StuckCause.REFUND_UNCONFIRMED, unconfirmed_refunds())]
    return sorted(groups, key=lambda found: (found.cause == StuckCause.WAITING, found.since))


def unconfirmed_refunds() -> QuerySet[Refund]:
    """Return the refunds that people asked for and the gateway has not answered for long."""
    long_ago = Now() - UNRESOLVED_AFTER
    return Refund.objects.filter(status=Refund.Status.PENDING, key__startswith=REQUESTED, requested_at__lt=long_ago)


def _list_refunds(cause: StuckCause, refunds: QuerySet[Refund]) -> Iterator[StuckGroup]:
    """Yield a group of the orders with these refunds, where there are any."""
    found = list(refunds.order_by("pk").select_related("payment__order")[:EXAMPLES])
    if found:
        orders = [
            StuckOrder(order.order_id, order.customer_name, refund.requested_at, str(refund.amount_money))
            for refund in found
            for order in [refund.payment.order]
        ]
        yield StuckGroup(cause, "", refunds.count(), found[0].requested_at, orders)


def _read_group(rows: list[_Row]) -> StuckGroup:
    first = rows[0]
    orders = [StuckOrder(row.order_id, row.customer_name, row.since, row.detail) for row in rows]
    return StuckGroup(first.held_by, first.step, first.size, first.oldest, orders)
