"""What the lines of an order weigh: as the database holds it, and as warehouse and carrier are told."""

import pytest
from django.db import DatabaseError, connection, transaction

from orders import contracts
from orders.errors import OrderInvalid
from orders.intake.drafts import LineDraft
from orders.intake.numbers import MOST_GRAMS
from orders.models import Order
from orders.shipping import ship
from orders.shipping.partners.interface import Parcel
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def lines_of(*weights: int | None) -> tuple[LineDraft, ...]:
    return tuple(LineDraft("MUG-1", "Mug", 2, 1250, weight_grams=weight) for weight in weights)


class Warehouse:
    """A warehouse that remembers what it packed."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []

    def pack(self, parcel: Parcel) -> str:
        self.parcels.append(parcel)
        return "package-1"


@pytest.mark.parametrize(
    ("weights", "together"), [((350, 20), 740), ((350, None), None), ((None,), None), ((MOST_GRAMS,), 2 * MOST_GRAMS)]
)
def test_a_parcel_weighs_what_its_lines_do(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch, weights: tuple[int | None, ...], together: int | None
) -> None:
    warehouse = Warehouse()
    monkeypatch.setattr(ship, "find_warehouse", lambda: warehouse)
    order = make_order("PAID", lines=lines_of(*weights))

    ship.prepare_package(contracts.PreparePackage(order.order_id))

    (parcel,) = warehouse.parcels
    assert parcel.weight_grams == together
    assert [line.weight_grams for line in parcel.lines] == list(weights)


@pytest.mark.parametrize("weight", [0, -1, MOST_GRAMS + 1])
def test_what_no_unit_can_weigh_is_refused(make_order: MakeOrder, weight: int) -> None:
    with pytest.raises(OrderInvalid, match="Line 2: the weight must be from 1 to 1,000,000 grams") as refused:
        make_order(lines=lines_of(None, weight))
    assert list(refused.value.fields) == ["lines/1/weight_grams"]


def set_weight(order: Order, weight: int | None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE orders_orderline SET weight_grams = %s WHERE order_id = %s", [weight, order.pk])


@pytest.mark.parametrize("weight", [351, None])
def test_postgresql_keeps_the_weight_of_an_order_that_was_submitted(make_order: MakeOrder, weight: int | None) -> None:
    order = make_order(lines=lines_of(350))
    with pytest.raises(DatabaseError, match="the lines of an order never change"):
        set_weight(order, weight)


def test_postgresql_bounds_it(make_order: MakeOrder) -> None:
    order = make_order(lines=lines_of(350))
    with past_the_rules():
        for weight in (1, MOST_GRAMS, None):
            set_weight(order, weight)
        for weight in (0, MOST_GRAMS + 1):
            with pytest.raises(DatabaseError, match="order_line_weight_is_up_to_a_tonne"):
                set_weight(order, weight)
