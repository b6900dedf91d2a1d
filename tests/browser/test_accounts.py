"""Accounts in a real browser: the password asked for again, and an own order that needs a reason."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from orders.intake import submission
from tests.browser.conftest import Visit
from tests.making import make_draft, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_change_in_the_admin_goes_on_after_the_password(visit: Visit) -> None:
    admin, bob = make_user("admin", is_superuser=True), make_user("bob", "approver")
    page = visit(f"/admin/auth/user/{bob.pk}/change/", admin)
    page.get_by_label("Last name").fill('O"Brien <bob>')
    page.get_by_role("button", name="Save", exact=True).click()
    password = page.get_by_label("Password of admin")
    expect(password).to_be_focused()
    password.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    password.fill("demo")
    page.get_by_role("button", name="Confirm and continue").click()
    expect(page.locator(".messagelist")).to_contain_text("was changed successfully")
    bob.refresh_from_db()
    assert bob.last_name == 'O"Brien <bob>'
    assert list(bob.groups.values_list("name", flat=True)) == ["approver"]


def test_a_reason_for_an_own_order_outlives_what_happens_meanwhile(visit: Visit) -> None:
    admin = make_user("admin", is_superuser=True)
    order = submission.submit_order(make_draft(), actor=admin, idempotency_key="own")
    page = visit(order.get_absolute_url(), admin)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("To approve it yourself, give a reason.")).to_be_visible()
    reason = page.get_by_label("Reason for approving your own order")
    reason.fill("Nobody else is here")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("admin had also submitted this order. Reason: Nobody else is here")).to_be_visible()
    assert User.objects.count() == 1
