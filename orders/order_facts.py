"""What gateways, warehouses and carriers are told of an order. Pure data."""

from collections.abc import Iterable
from dataclasses import dataclass

from orders.money import Money


@dataclass(frozen=True)
class Customer:
    """Who ordered; `reference` is what the shop, or the gateway, calls the customer, where intake was told."""

    name: str
    email: str
    phone: str = ""
    company: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Address:
    """Where an order goes; a country may have no postal codes, cities or states. `country` by ISO 3166-1, or XK."""

    line1: str
    line2: str
    postal_code: str
    city: str
    state: str
    country: str


@dataclass(frozen=True)
class Line:
    """An article of an order; `weight_grams` is that of one unit, None where nobody knows."""

    sku: str
    description: str
    quantity: int
    unit_price: Money
    weight_grams: int | None = None


def weigh(lines: Iterable[Line]) -> int | None:
    """Return what the lines weigh together, in grams; None unless the weight of each is known."""
    total = 0
    for line in lines:
        if line.weight_grams is None:
            return None
        total += line.weight_grams * line.quantity
    return total
