"""The page of an order says why people are asked, who approved, and who still may."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from orders.decisions import decide
from orders.models import Order
from tests.asking import HTMX, text_of
from tests.making import MakeOrder, make_user
from tests.orders.policy.asking import ask_for, make_limit, make_rule

pytestmark = pytest.mark.django_db


def page_of(order: Order, user: User, client: Client) -> str:
    client.force_login(user)
    return " ".join(text_of(client.get(order.get_absolute_url())).split())


def offers_approval(page: str, order: Order) -> bool:
    return f'action="/orders/{order.order_id}/approve/"' in page


class TestWhy:
    def test_the_rules_that_applied(self, make_order: MakeOrder, bob: User, client: Client) -> None:
        make_rule("Large", total_above=2000, currency="EUR", approvals_needed=2, explanation="Call the customer.")
        make_rule("First order", is_new_customer=True, precedence=200)
        page = page_of(make_order(), bob, client)
        assert "Total above 20.00 EUR: two approvers" in page
        assert "Call the customer." in page
        assert "New customer: no completed order so far: one approver" in page
        assert "Overridden rule <bdi>First order</bdi>" in page

    def test_an_ordinary_order_says_nothing(self, make_order: MakeOrder, bob: User, client: Client) -> None:
        page = page_of(make_order(), bob, client)
        assert 'class="approvals"' not in page
        assert "approve:" not in page

    def test_a_rule_s_words_are_no_html(self, make_order: MakeOrder, bob: User, client: Client) -> None:
        make_rule("<b>Large</b>", approvals_needed=2, explanation="<script>alert(1)</script>")
        page = page_of(make_order(), bob, client)
        assert "&lt;b&gt;Large&lt;/b&gt;" in page
        assert "<script>alert(1)" not in page


class TestTwoApprovers:
    def test_before_the_first(self, bob: User, dana: User, client: Client) -> None:
        order = ask_for(2)
        page = page_of(order, bob, client)
        assert "<b>0 of 2 approvals</b>" in page
        assert "May approve: <bdi>bob</bdi>, <bdi>dana</bdi>" in page
        assert offers_approval(page, order)

    def test_after_it(self, bob: User, dana: User, client: Client) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        page = page_of(order, bob, client)
        assert "<b>1 of 2 approvals</b>" in page
        assert "<bdi>bob</bdi> approved" in page
        assert "May still approve: <bdi>dana</bdi>" in page
        assert "You have approved this order. It needs 2 approvals: 1 given, 1 more by someone else." in page
        assert "1 of 2 approvals. Waiting for another approver." in page
        assert not offers_approval(page, order)
        assert offers_approval(page_of(order, dana, client), order)
        assert "Cancel this order" in page

    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
    def test_a_second_click_is_refused(self, bob: User, client: Client, headers: dict[str, str]) -> None:
        order = ask_for(2)
        client.force_login(bob)
        first = client.post(f"/orders/{order.order_id}/approve/", headers=headers, follow=True)
        assert first.status_code == 200
        again = client.post(f"/orders/{order.order_id}/approve/", headers=headers)
        assert again.status_code == 409
        assert "You have approved this order." in text_of(again)
        assert order.decisions.count() == 1

    def test_after_both(self, bob: User, dana: User, client: Client) -> None:
        order = ask_for(2)
        for person in (bob, dana):
            decide.approve_order(order, actor=person)
        page = page_of(order, bob, client)
        assert "<b>2 of 2 approvals</b>" in page
        assert "Approved by dana. Processing starts in a moment." in page
        assert "approve:" not in page

    def test_where_nobody_is_left(self, bob: User, client: Client) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        assert "Nobody else may approve this order." in page_of(order, bob, client)

    def test_the_next_order_is_not_one_that_was_approved(self, bob: User, dana: User, client: Client) -> None:
        order, other = ask_for(2), ask_for(2)
        decide.approve_order(other, actor=bob)
        assert "Next order to decide" not in page_of(order, bob, client)
        assert other.get_absolute_url() in page_of(order, dana, client)

    def test_its_row_says_how_many(self, bob: User, client: Client) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        client.force_login(bob)
        page = " ".join(text_of(client.get("/orders/")).split())
        assert '1/2<span class="visually-hidden"> approvals</span>' in page


class TestWhoMayNot:
    def test_above_the_limit(self, make_order: MakeOrder, bob: User, dana: User, client: Client) -> None:
        make_limit(bob, 1000)
        order = make_order()
        page = page_of(order, bob, client)
        assert "The total of 25.00 EUR is above your approval limit of 10.00 EUR." in page
        assert "May approve: <bdi>dana</bdi>" in page
        assert not offers_approval(page, order)
        response = client.post(f"/orders/{order.order_id}/approve/", headers=HTMX)
        assert (response.status_code, order.decisions.count()) == (409, 0)

    def test_not_at_the_level(self, bob: User, client: Client) -> None:
        order = ask_for(1, level="senior")
        page = page_of(order, bob, client)
        assert "Only members of senior may approve this order." in page
        assert "Every order: one approver from senior" in page
        make_user("erik", "approver").groups.add(Group.objects.get(name="senior"))
        assert "May approve: <bdi>erik</bdi>" in page_of(order, bob, client)

    def test_a_viewer_sees_why_and_who(self, bob: User, charlie: User, client: Client) -> None:
        page = page_of(ask_for(2), charlie, client)
        assert "Every order: two approvers" in page
        assert "May approve: <bdi>bob</bdi>" in page
