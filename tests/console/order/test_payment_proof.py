"""/orders/<order_id>/payment-proof/: the page, and the file."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.proof.payment import check_proof
from orders.proof.verdict import VerdictCode
from tests.asking import leads_to_login, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def url_of(order_id: str) -> str:
    return f"/orders/{order_id}/payment-proof/"


def test_it_shows_the_verdict_and_the_records_of_both_sides(
    client: Client, charlie: User, make_order: MakeOrder
) -> None:
    client.force_login(charlie)
    order = make_order("CANCELLED", cancelled_from="PAID")

    page = text_of(client.get(url_of(order.order_id)))

    assert "Charged exactly once, and refunded in full: 25.00 EUR" in page
    assert order.payment_id in page
    assert order.payment.gateway_reference in page
    assert "<b>Refund</b>" in page
    assert url_of(order.order_id) in text_of(client.get(order.get_absolute_url()))


def test_an_order_that_was_never_charged_has_one_too(client: Client, charlie: User, make_order: MakeOrder) -> None:
    client.force_login(charlie)

    page = text_of(client.get(url_of(make_order().order_id)))

    assert "Not charged" in page
    assert "The gateway has not been called." in page


def test_the_file_can_be_checked(client: Client, charlie: User, make_order: MakeOrder) -> None:
    client.force_login(charlie)
    order = make_order("COMPLETED")

    answer = client.get(f"{url_of(order.order_id)}?format=json")

    assert answer["Content-Disposition"] == f'attachment; filename="{order.order_id}-payment.json"'
    assert check_proof(json.loads(answer.content)).code == VerdictCode.CHARGED_ONCE


def test_a_stranger_has_to_sign_in(client: Client, make_order: MakeOrder) -> None:
    url = url_of(make_order().order_id)

    assert client.get(url)["Location"] == leads_to_login(url)


def test_who_may_not_look_is_refused(client: Client, make_order: MakeOrder) -> None:
    client.force_login(User.objects.create(username="eve"))

    assert client.get(url_of(make_order().order_id)).status_code == 403


def test_an_unknown_order_and_a_wrong_method(client: Client, charlie: User, make_order: MakeOrder) -> None:
    client.force_login(charlie)

    assert client.get(url_of("order-NONE")).status_code == 404
    assert client.post(url_of(make_order().order_id)).status_code == 405
