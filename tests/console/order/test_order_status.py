"""/orders/<order_id>/status/: the fragment that is asked for again and again while an order is open."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from console.order import detail, glance
from orders.contracts import StatusAnswer
from orders.decisions import decide
from orders.engine import live_status
from orders.engine.live_status import AWAY, BUSY, LiveStatus
from orders.engine.pending import PendingActivity
from orders.intake import submission
from orders.lifecycle import statuses
from orders.lifecycle.lookup import lock_order
from orders.models import Order
from orders.permissions import TerminalOperator
from orders.states import Status
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_draft, make_user
from tests.waiting import wait_for_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def workflow_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[LiveStatus], None]:
    """Return a function that sets what the workflow says; the workflow itself is asked in TestLive."""

    def say(live: LiveStatus) -> None:
        monkeypatch.setattr(detail, "get_live_status", lambda order_id, **_: live)

    return say


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/status/"


def ask(client: Client, order: Order, response: Any) -> Any:
    """Ask as the page does that holds what `response` brought."""
    query = {"version": order.version, "seen": response.context["panel"].seen}
    return client.get(url(order), query, headers=HTMX)


def later(*, seconds: float) -> Callable[[str], Order]:
    """Return what reads the order as it will be in so many seconds."""
    read = glance._read

    def read_later(order_id: str) -> Order:
        found = read(order_id)
        vars(found)["read_at"] += timedelta(seconds=seconds)
        return found

    return read_later


def waiting(order: Order, **changes: Any) -> StatusAnswer:
    answer = StatusAnswer(order.order_id, order.status, waiting_for="approval")
    return replace(answer, **changes)


class TestWithoutTemporal:
    def test_it_shows_the_row_and_says_that_live_status_is_away(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        assert response.status_code == 200
        assert "Awaiting approval" in text_of(response)
        assert str(AWAY.sentence) in text_of(response)
        assert "<html" not in text_of(response)
        assert ask(bobs, order, response).status_code == 204

    def test_without_htmx_it_leads_to_the_page(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        assert bobs.get(url(order))["Location"] == order.get_absolute_url()

    def test_at_the_end_it_stops_and_brings_everything(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order("COMPLETED")
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        assert response.status_code == 286
        page = text_of(response)
        assert "data-poll" not in page
        assert order.shipment.tracking_number in page
        assert "<title>Completed" in page

    def test_a_new_version_brings_the_other_facts(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order("PAID")
        page = text_of(bobs.get(url(order), {"version": "1", "seen": "x"}, headers=HTMX))
        for part in ("decision", "payment", "shipment", "timeline"):
            assert f'id="order-{part}" hx-swap-oob' in page
        assert order.payment.gateway_reference in page

    def test_what_was_said_after_a_click_stays_until_the_workflow_has_answered(
        self, bobs: Client, make_order: MakeOrder
    ) -> None:
        waiting, answered = make_order(), make_order("PAID")
        decide.approve_order(waiting, actor=TerminalOperator("bob"))
        for order, is_cleared in ((waiting, False), (answered, True)):
            page = text_of(bobs.get(url(order), {"version": "1", "seen": "x"}, headers=HTMX))
            assert ('id="order-feedback"' in page) is is_cleared

    def test_the_same_version_brings_the_status_alone(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        page = text_of(bobs.get(url(order), {"version": str(order.version), "seen": "x"}, headers=HTMX))
        assert page.count("hx-swap-oob") == page.count('id="engine"') == 1

    @pytest.mark.parametrize("version", ["", "x", "-1", "9" * 50, "\x00"])
    def test_a_version_that_is_none_is_survived(self, bobs: Client, make_order: MakeOrder, version: str) -> None:
        assert bobs.get(url(make_order()), {"version": version, "seen": "\x00"}, headers=HTMX).status_code == 200

    def test_it_reads_little(
        self, bobs: Client, make_order: MakeOrder, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        order = make_order()
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        with django_assert_max_num_queries(8):
            assert ask(bobs, order, response).status_code == 204


class TestAnswers:
    def test_it_says_what_the_workflow_waits_for(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order("PAID")
        workflow_says(LiveStatus(waiting(order, waiting_for="shipping")))
        page = text_of(bobs.get(url(order), {"version": order.version}, headers=HTMX))
        assert "Waiting for the warehouse and the carrier." in page
        assert "Live from the workflow" in page

    def test_attempts_are_told_with_failure_and_next_try(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order("CHARGING_PAYMENT")
        due = timezone.now() + timedelta(seconds=8.9)
        tried = PendingActivity("charge_payment", 3, "The gateway <hung>.", due)
        workflow_says(LiveStatus(waiting(order, waiting_for="payment"), activities=(tried,)))
        page = text_of(bobs.get(url(order), {"version": order.version}, headers=HTMX))
        assert "Charge the payment: attempt 3, last failure: The gateway &lt;hung&gt;, next attempt <time" in page
        assert 'data-until="now">in 8 s</time>' in page

    def test_the_page_counts_down_to_the_next_try_on_its_own(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order("CHARGING_PAYMENT")
        tried = PendingActivity("charge_payment", 3, "The gateway hung.", timezone.now() + timedelta(seconds=30))
        workflow_says(LiveStatus(waiting(order, waiting_for="payment"), activities=(tried,)))
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        with patch.object(glance, "_read", later(seconds=20)):
            assert ask(bobs, order, response).status_code == 204
        with patch.object(glance, "_read", later(seconds=40)):
            assert "in progress" in text_of(ask(bobs, order, response))

    def test_a_first_try_is_under_way(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order("CHARGING_PAYMENT")
        tried = PendingActivity("charge_payment", 1, "", timezone.now())
        workflow_says(LiveStatus(waiting(order, waiting_for="payment"), activities=(tried,)))
        page = text_of(bobs.get(url(order), {"version": order.version}, headers=HTMX))
        assert "Charge the payment: first attempt, in progress" in page

    def test_a_change_of_the_answer_alone_is_shown(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order("PAID")
        workflow_says(LiveStatus(waiting(order, waiting_for="shipping")))
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        assert ask(bobs, order, response).status_code == 204
        workflow_says(LiveStatus(waiting(order, waiting_for="completion")))
        assert ask(bobs, order, response).status_code == 200

    @pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED"])
    def test_the_end_counts_when_the_row_says_so(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None], status: str
    ) -> None:
        order = make_order("DISPATCHED")
        workflow_says(LiveStatus(waiting(order, status=status, waiting_for=None)))
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        assert response.status_code == 200
        assert "Dispatched" in text_of(response)

    @pytest.mark.parametrize("status", ["PACKAGE_PREPARED", "DISPATCHED", "CANCELLING"])
    def test_what_the_row_knows_beyond_the_workflow_counts(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None], status: str
    ) -> None:
        order = make_order(status, cancelled_from="PAID") if status == "CANCELLING" else make_order(status)
        workflow_says(LiveStatus(waiting(order, status="PAID", waiting_for="shipping")))
        assert bobs.get(url(order), headers=HTMX).context["panel"].status == status

    @pytest.mark.parametrize(
        ("before", "after", "code"), [("DISPATCHED", "COMPLETED", 286), ("CREATED", "VALIDATED", 200)]
    )
    def test_a_row_that_went_on_while_the_workflow_was_asked_is_read_again(
        self,
        bobs: Client,
        make_order: MakeOrder,
        monkeypatch: pytest.MonkeyPatch,
        before: Status,
        after: Status,
        code: int,
    ) -> None:
        order = make_order(before)

        def answer_late(order_id: str, **_: float) -> LiveStatus:
            statuses.advance(lock_order(order_id), Status(after))
            return LiveStatus(waiting(order, status=after, waiting_for=None))

        monkeypatch.setattr(detail, "get_live_status", answer_late)
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        assert response.status_code == code
        assert response.context["order"].status == after
        assert "hx-swap-oob" in text_of(response), "what else changed comes along"

    def test_what_the_workflow_said_stays_while_others_are_being_asked(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order()
        workflow_says(LiveStatus(waiting(order)))
        response = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        workflow_says(BUSY)
        query = {"version": order.version, "seen": response.context["panel"].seen}
        assert bobs.get(url(order), query | {"asked": "1"}, headers=HTMX).status_code == 204
        assert bobs.get(url(order), query, headers=HTMX).status_code == 200
        assert bobs.get(url(order), {"version": "1", "asked": "1"}, headers=HTMX).status_code == 200

    def test_a_status_of_a_newer_release_is_survived(
        self, bobs: Client, make_order: MakeOrder, workflow_says: Callable[[LiveStatus], None]
    ) -> None:
        order = make_order()
        workflow_says(LiveStatus(waiting(order, status="ON_THE_MOON", waiting_for="gravity")))
        assert "Awaiting approval" in text_of(bobs.get(url(order), {"version": order.version}, headers=HTMX))

    def test_an_answer_may_be_old_only_while_the_order_waits(
        self, bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allowed: list[float] = []

        def note(order_id: str, *, waiting_seconds: float) -> LiveStatus:
            allowed.append(waiting_seconds)
            return LiveStatus(None)

        monkeypatch.setattr(detail, "get_live_status", note)
        order = make_order()
        page = text_of(bobs.get(url(order), {"version": order.version}, headers=HTMX))
        assert "&amp;asked=1" in page
        bobs.get(url(order), {"version": str(order.version), "asked": "1"}, headers=HTMX)
        decide.approve_order(order, actor=TerminalOperator("bob"))
        bobs.get(url(order), {"version": str(order.version), "asked": "1"}, headers=HTMX)
        assert allowed == [live_status.OPENING_SECONDS, live_status.WAITING_SECONDS, 0]


@pytest.mark.django_db(transaction=True)
class TestLive:
    def test_it_asks_the_workflow_itself(self, client: Client, workers_running: object) -> None:
        alice, bob = make_user("alice", "clerk"), make_user("bob", "approver")
        client.force_login(bob)
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key="live")
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
        response = client.get(url(order), {"version": order.version}, headers=HTMX)
        assert "Live from the workflow" in text_of(response)
        assert ask(client, order, response).status_code == 204
        decide.approve_order(order, actor=bob)
        wait_for_status(order, Status.COMPLETED)
        assert ask(client, order, response).status_code == 286


class TestAccess:
    def test_a_stranger_gets_no_login_page_into_the_fragment(self, client: Client, make_order: MakeOrder) -> None:
        order = make_order()
        response = client.get(url(order), headers=HTMX)
        assert response.status_code == 401
        assert client.get(url(order))["Location"] == leads_to_login(url(order))

    def test_an_unknown_order_is_said_in_plain_text(self, bobs: Client) -> None:
        response = bobs.get("/orders/order-NOPE/status/", headers=HTMX)
        assert (response.status_code, text_of(response)) == (404, "There is no order order-NOPE.")

    def test_somebody_without_a_role_is_refused(self, client: Client, make_order: MakeOrder) -> None:
        client.force_login(make_user("nobody"))
        assert client.get(url(make_order()), headers=HTMX).status_code == 403

    def test_it_cannot_be_posted_to(self, bobs: Client, make_order: MakeOrder) -> None:
        assert bobs.post(url(make_order()))["Allow"] == "GET, HEAD"


class TestSharing:
    """What one poll has read of an order serves the polls of others for a second; it holds nothing of a person."""

    def test_many_who_look_read_the_order_once(
        self, make_order: MakeOrder, bob: User, dana: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        order, browsers = make_order(), [Client(), Client()]
        for browser, user in zip(browsers, (bob, dana), strict=True):
            browser.force_login(user)
        for _ in range(2):  # the first time each is noted, the second time each is told of the other
            glance._glances.forget()
            pages = [browser.get(url(order), {"version": order.version}, headers=HTMX) for browser in browsers]
        glance._glances.forget()
        with django_assert_num_queries(3):  # a session each, and the order once
            answers = [ask(browser, order, shown) for browser, shown in zip(browsers, pages, strict=True)]
        assert [answer.status_code for answer in answers] == [204, 204]

    def test_who_may_not_view_orders_is_refused_what_others_have_read(
        self, bobs: Client, client: Client, make_order: MakeOrder
    ) -> None:
        order, stranger = make_order(), Client()
        bobs.get(url(order), {"version": order.version}, headers=HTMX)
        stranger.force_login(make_user("nobody"))
        assert stranger.get(url(order), {"version": order.version}, headers=HTMX).status_code == 403

    def test_one_is_shown_what_oneself_may_do(self, bobs: Client, charlie: User, make_order: MakeOrder) -> None:
        order, charlies = make_order(), Client()
        charlies.force_login(charlie)
        for browser, may_approve in ((bobs, True), (charlies, False), (bobs, True)):
            page = text_of(browser.get(url(order), {"version": "1"}, headers=HTMX))
            assert ("csrfmiddlewaretoken" in page) is ('id="approve"' in page) is may_approve

    def test_ones_own_decision_is_seen_at_once(self, bobs: Client, dana: User, make_order: MakeOrder) -> None:
        order, danas = make_order(), Client()
        danas.force_login(dana)
        shown = bobs.get(url(order), {"version": order.version}, headers=HTMX)
        decide.approve_order(order, actor=dana)
        danas.get(url(order), {"version": order.version}, headers=HTMX)
        assert ask(bobs, order, shown).status_code == 200
