"""An order as JSON: the shape that programs send through the API, and that the terminal takes from a file.

What a text or number may be, the one reader of drafts says.
"""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orders.errors import OrderInvalid
from orders.intake.drafts import MOST_LINES, LineDraft, OrderDraft
from orders.intake.numbers import MOST_GRAMS, MOST_QUANTITY

# Beyond any price and total; what a currency allows is less.
MOST_MINOR_UNITS: Final = 10**15

Text = Annotated[str, Field(max_length=4000)]
MinorUnits = Annotated[int, Field(ge=0, le=MOST_MINOR_UNITS, description="In the currency's minor unit.")]


class Taken(BaseModel):
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
    weight_grams: Annotated[int | None, Field(ge=1, le=MOST_GRAMS, description="Of one unit.")] = None

    def to_draft(self) -> LineDraft:
        """Return the line as the form would make it."""
        return LineDraft(self.sku, self.description, self.quantity, self.unit_price, self.weight_grams)


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
            lines=tuple(line.to_draft() for line in self.lines),
            shop_order_number=self.shop_order_number,
            payment_method=self.payment_method,
            metadata=self.metadata,
        )


def read_document(text: bytes) -> OrderDraft:
    """Read an order from JSON in UTF-8. Raises OrderInvalid with a sentence that names each wrong place."""
    try:
        return NewOrder.model_validate_json(text).to_draft()
    except ValidationError as error:
        wrong = [("/".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
        raise OrderInvalid(" ".join(f"{place}: {said}." if place else f"{said}." for place, said in wrong)) from error
