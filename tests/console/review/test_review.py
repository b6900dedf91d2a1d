"""/orders/review/: one order at a time of what waits for a person, decided where it is shown."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from orders.decisions import decide
from orders.intake.drafts import LineDraft
from orders.models import Decision, Order, OutboxMessage
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_user
from tests.orders.policy.asking import make_rule

pytestmark = pytest.mark.django_db
URL = "/orders/review/"
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def waiting(make_order: MakeOrder) -> list[Order]:
    """Orders that wait, the next to expire first."""
    return [make_order(deadline_seconds=600 * number) for number in (1, 2, 3)]


def shown(page: Any) -> str:
    """Return the order that a page shows, or an empty text."""
    order: Order | None = page.context.get("order")
    return order.order_id if order else ""


def verdict(order: Order, kind: str = "approve", **more: str) -> dict[str, str]:
    return {"order_id": order.order_id, "kind": kind, **more}


class TestLooking:
    def test_it_begins_with_the_next_to_expire_and_goes_both_ways(self, bobs: Client, waiting: list[Order]) -> None:
        page = bobs.get(URL)
        assert (shown(page), str(page.context["counter"])) == (waiting[0].order_id, "1 of 3")
        assert page.context["previous_url"] == ""
        page = bobs.get(page.context["next_url"])
        assert (shown(page), str(page.context["counter"])) == (waiting[1].order_id, "2 of 3")
        assert shown(bobs.get(page.context["previous_url"])) == waiting[0].order_id
        assert shown(bobs.get(page.context["here_url"])) == waiting[1].order_id

    def test_orders_of_one_deadline_are_all_shown(self, bobs: Client, make_order: MakeOrder) -> None:
        orders = [make_order() for _ in range(3)]
        Order.objects.update(approval_deadline=orders[0].approval_deadline)
        page, seen = bobs.get(URL), []
        while shown(page):
            seen.append((shown(page), str(page.context["counter"])))
            page = bobs.get(page.context["next_url"])
        assert seen == [(order.order_id, f"{number} of 3") for number, order in enumerate(orders, start=1)]

    def test_the_end_says_what_still_waits(self, bobs: Client, waiting: list[Order]) -> None:
        page = bobs.get(URL, {"after": waiting[2].order_id})
        assert "3 orders still wait for you." in text_of(page)
        assert shown(bobs.get(page.context["start_url"])) == waiting[0].order_id

    def test_without_any_order_it_says_so(self, bobs: Client) -> None:
        page = text_of(bobs.get(URL, {"decided": "2"}))
        assert "Nothing waits for you" in page
        assert "You decided 2 orders." in page

    def test_going_back_from_the_first_stays_there(self, bobs: Client, waiting: list[Order]) -> None:
        page = bobs.get(URL, {"before": waiting[0].order_id})
        assert (shown(page), str(page.context["counter"])) == (waiting[0].order_id, "1 of 3")

    def test_it_shows_only_what_waits_for_the_person(self, bobs: Client, bob: User, make_order: MakeOrder) -> None:
        make_rule("Two", approvals_needed=2, total_above=1000, currency="EUR", level=Group.objects.get(name="approver"))
        approved = make_order(deadline_seconds=60)
        decide.approve_order(approved, actor=bob)
        make_order(submitted_by="bob", deadline_seconds=120)
        order = make_order()
        page = bobs.get(URL)
        assert (shown(page), str(page.context["counter"])) == (order.order_id, "1 of 1")

    def test_it_shows_what_to_decide_by(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order("CANCELLED", reason_code="PAYMENT_DECLINED", reason="", cancelled_from="CHARGING_PAYMENT")
        make_order()
        make_rule("Big", approvals_needed=2, total_above=1000, currency="EUR", explanation="Ask for the invoice")
        order = make_order(address_city="Hamburg", deadline_seconds=60)
        page = text_of(bobs.get(URL))
        for words in (
            *(order.order_id, "Emma Example", "2 orders of this customer before this one.", "Hamburg"),
            *("Possible duplicate", "The address differs", "declined before", "MUG-1", "25.00 EUR"),
            *("Total above 10.00 EUR", "Ask for the invoice", "0 of 2 approvals", "Submitted"),
            "Your approval will be 1 of 2. Someone else has to approve the order too.",
            "No money has been taken, so there is nothing to refund.",
        ):
            assert words in page

    def test_an_order_that_is_gone_is_passed_over_and_told_of(self, bobs: Client, waiting: list[Order]) -> None:
        decide.approve_order(waiting[1], actor=make_user("dana", "approver"))
        page = bobs.get(URL, {"order": waiting[1].order_id})
        assert shown(page) == waiting[2].order_id
        assert "This order does not wait for you any more." in text_of(page)

    def test_htmx_gets_the_order_alone(self, bobs: Client, waiting: list[Order]) -> None:
        page = text_of(bobs.get(URL, headers=HTMX))
        assert 'id="review-panel"' in page
        assert "<html" not in page


class TestDeciding:
    def test_without_htmx_it_leads_to_the_next_order(self, bobs: Client, waiting: list[Order]) -> None:
        page: Any = bobs.post(URL, verdict(waiting[0], decided="4"), follow=True)
        assert page.redirect_chain == [(f"{URL}?after={waiting[0].order_id}&decided=5", 302)]
        assert (shown(page), str(page.context["counter"])) == (waiting[1].order_id, "6 of 7")
        assert f"{waiting[0].order_id}: Your approval is saved." in text_of(page)

    def test_with_htmx_it_brings_the_next_order(self, bobs: Client, waiting: list[Order]) -> None:
        page = bobs.post(URL, verdict(waiting[0]), headers=HTMX)
        assert (page.status_code, shown(page)) == (200, waiting[1].order_id)
        assert "Your approval is saved." in text_of(page)
        assert "<html" not in text_of(page)
        decision = Decision.objects.get()
        assert (decision.kind, decision.actor, decision.channel) == ("approve", "bob", "CONSOLE")

    def test_a_page_that_has_gone_on_gets_the_order_after_the_one_it_shows(
        self, bobs: Client, waiting: list[Order]
    ) -> None:
        page = bobs.post(URL, verdict(waiting[0], shown=waiting[1].order_id), headers=HTMX)
        assert (shown(page), str(page.context["counter"])) == (waiting[2].order_id, "3 of 3")

    def test_the_relay_sends_it_so_that_nobody_waits_for_temporal(
        self,
        bobs: Client,
        waiting: list[Order],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks() as callbacks:
            bobs.post(URL, verdict(waiting[0]), headers=HTMX)
        assert callbacks == []
        message = OutboxMessage.objects.get(name="approve_order")
        assert (message.status, message.attempts) == (OutboxMessage.Status.PENDING, 0)

    @BOTH
    def test_cancelling_takes_a_reason(self, bobs: Client, waiting: list[Order], headers: dict[str, str]) -> None:
        sent = verdict(waiting[0], "cancel", reason_code="OTHER", reason="Called us")
        page = bobs.post(URL, sent, headers=headers, follow=True)
        assert shown(page) == waiting[1].order_id
        assert "Your cancellation is saved." in text_of(page)
        decision = Decision.objects.get()
        assert (decision.kind, decision.reason) == ("cancel", "Called us")

    @BOTH
    def test_without_a_reason_nothing_is_cancelled(
        self, bobs: Client, waiting: list[Order], headers: dict[str, str]
    ) -> None:
        page = bobs.post(URL, verdict(waiting[1], "cancel", reason_code="", reason="", decided="1"), headers=headers)
        assert (page.status_code, shown(page)) == (422, waiting[1].order_id)
        assert "Enter a reason for cancelling the order." in text_of(page)
        assert not Decision.objects.exists()

    def test_a_reason_is_not_kept_for_another_order(self, bobs: Client, waiting: list[Order]) -> None:
        decide.approve_order(waiting[0], actor=make_user("dana", "approver"))
        page = bobs.post(URL, verdict(waiting[0], "cancel", reason_code="OTHER", reason=""), headers=HTMX)
        assert (page.status_code, shown(page)) == (422, waiting[1].order_id)
        assert "Enter a reason" not in text_of(page)

    def test_of_two_approvals_the_first_is_counted(self, bobs: Client, make_order: MakeOrder) -> None:
        make_rule("Two", approvals_needed=2, total_above=1000, currency="EUR")
        page = bobs.post(URL, verdict(make_order()), headers=HTMX)
        assert "Your approval is saved: 1 of 2." in text_of(page)

    @BOTH
    def test_who_was_first_is_told_and_the_next_order_stays(
        self, bobs: Client, waiting: list[Order], headers: dict[str, str]
    ) -> None:
        decide.approve_order(waiting[0], actor=make_user("dana", "approver"))
        page = bobs.post(URL, verdict(waiting[0], decided="1"), headers=headers)
        assert (page.status_code, shown(page)) == (409, waiting[1].order_id)
        assert "Not approved. dana approved the order on" in text_of(page)
        assert str(page.context["counter"]) == "2 of 3"
        assert Decision.objects.count() == 1


class TestNews:
    def test_an_open_page_is_told_only_what_is_new(self, bobs: Client, waiting: list[Order]) -> None:
        page = bobs.get(URL)
        poll = page.context["poll_url"]
        assert bobs.get(poll, headers=HTMX).status_code == 204
        decide.approve_order(waiting[0], actor=make_user("dana", "approver"))
        news = text_of(bobs.get(poll, headers=HTMX))
        assert "dana approved the order on" in news
        assert 'id="review-decision" hx-swap-oob' in news
        assert "data-verdict" not in news, "it is offered no more"
        assert "data-poll" not in news, "there is nothing left to ask"

    def test_of_two_approvals_the_first_leaves_the_order_open(self, bobs: Client, make_order: MakeOrder) -> None:
        make_rule("Two", approvals_needed=2, total_above=1000, currency="EUR")
        order = make_order()
        poll = bobs.get(URL).context["poll_url"]
        decide.approve_order(order, actor=make_user("dana", "approver"))
        news = bobs.get(poll, headers=HTMX)
        assert "This order has changed." in text_of(news)
        assert bobs.get(news.context["poll_url"], headers=HTMX).status_code == 204


class TestRefusals:
    def test_a_stranger_has_to_sign_in(self, client: Client, make_order: MakeOrder) -> None:
        assert client.get(URL)["Location"] == leads_to_login(URL)
        assert client.post(URL, verdict(make_order()), headers=HTMX).status_code == 401
        assert not Decision.objects.exists()

    def test_after_signing_in_the_reason_is_still_there(self, client: Client, bob: User, waiting: list[Order]) -> None:
        sent = verdict(waiting[1], "cancel", reason="half a reason", decided="3")
        client.post(URL, sent)
        client.post("/accounts/login/", {"username": "bob", "password": "demo"})
        page = client.get(URL)
        assert shown(page) == waiting[1].order_id
        assert "half a reason" in text_of(page)
        assert "your decision was not saved" in text_of(page)

    @pytest.mark.parametrize(("name", "role"), [("alice", "clerk"), ("charlie", "viewer")])
    def test_who_may_not_approve_gets_the_list_and_decides_nothing(
        self, client: Client, make_order: MakeOrder, name: str, role: str
    ) -> None:
        client.force_login(make_user(name, role))
        assert client.get(URL)["Location"] == "/orders/?status=awaiting"
        for headers in ({}, HTMX):
            assert client.post(URL, verdict(make_order()), headers=headers).status_code == 403
        assert not Decision.objects.exists()

    @BOTH
    def test_nobody_approves_their_own_order(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        response = bobs.post(URL, verdict(make_order(submitted_by="bob")), headers=headers)
        assert response.status_code == 403
        assert not Decision.objects.exists()

    def test_somebody_without_a_role_is_refused(self, client: Client) -> None:
        client.force_login(make_user("nobody"))
        assert client.get(URL).status_code == 403

    def test_an_order_that_is_not_there_is_not_found(self, bobs: Client) -> None:
        assert bobs.post(URL, {"order_id": "order-NONE", "kind": "approve"}).status_code == 404

    @pytest.mark.parametrize("sent", [{}, {"kind": "delete", "order_id": "order-X"}, {"kind": "approve"}])
    def test_what_no_form_sends_is_refused(self, bobs: Client, sent: dict[str, str]) -> None:
        assert bobs.post(URL, sent).status_code == 400

    def test_it_cannot_be_put(self, bobs: Client) -> None:
        response = bobs.put(URL)
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, POST"


def test_many_lines_are_shown_in_a_frame(bobs: Client, make_order: MakeOrder) -> None:
    make_order(lines=tuple(LineDraft(f"S{number}", "Thing", 1, 100) for number in range(30)))
    assert "All 30 lines" in text_of(bobs.get(URL))
