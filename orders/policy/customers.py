"""What the console knows of a customer from before: the earlier orders with the same e-mail address."""

from dataclasses import dataclass
from typing import Final

from django.db import connection

from orders.models import Order

# So many of a customer's latest orders are looked at, so that the question stays quick for one who has thousands.
MOST_ORDERS: Final = 500

# By the index order_customer_newest. Baskets are compared for the orders of one hour alone.
EARLIER_ORDERS: Final = """
WITH earlier AS (
    SELECT id, status, reason_code, created_at, ROW(
        lower(address_line), lower(address_line2), lower(address_postcode), lower(address_city), lower(address_state),
        address_country::text
    ) AS address
    FROM orders_order
    WHERE upper(customer_email) = upper(%(email)s::text) AND (created_at, id) < (%(at)s, %(id)s)
    ORDER BY created_at DESC, id DESC LIMIT %(most)s
)
SELECT
    coalesce(bool_or(status = 'COMPLETED'), false),
    coalesce(bool_or(reason_code = 'PAYMENT_DECLINED'), false),
    count(*) FILTER (WHERE created_at > %(at)s - interval '1 day'),
    coalesce((
        SELECT address <> ROW(
            lower(%(line)s::text), lower(%(line2)s::text), lower(%(postcode)s::text),
            lower(%(city)s::text), lower(%(state)s::text), %(country)s::text
        ) FROM earlier ORDER BY created_at DESC, id DESC LIMIT 1
    ), false),
    EXISTS (
        SELECT FROM earlier AS recent
        WHERE recent.created_at > %(at)s - interval '1 hour' AND (
            SELECT array_agg(upper(sku) || ' ' || quantity ORDER BY upper(sku), quantity)
            FROM orders_orderline WHERE order_id = recent.id
        ) = (
            SELECT array_agg(upper(sku) || ' ' || quantity ORDER BY upper(sku), quantity)
            FROM orders_orderline WHERE order_id = %(id)s
        )
    )
FROM earlier
"""


@dataclass(frozen=True)
class EarlierOrders:
    """What a customer's earlier orders say about the present one.

    `in_a_day` is how many of them were placed in the 24 hours before it. `has_other_address` is False for a first
    order; `has_same_basket` looks at the hour before.
    """

    has_completed: bool
    has_declined: bool
    in_a_day: int
    has_other_address: bool
    has_same_basket: bool


def read_earlier_orders(order: Order) -> EarlierOrders:
    """Return what the orders before this one say, with the same e-mail address in any case; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            EARLIER_ORDERS,
            {
                "id": order.pk,
                "email": order.customer_email,
                "at": order.created_at,
                "most": MOST_ORDERS,
                "line": order.address_line,
                "line2": order.address_line2,
                "postcode": order.address_postcode,
                "city": order.address_city,
                "state": order.address_state,
                "country": order.address_country,
            },
        )
        return EarlierOrders(*cursor.fetchone())
