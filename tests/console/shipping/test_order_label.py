"""/orders/<order_id>/label/: the carrier's label of a parcel, as a file."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from orders.errors import OutsideWorldFailed
from orders.models import Order
from orders.shipping.partners.interface import Label, Parcel
from orders.shipping.partners.simulated import SimulatedCarrier
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
LINK = "/label/"


def url_of(order_id: str) -> str:
    return f"/orders/{order_id}/label/"


class CarrierWithoutLabels:
    """A carrier that cannot do more than it has to."""

    name: str = SimulatedCarrier.name

    def __init__(self) -> None:
        carrier = SimulatedCarrier()
        self.find_booking, self.book = carrier.find_booking, carrier.book
        self.recall, self.read_books = carrier.recall, carrier.read_books


class OtherCarrier(CarrierWithoutLabels):
    """Another carrier than the one that took the parcel."""

    name = "Other Parcel"


class CarrierWithItsOwnForm(CarrierWithoutLabels):
    """A carrier whose label is in a form and under a name of its own."""

    def read_label(self, parcel: Parcel) -> Label:
        if connection.in_atomic_block:
            raise OutsideWorldFailed("A transaction is open.")
        return Label("image/png", b"\x89PNG", f'Ä "{parcel.address.city}"\r\n.png')


@pytest.fixture
def charlies(client: Client, charlie: User) -> Client:
    client.force_login(charlie)
    return client


@pytest.fixture
def sent(make_order: MakeOrder) -> Order:
    return make_order("COMPLETED")


def use(settings: Settings, carrier: type[Any]) -> None:
    settings.CARRIERS = [f"{carrier.__module__}.{carrier.__name__}"]


@pytest.mark.parametrize("status", ["DISPATCHED", "COMPLETED"])
def test_it_is_a_file_for_a_printer(charlies: Client, make_order: MakeOrder, status: str) -> None:
    order = make_order(status)

    answer = charlies.get(url_of(order.order_id))

    number = order.shipment.tracking_number
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/x-zpl"
    assert answer["Content-Disposition"] == f'attachment; filename="label-{number}.zpl"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    label = answer.content.decode()
    assert label.startswith("^XA\n")
    assert label.endswith("^XZ\n")
    for text in ("Emma Example", "Long Street 1", "10115 Berlin", "Germany", number, order.order_id):
        assert f"^FD{text}^FS" in label
    german = charlies.get(url_of(order.order_id), headers={"Accept-Language": "de"})
    assert german.content == answer.content, "and the same for whoever prints it"


def test_the_page_of_the_order_links_it_once_the_parcel_is_booked(charlies: Client, make_order: MakeOrder) -> None:
    for status in ("PENDING_MANUAL_APPROVAL", "PACKAGE_PREPARED"):
        assert LINK not in text_of(charlies.get(make_order(status).get_absolute_url()))
    order = make_order("DISPATCHED")
    link = f'<a href="{url_of(order.order_id)}">Label</a>'
    assert link in text_of(charlies.get(order.get_absolute_url()))
    assert link in text_of(charlies.get(f"{order.get_absolute_url()}status/", {"version": "0"}, headers=HTMX))


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        ("PENDING_MANUAL_APPROVAL", {}),
        ("PACKAGE_PREPARED", {}),
        ("CANCELLED", {"cancelled_from": "PACKAGE_PREPARED"}),
        ("CANCELLED", {}),
    ],
)
def test_without_a_booked_parcel_there_is_none(
    charlies: Client, make_order: MakeOrder, status: str, changes: dict[str, str]
) -> None:
    order = make_order(status, **changes)

    answer = charlies.get(url_of(order.order_id))

    assert answer.status_code == 404
    assert f"no carrier has booked a parcel of order {order.order_id}" in text_of(answer)


def test_a_recalled_parcel_has_none(charlies: Client, make_order: MakeOrder) -> None:
    order = make_order("CANCELLED", cancelled_from="DISPATCHED")
    assert order.shipment.tracking_number
    assert LINK not in text_of(charlies.get(order.get_absolute_url()))
    assert charlies.get(url_of(order.order_id)).status_code == 404


def test_a_carrier_may_make_none(charlies: Client, sent: Order, settings: Settings) -> None:
    use(settings, CarrierWithoutLabels)

    answer = charlies.get(url_of(sent.order_id))

    assert answer.status_code == 404
    assert "Simulated Parcel makes none for the console" in text_of(answer)
    assert LINK not in text_of(charlies.get(sent.get_absolute_url()))


@pytest.mark.django_db(transaction=True)
def test_the_carrier_chooses_form_and_name_and_is_asked_outside_of_transactions(
    charlies: Client, make_order: MakeOrder, settings: Settings
) -> None:
    order = make_order("COMPLETED")
    use(settings, CarrierWithItsOwnForm)

    answer = charlies.get(url_of(order.order_id))

    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"\x89PNG", "image/png")
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%C3%84%20%22Berlin%22%20.png"


def test_a_carrier_that_is_away_is_a_sentence(charlies: Client, sent: Order, settings: Settings) -> None:
    settings.FLAKY_FAIL_RATE = 1.0

    answer = charlies.get(url_of(sent.order_id))

    assert answer.status_code == 503
    page = text_of(answer)
    assert "The carrier answered with an internal error." in page
    assert sent.get_absolute_url() in page
    assert charlies.get(sent.get_absolute_url()).status_code == 200


def test_a_carrier_that_is_not_configured_any_more_is_named(charlies: Client, sent: Order, settings: Settings) -> None:
    use(settings, OtherCarrier)

    answer = charlies.get(url_of(sent.order_id))

    assert answer.status_code == 503
    assert "Simulated Parcel, which is not configured here" in text_of(answer)
    assert LINK not in text_of(charlies.get(sent.get_absolute_url()))


def test_a_parcel_that_the_carrier_does_not_know_is_a_sentence(
    charlies: Client, sent: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulatedCarrier, "find_booking", lambda *_: None)

    answer = charlies.get(url_of(sent.order_id))

    assert answer.status_code == 503
    assert "The carrier has no such parcel in its books." in text_of(answer)


def test_a_stranger_has_to_sign_in(client: Client, sent: Order) -> None:
    url = url_of(sent.order_id)

    assert client.get(url)["Location"] == leads_to_login(url)


def test_who_may_not_look_is_refused(client: Client, sent: Order) -> None:
    client.force_login(User.objects.create(username="eve"))

    assert client.get(url_of(sent.order_id)).status_code == 403


def test_an_unknown_order_and_a_wrong_method(charlies: Client, sent: Order) -> None:
    unknown = charlies.get(url_of("order-NONE"))
    assert unknown.status_code == 404
    assert "There is no order order-NONE." in text_of(unknown)
    assert charlies.post(url_of(sent.order_id)).status_code == 405
