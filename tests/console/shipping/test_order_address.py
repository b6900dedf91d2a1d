"""/orders/<order_id>/address/: correcting where an order goes."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.decisions.decide import approve_order
from orders.models import Order
from orders.shipping.address import correct_address, digest_address
from tests.asking import HTMX, LOGIN, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
LINK = "Correct the address…"


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/address/"


def typed(order: Order, **changes: str) -> dict[str, str]:
    address = {"address_line": "Short Street 2", "address_postcode": "10117", "address_city": "Berlin"}
    return {**address, "seen": digest_address(order), "reason": "", **changes}


@BOTH
class TestCorrecting:
    def test_the_form_has_the_address(self, alices: Client, order: Order, headers: dict[str, str]) -> None:
        page = text_of(alices.get(url(order), headers=headers))
        assert 'value="Long Street 1"' in page
        assert "The total of 25.00 EUR stays, and so does the country, <bdi>Germany</bdi>" in page

    def test_the_parcel_goes_there(self, alices: Client, order: Order, headers: dict[str, str]) -> None:
        response = alices.post(url(order), typed(order, reason="Customer called"), headers=headers, follow=True)
        page = text_of(response)
        assert response.redirect_chain == [(order.get_absolute_url(), 302)]
        assert "Address corrected. The parcel goes to the new address." in page
        assert "<bdi>Short Street 2</bdi>" in page
        assert "Before: Long Street 1, Berlin, 10115" in page or "Before: Long Street 1, 10115, Berlin" in page
        assert "Customer called" in page

    def test_the_same_address_is_no_correction(self, alices: Client, order: Order, headers: dict[str, str]) -> None:
        for _ in range(2):
            order.refresh_from_db()
            page = text_of(alices.post(url(order), typed(order), headers=headers, follow=True))
        assert "Nothing was changed" in page

    def test_what_is_no_address_is_refused_and_not_lost(
        self, alices: Client, order: Order, headers: dict[str, str]
    ) -> None:
        sent = typed(order, address_line="", address_city="", reason="Half a reason")
        response = alices.post(url(order), sent, headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert ('id="address-address_line_error"' in page, 'id="address-address_city_error"' in page) == (True, True)
        assert "Half a reason" in page
        order.refresh_from_db()
        assert order.address_line == "Long Street 1"

    def test_who_saw_another_address_is_told_and_loses_nothing(
        self, alices: Client, order: Order, bob: User, headers: dict[str, str]
    ) -> None:
        sent = typed(order, address_line="Typed Street 3")
        correct_address(order, actor=bob, typed=typed(order))
        response = alices.post(url(order), sent, headers=headers)
        page = text_of(response)
        assert response.status_code == 409
        assert "The address was changed after you opened this page." in page
        assert ("<bdi>Short Street 2</bdi>" in page, 'value="Typed Street 3"' in page) == (True, True)
        order.refresh_from_db()
        assert alices.post(url(order), sent | {"seen": digest_address(order)}, headers=headers).status_code == 302

    def test_it_may_be_too_late(
        self, client: Client, bob: User, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        client.force_login(bob)
        order = make_order("DISPATCHED", decided_by="dana")
        assert "Too late to correct the address: the package has been prepared." in text_of(
            client.get(url(order), headers=headers)
        )
        assert client.post(url(order), typed(order), headers=headers).status_code == 409

    def test_others_are_refused(self, client: Client, order: Order, headers: dict[str, str]) -> None:
        for person in (make_user("charlie", "viewer"), make_user("nobody")):
            client.force_login(person)
            assert client.get(url(order), headers=headers).status_code == 403
            assert client.post(url(order), typed(order), headers=headers).status_code == 403
        order.refresh_from_db()
        assert order.address_line == "Long Street 1"

    def test_an_unknown_order_is_not_found(self, alices: Client, order: Order, headers: dict[str, str]) -> None:
        assert alices.post("/orders/order-NOPE/address/", typed(order), headers=headers).status_code == 404
        assert alices.put(url(order), headers=headers).status_code == 405

    def test_a_stranger_has_to_sign_in_and_loses_nothing(
        self, client: Client, alice: User, order: Order, headers: dict[str, str]
    ) -> None:
        response = client.post(url(order), typed(order), headers=headers)
        if headers:
            assert response.status_code == 401
            return
        assert response["Location"] == leads_to_login(url(order))
        data = {"username": "alice", "password": "demo", "next": url(order)}
        assert 'value="Short Street 2"' in text_of(client.post(LOGIN, data, follow=True))


class TestOffer:
    def test_the_order_leads_there_as_long_as_it_can_be_done(
        self, client: Client, alice: User, bob: User, charlie: User, make_order: MakeOrder
    ) -> None:
        order, packed = make_order(), make_order("PACKAGE_PREPARED")
        for person, offered in ((alice, True), (bob, True), (charlie, False)):
            client.force_login(person)
            assert (LINK in text_of(client.get(order.get_absolute_url()))) is offered
            assert LINK not in text_of(client.get(packed.get_absolute_url()))
        approve_order(order, actor=bob)
        client.force_login(alice)
        assert LINK not in text_of(client.get(order.get_absolute_url())), "an approver has to do it now"

    def test_an_open_page_shows_the_new_address(self, alices: Client, order: Order, bob: User) -> None:
        correct_address(order, actor=bob, typed=typed(order))
        changes = text_of(alices.get(f"{order.get_absolute_url()}status/", {"version": "1"}, headers=HTMX))
        assert '<div id="order-customer" hx-swap-oob="innerHTML">' in changes
        assert "<bdi>Short Street 2</bdi>" in changes
