"""/ is the approver's desk: what waits for this person."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from console.desk import tabs
from orders.decisions import decide
from orders.intake.drafts import LineDraft
from orders.models import Order, Trouble
from orders.states import TroubleCode
from tests.asking import HTMX, leads_to_login, text_of
from tests.database import past_the_rules
from tests.making import MakeOrder, make_user
from tests.orders.policy.asking import make_limit, make_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    tabs.forget()
    return client


def shown(page: Any) -> list[str]:
    """Return the order ids of the rows, from top to bottom."""
    return [row.order.order_id for row in page.context["rows"]]


def test_it_shows_what_waits_for_the_person_and_counts_the_rest(bobs: Client, make_order: MakeOrder) -> None:
    later, soon = make_order(deadline_seconds=7200), make_order(deadline_seconds=600)
    make_order(submitted_by="bob")
    make_order("PAID")
    page = bobs.get("/")
    assert shown(page) == [soon.order_id, later.order_id]
    queues = page.context["queues"]
    assert (queues.mine.count, queues.others.count, queues.in_progress.count) == ("2", "1", "1")
    assert queues.held == ("1 submitted by you",)
    assert len(bobs.get(queues.others.url).context["rows"]) == 1
    assert len(bobs.get(queues.mine.url).context["rows"]) == 2


def test_a_row_says_what_to_decide_by(bobs: Client, make_order: MakeOrder) -> None:
    make_order("CANCELLED", reason_code="PAYMENT_DECLINED", reason="", cancelled_from="CHARGING_PAYMENT")
    make_rule("Big", approvals_needed=2, total_above=1000, currency="EUR")
    lines = tuple(LineDraft(f"S{number}", f"<b>Thing {number}", number, 1000) for number in range(1, 6))
    make_order(lines=lines, address_city="Hamburg", deadline_seconds=1800)
    page = text_of(bobs.get("/"))
    for words in (
        *("Emma Example", "1 order before", "1 × &lt;b&gt;Thing 1", "and 2 more lines", "Total above 10.00 EUR"),
        *("0/2 approvals", "New address", "Payment declined before", "in 29 min", "150.00 EUR"),
    ):
        assert words in page


def test_what_the_policy_leaves_to_others_is_apart(bobs: Client, bob: User, make_order: MakeOrder) -> None:
    make_rule("Two", approvals_needed=2, total_above=1000, currency="EUR", level=Group.objects.get(name="approver"))
    approved, small = make_order(), make_order(lines=(LineDraft("X", "X", 1, 900),))
    decide.approve_order(approved, actor=bob)
    make_limit(bob, 5000)
    make_order(lines=(LineDraft("X", "X", 1, 5001),))
    make_order(currency="USD")
    page = bobs.get("/")
    assert shown(page) == [small.order_id]
    assert page.context["queues"].held == ("1 approved by you already", "2 above your limit or for another group")


def test_what_is_for_another_group_is_apart_but_for_superusers(bobs: Client, make_order: MakeOrder) -> None:
    make_rule("Finance", level=Group.objects.create(name="finance"))
    order = make_order()
    assert shown(bobs.get("/")) == []
    bobs.force_login(make_user("root", is_superuser=True))
    assert shown(bobs.get("/")) == [order.order_id]


def test_orders_in_trouble_are_on_top(bobs: Client, make_order: MakeOrder) -> None:
    assert "in trouble" not in text_of(bobs.get("/"))
    Trouble.objects.create(order=make_order("PAID"), code=TroubleCode.RUN_FAILING)
    tabs.forget()
    page = text_of(bobs.get("/"))
    assert "1 order in trouble." in page
    assert 'href="/orders/stuck/"' in page


def test_an_open_page_is_told_only_what_is_new(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order()
    poll = bobs.get("/").context["poll_url"]
    assert bobs.get(poll, headers=HTMX).status_code == 204
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(created_at=order.created_at - timedelta(minutes=5))
    assert bobs.get(poll, headers=HTMX).status_code == 204  # it ages in the browser
    make_order("PAID")
    tabs.forget()
    counts = bobs.get(poll, headers=HTMX)
    assert 'id="desk-queues"' in counts.content.decode()
    assert 'id="desk-rows"' not in counts.content.decode()
    assert bobs.get(counts.context["poll_url"], headers=HTMX).status_code == 204
    decide.approve_order(order, actor=make_user("dana", "approver"))
    tabs.forget()
    page = bobs.get(counts.context["poll_url"], headers=HTMX)
    assert shown(page) == []
    assert "Nothing waits for you" in text_of(page)


def test_a_clerk_and_a_viewer_get_the_list(client: Client) -> None:
    for name, role in (("alice", "clerk"), ("charlie", "viewer")):
        client.force_login(make_user(name, role))
        assert client.get("/", follow=True).redirect_chain == [("/orders/?status=awaiting", 302)]


def test_a_stranger_has_to_sign_in(client: Client) -> None:
    assert client.get("/")["Location"] == leads_to_login("/")


def test_somebody_without_a_role_is_refused(client: Client) -> None:
    client.force_login(make_user("nobody"))
    response = client.get("/")
    assert response.status_code == 403
    assert "cannot view orders" in response.content.decode()


def test_it_cannot_be_posted_to(bobs: Client) -> None:
    response = bobs.post("/")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
