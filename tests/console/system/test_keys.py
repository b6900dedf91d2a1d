"""/keys/: what single keys do, as a dialog by htmx and as a page without."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.asking import HTMX, text_of

pytestmark = pytest.mark.django_db
URL = "/keys/"


def test_it_is_a_page_that_every_other_page_leads_to(client: Client, charlie: User) -> None:
    client.force_login(charlie)
    assert f'href="{URL}"' in text_of(client.get("/orders/"))
    page = text_of(client.get(URL))
    assert "<h1>Keyboard</h1>" in page
    assert "keys-on" not in page


def test_by_htmx_it_is_what_the_dialog_holds(client: Client, charlie: User) -> None:
    client.force_login(charlie)
    assert '<dialog id="keys"' in text_of(client.get("/orders/"))
    dialog = text_of(client.get(URL, headers=HTMX))
    assert "<html" not in dialog
    assert 'id="keys-title"' in dialog
    assert 'id="keys-on"' in dialog


def test_it_lists_the_keys_that_do_something_for_this_person(
    client: Client, bob: User, alice: User, charlie: User
) -> None:
    for user, has, has_not in (
        (bob, ("In the review: approve", "select the order"), ("New order",)),
        (alice, ("New order",), ("In the review: approve",)),
        (charlie, ("Search orders",), ("New order", "In the review: approve", "select the order")),
    ):
        client.force_login(user)
        listed = text_of(client.get(URL, headers=HTMX))
        assert all(words in listed for words in has)
        assert not any(words in listed for words in has_not)
