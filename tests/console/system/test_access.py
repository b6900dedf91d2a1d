"""Who gets to see the pages of the system: whoever may look at orders."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.asking import leads_to_login

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("url", ["/orders/stuck/", "/system/", "/reports/", "/keys/"]),
]


def test_a_stranger_is_led_to_sign_in(client: Client, url: str) -> None:
    assert client.get(url)["Location"] == leads_to_login(url)


def test_without_the_right_to_view_it_is_refused(client: Client, url: str) -> None:
    client.force_login(User.objects.create_user("nobody"))
    assert client.get(url).status_code == 403


def test_it_takes_no_post(charlies: Client, url: str) -> None:
    assert charlies.post(url).status_code == 405
