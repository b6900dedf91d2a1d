"""Orders and events as programs outside see them: the same JSON for the API and for webhooks.

The shapes are a contract: fields are added, never renamed or removed. Amounts are in the currency's minor unit, times
are RFC 3339 with a zone, and what there is none of is null.
"""

from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet

from orders.models import Decision, Order, OrderEvent, OrderLine, OrderTag, Payment, Refund, Shipment

Document = dict[str, Any]


def with_documents(orders: "QuerySet[Order]") -> "QuerySet[Order]":
    """Return the orders with all that their documents tell, by a fixed number of statements."""
    tags = ArraySubquery(OrderTag.objects.filter(order=OuterRef("pk")).order_by("name").values("name"))
    found = orders.annotate(tag_names=tags).select_related("payment", "shipment", "shop")
    refunds = Prefetch("payment__refunds", queryset=Refund.objects.order_by("id"))
    return found.prefetch_related("lines", "decisions", refunds)


def read_document(order: Order) -> Document:
    """Return the document of one order, read afresh."""
    return describe_order(with_documents(Order.objects.filter(pk=order.pk)).get())


def describe_order(order: Order) -> Document:
    """Return the document of an order that `with_documents` read."""
    payment: Payment | None = getattr(order, "payment", None)
    shipment: Shipment | None = getattr(order, "shipment", None)
    return {
        "order_id": order.order_id,
        "status": order.status,
        "reason_code": order.reason_code or None,
        "reason": order.reason or None,
        "total": order.total,
        "currency": order.currency,
        "customer": {
            "name": order.customer_name,
            "company": order.customer_company or None,
            "email": order.customer_email,
            "phone": order.customer_phone or None,
            "reference": order.customer_reference or None,
        },
        "shipping_address": {
            "line1": order.address_line,
            "line2": order.address_line2 or None,
            "postal_code": order.address_postcode or None,
            "city": order.address_city or None,
            "state": order.address_state or None,
            "country": order.address_country,
        },
        "lines": [_describe_line(line) for line in order.lines.all()],
        "submitted_by": order.submitted_by,
        "approvals_needed": order.approvals_needed,
        "approvals_given": order.approvals_given,
        "decisions": [_describe_decision(decision) for decision in order.decisions.all()],
        "payment": _describe_payment(payment) if payment else None,
        "refunds": [_describe_refund(refund) for refund in payment.refunds.all()] if payment else [],
        "shipment": _describe_shipment(shipment) if shipment else None,
        "shop": order.shop.name if order.shop else None,
        "shop_order_number": order.shop_order_number or None,
        "metadata": order.metadata,
        "tags": vars(order)["tag_names"],
        "approval_deadline": write_time(order.approval_deadline),
        "created_at": write_time(order.created_at),
        "closed_at": write_time(order.closed_at),
        "version": order.version,
    }


def describe_event(event: OrderEvent, order_id: str) -> Document:
    """Return the document of an event."""
    return {
        "event_id": f"event-{event.pk}",
        "order_id": order_id,
        "kind": event.kind,
        "data": event.data,
        "actor": event.actor or None,
        "channel": event.data.get("channel"),
        "at": write_time(event.at),
    }


def _describe_line(line: OrderLine) -> Document:
    return {
        "sku": line.sku,
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "total": line.unit_price * line.quantity,
        "weight_grams": line.weight_grams,
    }


def _describe_decision(decision: Decision) -> Document:
    return {
        "decision_id": decision.decision_id,
        "kind": decision.kind,
        "actor": decision.actor,
        "channel": decision.channel,
        "reason_code": decision.reason_code or None,
        "reason": decision.reason or None,
        "outcome": decision.outcome,
        "taken_at": write_time(decision.taken_at),
        "answered_at": write_time(decision.answered_at),
    }


def _describe_payment(payment: Payment) -> Document:
    return {
        "payment_id": payment.payment_id,
        "status": payment.status,
        "amount": payment.amount,
        "currency": payment.currency,
        "gateway": payment.gateway or None,
        "gateway_reference": payment.gateway_reference or None,
    }


def _describe_refund(refund: Refund) -> Document:
    return {
        "amount": refund.amount,
        "currency": refund.currency,
        "status": refund.status,
        "reason_code": refund.reason_code or None,
        "reason": refund.reason or None,
        "requested_by": refund.requested_by or None,
        "channel": refund.channel or None,
        "requested_at": write_time(refund.requested_at),
        "finished_at": write_time(refund.finished_at),
    }


def _describe_shipment(shipment: Shipment) -> Document:
    return {
        "status": shipment.status,
        "carrier": shipment.carrier or None,
        "tracking_number": shipment.tracking_number or None,
        "package_reference": shipment.package_reference,
        "prepared_at": write_time(shipment.prepared_at),
        "dispatched_at": write_time(shipment.dispatched_at),
    }


def write_time(at: datetime | None) -> str | None:
    """Return a time by RFC 3339, in UTC."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
