"""orders.shipping.address: an address is corrected until the package is prepared, and then stays."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from orders import contracts
from orders.decisions.decide import approve_order, cancel_order
from orders.errors import AddressKept, NotAllowed, OrderInvalid, OutsideWorldFailed
from orders.events import EventKind
from orders.intake import submission
from orders.models import Order
from orders.order_facts import Address
from orders.shipping import ship
from orders.shipping.address import CORRECTABLE, correct_address, digest_address
from orders.shipping.partners.interface import Parcel
from orders.states import HAPPY_PATH, Status
from tests.making import MakeOrder, make_draft, make_user

pytestmark = pytest.mark.django_db
NEW = {"address_line": "Short Street 2", "address_postcode": "10117", "address_city": "Berlin"}


def test_it_is_written_with_what_it_was(make_order: MakeOrder, alice: User) -> None:
    order = make_order()
    assert correct_address(order, actor=alice, typed=NEW | {"address_line": " Short Street 2 "}, reason="Moved")
    order.refresh_from_db()
    assert order.shipping_address == Address("Short Street 2", "", "10117", "Berlin", "", "DE")
    assert order.total == 2500
    told = order.events.get(kind=EventKind.ADDRESS_CORRECTED)
    assert (told.actor, told.data["old"]["address_line"], told.data["new"]) == (
        "alice",
        "Long Street 1",
        {"address_line": "Short Street 2", "address_line2": "", "address_state": ""} | NEW,
    )
    assert told.detail.splitlines()[2:] == ["Moved"]


def test_the_same_address_changes_nothing(make_order: MakeOrder, alice: User) -> None:
    order = make_order()
    assert correct_address(order, actor=alice, typed=NEW)
    assert not correct_address(order, actor=alice, typed=NEW)
    assert order.events.filter(kind=EventKind.ADDRESS_CORRECTED).count() == 1


def test_an_order_is_found_by_its_new_address(make_order: MakeOrder, alice: User) -> None:
    order = make_order()
    correct_address(order, actor=alice, typed=NEW)
    assert list(Order.objects.matching("short 10117")) == [order]
    assert not Order.objects.matching("long street").exists()


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"address_line": ""}, ["address_line"]),
        ({"address_postcode": "", "address_city": "  "}, ["address_postcode", "address_city"]),
        ({"address_line": "x" * 201}, ["address_line"]),
    ],
)
def test_what_is_no_address_is_refused(
    make_order: MakeOrder, alice: User, typed: dict[str, str], fields: list[str]
) -> None:
    with pytest.raises(OrderInvalid) as refused:
        correct_address(make_order(), actor=alice, typed=NEW | typed)
    assert list(refused.value.fields) == fields


def test_who_saw_another_address_is_told(make_order: MakeOrder, alice: User, bob: User) -> None:
    order = make_order()
    seen = digest_address(order)
    correct_address(order, actor=bob, typed=NEW, seen=seen)
    with pytest.raises(AddressKept, match="The address was changed after you opened this page"):
        correct_address(order, actor=alice, typed=NEW | {"address_city": "Potsdam"}, seen=seen)


def test_who_may(make_order: MakeOrder, alice: User, bob: User, charlie: User) -> None:
    with pytest.raises(NotAllowed, match="can view orders but not correct"):
        correct_address(make_order(), actor=charlie, typed=NEW)
    order = make_order()
    approve_order(order, actor=bob)
    with pytest.raises(NotAllowed, match="an approver who did not submit it"):
        correct_address(order, actor=alice, typed=NEW)
    assert correct_address(order, actor=make_user("dana", "approver"), typed=NEW)


def test_after_an_approval_not_who_submitted_the_order(bob: User) -> None:
    erin = make_user("erin", "clerk")
    make_user("erin", "approver")
    order = submission.submit_order(make_draft(), actor=erin, idempotency_key="own", sends_now=False)
    assert correct_address(order, actor=erin, typed=NEW)
    approve_order(order, actor=bob)
    with pytest.raises(NotAllowed, match="an approver who did not submit it"):
        correct_address(order, actor=erin, typed=NEW | {"address_line": "Erin's own street"})


@pytest.mark.parametrize("status", Status)
def test_until_the_package_is_prepared(make_order: MakeOrder, status: Status) -> None:
    order, actor = make_order(status), make_user("dana", "approver")
    if status in CORRECTABLE:
        assert correct_address(order, actor=actor, typed=NEW)
    else:
        with pytest.raises(AddressKept, match=r"^Too late to correct the address: "):
            correct_address(order, actor=actor, typed=NEW)
    assert order.events.filter(kind=EventKind.ADDRESS_CORRECTED).exists() is (status in CORRECTABLE)


def test_an_order_that_somebody_cancels_keeps_its_address(make_order: MakeOrder, bob: User) -> None:
    order = make_order()
    cancel_order(order, actor=bob)
    with pytest.raises(AddressKept, match="Too late to correct the address: the order is cancelling"):
        correct_address(order, actor=bob, typed=NEW)


@pytest.mark.parametrize("status", Status)
def test_postgresql_holds_to_the_same(make_order: MakeOrder, status: Status) -> None:
    order = make_order(status)
    with connection.cursor() as cursor:
        if status in CORRECTABLE:
            cursor.execute("UPDATE orders_order SET address_line = 'Elsewhere' WHERE id = %s", [order.pk])
        else:
            with pytest.raises(DatabaseError, match=r"the address of order .* stays"), transaction.atomic():
                cursor.execute("UPDATE orders_order SET address_line = 'Elsewhere' WHERE id = %s", [order.pk])
        with pytest.raises(DatabaseError, match=r"the country of order .* never changes"), transaction.atomic():
            cursor.execute("UPDATE orders_order SET address_country = 'FR' WHERE id = %s", [order.pk])


def test_what_may_be_corrected_are_the_steps_before_the_package() -> None:
    assert set(HAPPY_PATH[: HAPPY_PATH.index(Status.PACKAGE_PREPARED)]) == CORRECTABLE


class Warehouse:
    """A warehouse that remembers where it sends what; `happening` is done while it packs for the first time."""

    def __init__(self, happening: Any = None) -> None:
        self.streets: list[str] = []
        self._happening = happening

    def pack(self, parcel: Parcel) -> str:
        self.streets.append(parcel.address.line1)
        if self._happening is not None and len(self.streets) == 1:
            self._happening()
        return "package-1"


@pytest.mark.django_db(transaction=True)
def test_a_correction_while_the_warehouse_packs_is_packed(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, dana = make_order("PAID"), make_user("dana", "approver")
    warehouse = Warehouse(lambda: correct_address(order, actor=dana, typed=NEW))
    monkeypatch.setattr(ship, "find_warehouse", lambda: warehouse)
    command = contracts.PreparePackage(order.order_id)
    with pytest.raises(OutsideWorldFailed, match="The address was corrected"):
        ship.prepare_package(command)
    order.refresh_from_db()
    assert order.status == Status.PAID
    ship.prepare_package(command)
    assert warehouse.streets == ["Long Street 1", "Short Street 2"]
    order.refresh_from_db()
    assert (order.status, order.address_line) == (Status.PACKAGE_PREPARED, "Short Street 2")


@pytest.mark.django_db(transaction=True)
def test_a_correction_that_waits_for_the_package_is_refused(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, dana = make_order("PAID"), make_user("dana", "approver")
    warehouse = Warehouse()
    monkeypatch.setattr(ship, "find_warehouse", lambda: warehouse)
    told: list[str] = []

    def correct() -> None:
        try:
            correct_address(order, actor=dana, typed=NEW)
        except AddressKept as error:
            told.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=correct)
    with transaction.atomic():
        ship.prepare_package(contracts.PreparePackage(order.order_id))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the order's row"
    thread.join(10)
    assert told == ["Too late to correct the address: the package has been prepared."]
    order.refresh_from_db()
    assert (warehouse.streets, order.address_line) == (["Long Street 1"], "Long Street 1")
