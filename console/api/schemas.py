"""The shapes of what the API takes and gives. What a text or number may be, the domain's one reader says.

Fields are added here, never renamed or removed.
"""

from datetime import datetime
from typing import Annotated, Final

from ninja import Schema
from pydantic import ConfigDict, Field

from orders.intake.drafts import MOST_LINES, LineDraft, OrderDraft
from orders.intake.numbers import MOST_QUANTITY

# Beyond any price and total; what a currency allows is less.
MOST_MINOR_UNITS: Final = 10**15

Text = Annotated[str, Field(max_length=4000)]
MinorUnits = Annotated[int, Field(ge=0, le=MOST_MINOR_UNITS, description="In the currency's minor unit.")]


class Taken(Schema):
    """What is sent: exact types, and no fields that nobody knows."""

    model_config = ConfigDict(strict=True, extra="forbid")


class NewCustomer(Taken):
    """Who ordered."""

    name: Text
    email: Text
    phone: Text = ""
    company: Text = ""
    reference: Annotated[Text, Field(description="What the shop or the gateway calls the customer.")] = ""


class NewAddress(Taken):
    """Where the parcel goes; which parts an address needs, its country says."""

    line1: Text
    line2: Text = ""
    postal_code: Text = ""
    city: Text = ""
    state: Text = ""
    country: Annotated[str, Field(max_length=40, description="Two letters by ISO 3166-1.")]


class NewLine(Taken):
    """One line of a new order."""

    sku: Text
    description: Text
    quantity: Annotated[int, Field(ge=1, le=MOST_QUANTITY)]
    unit_price: MinorUnits


class NewOrder(Taken):
    """A new order."""

    customer: NewCustomer
    shipping_address: NewAddress
    currency: Annotated[str, Field(max_length=40, description="Three letters by ISO 4217.")]
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=MOST_LINES)]
    shop_order_number: Annotated[Text, Field(description="The shop's own number, used once in the shop.")] = ""
    payment_method: Annotated[Text, Field(description="The gateway's reference to what the customer pays with.")] = ""
    metadata: Annotated[dict[str, str], Field(max_length=50)] = {}

    def to_draft(self) -> OrderDraft:
        """Return the order as the form would make it."""
        return OrderDraft(
            customer_name=self.customer.name,
            customer_company=self.customer.company,
            customer_email=self.customer.email,
            customer_phone=self.customer.phone,
            customer_reference=self.customer.reference,
            address_line=self.shipping_address.line1,
            address_line2=self.shipping_address.line2,
            address_postcode=self.shipping_address.postal_code,
            address_city=self.shipping_address.city,
            address_state=self.shipping_address.state,
            address_country=self.shipping_address.country,
            currency=self.currency,
            lines=tuple(LineDraft(line.sku, line.description, line.quantity, line.unit_price) for line in self.lines),
            shop_order_number=self.shop_order_number,
            payment_method=self.payment_method,
            metadata=self.metadata,
        )


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
    approval_deadline: datetime | None
    created_at: datetime
    closed_at: datetime | None
    version: int


class OrderPage(Schema):
    """A page of orders; `next_cursor` is null on the last."""

    data: list[Order]
    next_cursor: str | None


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
