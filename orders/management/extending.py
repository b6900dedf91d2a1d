"""`manage.py order extend`: a later deadline for an order that waits for a decision."""

from argparse import ArgumentParser
from typing import Any

from orders.deadlines.extend import extend_deadline, read_until
from orders.lifecycle.lookup import read_order
from orders.management.terminal import read_operator
from orders.models import OutboxMessage


def add_extend(verbs: Any, epilog: str) -> ArgumentParser:
    """Add the verb that extends a deadline."""
    verb: ArgumentParser = verbs.add_parser("extend", help="have an order wait longer for its decision", epilog=epilog)
    verb.add_argument("order_id")
    span = verb.add_mutually_exclusive_group(required=True)
    span.add_argument("--hours", type=int, metavar="N", help="so many more than it has")
    span.add_argument(
        "--until", default="", metavar="TIME", help="by ISO 8601, such as 2026-11-30T18:00; UTC by default"
    )
    verb.add_argument("--reason", required=True)
    return verb


def extend_order(options: dict[str, Any]) -> dict[str, Any]:
    """Do what the verb says, and return what to print."""
    message = extend_deadline(
        read_order(options["order_id"]),
        actor=read_operator(options["by"]),
        reason=options["reason"],
        hours=options["hours"],
        until=read_until(options["until"]) if options["until"] else None,
    )
    message.refresh_from_db(fields=["status"])
    is_delivered = message.status == OutboxMessage.Status.DELIVERED
    return {
        "order_id": message.order.order_id,
        "deadline": message.payload["deadline"],
        "delivery": "delivered" if is_delivered else "on its way",
    }
