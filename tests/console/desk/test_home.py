"""/ leads to the approver's desk."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.asking import leads_to_login
from tests.making import make_user


def test_it_leads_to_the_orders_that_wait(client: Client, bob: User) -> None:
    client.force_login(bob)
    response = client.get("/", follow=True)
    assert response.redirect_chain == [("/orders/?status=awaiting", 302)]
    assert response.context["asked"].sort == "expiring"


@pytest.mark.django_db
def test_a_stranger_has_to_sign_in(client: Client) -> None:
    assert client.get("/")["Location"] == leads_to_login("/")


def test_somebody_without_a_role_is_refused(client: Client, db: None) -> None:
    client.force_login(make_user("nobody"))
    response = client.get("/")
    assert response.status_code == 403
    assert "cannot view orders" in response.content.decode()


def test_it_cannot_be_posted_to(client: Client, bob: User) -> None:
    client.force_login(bob)
    response = client.post("/")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
