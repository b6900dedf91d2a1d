"""The shapes of what the API gives. Fields are added here, never renamed or removed."""

from datetime import datetime
from typing import Any

from ninja import Schema


class Customer(Schema):
    """Who ordered."""

    name: str
    company: str | None
    email: str
    phone: str | None
    reference: str | None


class Address(Schema):
    """Where the parcel goes."""

    line1: str
    line2: str | None
    postal_code: str | None
    city: str | None
    state: str | None
    country: str


class Line(Schema):
    """One line of an order."""

    sku: str
    description: str
    quantity: int
    unit_price: int
    total: int
    weight_grams: int | None


class Decision(Schema):
    """One decision on an order, and what became of it."""

    decision_id: str
    kind: str
    actor: str
    channel: str
    reason_code: str | None
    reason: str | None
    outcome: str
    taken_at: datetime
    answered_at: datetime | None


class Payment(Schema):
    """The one charge of an order."""

    payment_id: str
    status: str
    amount: int
    currency: str
    gateway: str | None
    gateway_reference: str | None


class Refund(Schema):
    """Money that is given back."""

    amount: int
    currency: str
    status: str
    reason_code: str | None
    reason: str | None
    requested_by: str | None
    channel: str | None
    requested_at: datetime
    finished_at: datetime | None


class Shipment(Schema):
    """Package and carrier."""

    status: str
    carrier: str | None
    tracking_number: str | None
    package_reference: str
    prepared_at: datetime
    dispatched_at: datetime | None


class Order(Schema):
    """An order as it is now."""

    order_id: str
    status: str
    reason_code: str | None
    reason: str | None
    total: int
    currency: str
    customer: Customer
    shipping_address: Address
    lines: list[Line]
    submitted_by: str
    approvals_needed: int
    approvals_given: int
    decisions: list[Decision]
    payment: Payment | None
    refunds: list[Refund]
    shipment: Shipment | None
    shop: str | None
    shop_order_number: str | None
    metadata: dict[str, str]
    tags: list[str]
    approval_deadline: datetime | None
    created_at: datetime
    closed_at: datetime | None
    version: int


class OrderPage(Schema):
    """A page of orders; `next_cursor` is null on the last."""

    data: list[Order]
    next_cursor: str | None


class Event(Schema):
    """One event of an order's history."""

    event_id: str
    order_id: str
    kind: str
    data: dict[str, Any]
    actor: str | None
    channel: str | None
    at: datetime


class EventPage(Schema):
    """A page of events; `next_cursor` goes on from here."""

    data: list[Event]
    next_cursor: str | None


class TriedRule(Schema):
    """A rule of the policy, how many orders its conditions hold for, and for how many it would have decided."""

    name: str
    is_enabled: bool
    approvals_needed: int
    caught: int
    decided: int


class Need(Schema):
    """How many orders would have needed so many approvals."""

    approvals_needed: int
    orders: int


class PolicyTrial(Schema):
    """What the policy says about the last orders."""

    orders: int
    rules: list[TriedRule]
    approvals: list[Need]


class Health(Schema):
    """What the key may do; `notice` says why decisions cannot take effect right now."""

    status: str
    key: str
    shop: str
    scopes: list[str]
    notice: str | None


class FieldError(Schema):
    """One thing that is wrong, and where: a JSON pointer into the body, or a header or parameter."""

    pointer: str
    detail: str


class Problem(Schema):
    """What was refused or failed (RFC 9457): a code for programs, a sentence for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] = []
