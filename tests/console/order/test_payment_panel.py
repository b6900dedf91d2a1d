"""The payment on an order's page, where the shop had it authorised: held, captured, released."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from orders import contracts
from orders.decisions.closing import process_cancellation
from orders.models import Order, Payment
from orders.states import ReasonCode
from tests.asking import text_of
from tests.making import MakeOrder
from tests.orders.payments import moving

pytestmark = pytest.mark.django_db

HELD = "sim_auth_2500_EUR"


@pytest.fixture
def order(make_order: MakeOrder, settings: Settings) -> Order:
    """An order that waits for its approval, with its money held."""
    settings.PAYMENT_CAPTURE = "authorised"
    return make_order(payment_method=HELD)


def panel_of(order: Order, client: Client, user: User) -> str:
    """The panel's text, spaces as one."""
    client.force_login(user)
    page = text_of(client.get(order.get_absolute_url()))
    return " ".join(page[page.index('id="order-payment"') :].split("</section>")[0].split())


def test_it_says_until_when_the_money_is_held(order: Order, client: Client, bob: User) -> None:
    panel = panel_of(order, client, bob)
    until = Payment.objects.get(order=order).authorised_until
    assert until is not None
    assert "<b>Authorised</b>" in panel
    assert "<dt>Held until</dt>" in panel
    assert f"{until:%Y-%m-%dT%H:%M}" in panel
    assert "Approving captures it; cancelling, or the deadline, releases it." in panel


def test_once_captured_nothing_is_held(order: Order, client: Client, bob: User) -> None:
    moving.charge(order)
    panel = panel_of(order, client, bob)
    assert "<b>Charged</b>" in panel
    assert "Held until" not in panel
    assert "<b>Capture</b>: succeeded" in panel


def test_once_released_nothing_is_held(order: Order, client: Client, bob: User) -> None:
    process_cancellation(contracts.ProcessCancellation(order.order_id, ReasonCode.STAFF, "No."))
    panel = panel_of(order, client, bob)
    assert "<b>Released</b>" in panel
    assert "Held until" not in panel
    assert "The money was held and never taken." in panel


def test_a_charge_after_the_approval_holds_nothing(make_order: MakeOrder, client: Client, bob: User) -> None:
    assert "Held until" not in panel_of(make_order("COMPLETED"), client, bob)
