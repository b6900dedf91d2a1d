"""/orders/<order_id>/approve/: approving one order."""

from concurrent.futures import Future
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.order import decisions
from orders.contracts import DecisionAnswer, StatusAnswer
from orders.decisions import decide
from orders.engine.live_status import LiveStatus
from orders.intake import submission
from orders.models import Order, OutboxMessage
from orders.states import Status
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_draft, make_user
from tests.waiting import wait_for_status

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/approve/"


class TestApprove:
    def test_without_htmx_it_leads_back_and_says_what_became_of_it(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        response = bobs.post(url(order), follow=True)
        assert response.redirect_chain == [(order.get_absolute_url(), 302)]
        assert "Your approval is saved and on its way to the workflow." in text_of(response), (
            "nobody has told Temporal yet"
        )
        assert "The approval by bob is saved and on its way to the workflow." in text_of(response)
        order.refresh_from_db()
        assert (order.decision, order.decided_by) == ("approve", "bob")

    def test_with_htmx_it_brings_the_panels(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        response = bobs.post(url(order), headers=HTMX)
        page = text_of(response)
        assert response.status_code == 200
        assert "Your approval is saved and on its way to the workflow." in page
        assert 'id="order-decision" hx-swap-oob' in page
        assert "Approved by <b>bob</b>" in page
        assert f'action="{url(order)}"' not in page, "it is offered no more"
        assert "<html" not in page

    def test_what_the_workflow_found_too_late_is_not_called_done(
        self, bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = make_order()

        def answer_late(order_id: str, *, has_attempts: bool) -> "Future[LiveStatus]":
            assert not has_attempts
            message = OutboxMessage.objects.get(name="approve_order")
            late = DecisionAnswer(message.payload["decision_id"], "approve", "bob", "", "too_late", "")
            answer: Future[LiveStatus] = Future()
            answer.set_result(LiveStatus(StatusAnswer(order_id, "CANCELLING", last_decision=late)))
            return answer

        def deliver(order: Order, **facts: Any) -> OutboxMessage:
            message = decide.approve_order(order, **facts)
            OutboxMessage.objects.filter(pk=message.pk).update(status=OutboxMessage.Status.DELIVERED)  # as the relay
            return message

        monkeypatch.setattr(decisions, "begin_to_ask", answer_late)
        monkeypatch.setattr(decisions, "approve_order", deliver)
        response = bobs.post(url(order), headers=HTMX)
        assert response.status_code == 409
        assert "came too late" in text_of(response)


@pytest.mark.django_db(transaction=True)
class TestLive:
    @BOTH
    def test_it_is_done_when_the_workflow_has_it(
        self, client: Client, workers_running: object, headers: dict[str, str]
    ) -> None:
        alice, bob = make_user("alice", "clerk"), make_user("bob", "approver")
        client.force_login(bob)
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key="live")
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
        response = client.post(url(order), headers=headers, follow=True)
        assert "Approved. The payment will be charged next." in text_of(response)
        assert "on its way" not in text_of(response)
        wait_for_status(order, Status.COMPLETED)
        assert order.payment.status == "CHARGED"


@BOTH
class TestRefusals:
    def test_a_second_approval_says_who_was_first(
        self, client: Client, dana: User, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        client.force_login(dana)
        order = make_order("PAID", decided_by="bob")
        response = client.post(url(order), headers=headers)
        assert response.status_code == 409
        assert "bob approved the order on" in text_of(response)
        assert ("<html" in text_of(response)) is not bool(headers)

    def test_a_cancelled_order_is_too_late(self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        response = bobs.post(url(make_order("CANCELLED")), headers=headers)
        assert response.status_code == 409
        assert "Too late to approve" in text_of(response)
        assert 'class="feedback feedback-refused"' in text_of(response)

    def test_after_the_deadline_it_is_too_late(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order(deadline_seconds=-1)
        assert bobs.post(url(order), headers=headers).status_code == 409
        order.refresh_from_db()
        assert order.decision == ""

    def test_an_own_order_is_refused(self, client: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        client.force_login(make_user("erin", "approver"))
        order = make_order(submitted_by="erin")
        response = client.post(url(order), headers=headers)
        assert response.status_code == 403
        assert "You submitted this order" in text_of(response)
        assert ("<html" in text_of(response)) is not bool(headers)

    def test_clerks_and_viewers_are_refused(
        self, client: Client, alice: User, charlie: User, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order()
        for person in (alice, charlie, make_user("nobody")):
            client.force_login(person)
            assert client.post(url(order), headers=headers).status_code == 403
        order.refresh_from_db()
        assert order.decision == ""

    def test_an_unknown_order_is_not_found(self, bobs: Client, headers: dict[str, str]) -> None:
        response = bobs.post("/orders/order-NOPE/approve/", headers=headers)
        assert response.status_code == 404
        assert "There is no order order-NOPE." in text_of(response)

    def test_a_stranger_has_to_sign_in(self, client: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order()
        response = client.post(url(order), headers=headers)
        if headers:
            assert response.status_code == 401
            assert "Nothing was saved" in text_of(response)
        else:
            assert response["Location"] == leads_to_login(order.get_absolute_url())
        order.refresh_from_db()
        assert order.decision == ""

    def test_a_get_leads_to_the_order(self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]) -> None:
        order = make_order()
        assert bobs.get(url(order), headers=headers)["Location"] == order.get_absolute_url()
        assert bobs.put(url(order), headers=headers).status_code == 405


def test_a_request_of_another_site_is_refused(bob: User, make_order: MakeOrder) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    order = make_order()
    assert client.post(url(order)).status_code == 403
    order.refresh_from_db()
    assert order.decision == ""


@BOTH
class TestOwnOrderOfASuperuser:
    @pytest.fixture
    def own(self, client: Client, admin_user: User) -> Order:
        client.force_login(admin_user)
        return submission.submit_order(make_draft(), actor=admin_user, idempotency_key="own")

    @pytest.mark.parametrize("sent", [{}, {"reason": " "}], ids=["no field", "blank"])
    def test_it_needs_a_reason(self, client: Client, own: Order, headers: dict[str, str], sent: dict[str, str]) -> None:
        response = client.post(url(own), sent, headers=headers)
        assert response.status_code == 422
        assert "To approve it yourself, give a reason." in text_of(response)
        assert 'id="approve-reason"' in text_of(response)
        assert ("<html" in text_of(response)) is not bool(headers)
        own.refresh_from_db()
        assert own.decision == ""

    def test_it_is_marked(self, client: Client, own: Order, bob: User, headers: dict[str, str]) -> None:
        response = client.post(url(own), {"reason": "Nobody else at 3 am"}, headers=headers, follow=True)
        assert response.status_code == 200
        client.force_login(bob)
        page = text_of(client.get(own.get_absolute_url()))
        assert "admin had also submitted this order. Reason: Nobody else at 3 am" in page
        assert "<b>Approved by the submitter</b>" in page

    def test_a_reason_has_an_end(self, client: Client, own: Order, headers: dict[str, str]) -> None:
        response = client.post(url(own), {"reason": "x" * 501}, headers=headers)
        assert response.status_code == 422
        assert "at most 500 characters" in text_of(response)

    def test_the_page_asks_for_it(
        self, client: Client, own: Order, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        asked = "Reason for approving your own order"
        assert asked in text_of(client.get(own.get_absolute_url()))
        assert asked not in text_of(client.get(make_order().get_absolute_url()))


def test_the_approval_of_another_persons_order_is_not_marked(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order()
    bobs.post(url(order))
    assert "had also submitted" not in text_of(bobs.get(order.get_absolute_url()))
