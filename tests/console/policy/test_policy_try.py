"""/policy/try/: the rules, and how many of the last orders each would have caught."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import Order
from tests.asking import leads_to_login, text_of
from tests.making import MakeOrder, make_user
from tests.orders.policy.asking import make_rule

pytestmark = pytest.mark.django_db
URL = "/policy/try/"


@pytest.fixture
def charlies(client: Client, charlie: User) -> Client:
    """The browser of somebody who may look."""
    client.force_login(charlie)
    return client


def words_of(client: Client, url: str = URL) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(text_of(response).split())


def test_without_rules_every_order_needs_one_approval(charlies: Client, make_order: MakeOrder) -> None:
    make_order()
    page = words_of(charlies)
    assert "There are no rules. Every order needs one approval." in page
    assert "<dt>one approver</dt><dd>1</dd>" in page


def test_each_rule_says_what_it_would_have_caught(charlies: Client, make_order: MakeOrder) -> None:
    for country, postcode in (("DE", "10115"), ("AT", "1010"), ("AT", "1010")):
        make_order(address_country=country, address_postcode=postcode)
    make_rule("Large", total_above=2000, currency="EUR", approvals_needed=2, precedence=10)
    make_rule("Austria", countries=["AT"], precedence=20)
    make_rule("Draft", approvals_needed=0, is_enabled=False)
    version = Order.objects.latest("id").version
    page = words_of(charlies)
    assert "Total above 20.00 EUR: two approvers" in page
    figures = re.findall(r"Precedence</dt><dd>(\d+).*?caught</dt><dd>(\d+).*?decided</dt><dd>(\d+)", page)
    assert figures == [("10", "3", "3"), ("20", "2", "0"), ("100", "3", "0")]
    assert "<bdi>Draft</bdi></b> (switched off)" in page
    assert "<dt>two approvers</dt><dd>3</dd>" in page
    assert Order.objects.latest("id").version == version


def test_so_many_orders_are_tried_as_are_asked_for(charlies: Client, make_order: MakeOrder) -> None:
    for _ in range(3):
        make_order("CREATED")
    assert "The last 2 orders" in words_of(charlies, f"{URL}?last=2")


@pytest.mark.parametrize("last", ["0", "1001", "many"])
def test_a_number_that_is_none_is_said(charlies: Client, last: str) -> None:
    response = charlies.get(URL, {"last": last})
    assert response.status_code == 422
    assert "field-error" in text_of(response)


def test_only_those_who_may_edit_are_led_to_the_admin(charlies: Client, admin_user: User) -> None:
    assert "Edit the rules" not in words_of(charlies)
    charlies.force_login(admin_user)
    assert "/admin/orders/policyrule/" in words_of(charlies)


def test_a_stranger_has_to_sign_in(client: Client) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)


def test_somebody_without_a_role_may_not_look(client: Client, db: None) -> None:
    client.force_login(make_user("erik"))
    assert client.get(URL).status_code == 403


def test_it_is_only_read(charlies: Client) -> None:
    assert charlies.post(URL).status_code == 405
