"""/orders/<order_id>/step/: retrying, pausing and resuming what is being tried for an order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.order import detail
from orders.contracts import StatusAnswer
from orders.decisions import decide
from orders.engine import steering, temporal
from orders.engine.live_status import LiveStatus
from orders.engine.pending import PendingActivity
from orders.errors import StepNotPending, TemporalAway
from orders.events import EventKind
from orders.intake import submission
from orders.lifecycle import attempts
from orders.models import Order
from orders.simulated.fault_injection import PENDING_METHOD
from orders.states import Status
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_draft, make_user
from tests.programs import end_open_runs, started_workers
from tests.waiting import wait_for_status, wait_until

BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
PAUSE = {"step": "charge_payment", "deed": "pause"}
TRIED = PendingActivity("charge_payment", 3, "The gateway broke.", timezone.now() + timedelta(days=1))


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order(Status.CHARGING_PAYMENT)


@pytest.fixture
def server_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception | None], None]:
    """Return a function that sets what the Temporal server makes of a pause; the first says that it is done."""

    def say(error: Exception | None) -> None:
        def pause(order_id: str, name: str, *, actor: str) -> None:
            if error is not None:
                raise error

        monkeypatch.setattr(steering, "pause_step", pause)

    say(None)
    return say


def url(order: Order) -> str:
    return f"{order.get_absolute_url()}step/"


@pytest.mark.django_db
@BOTH
class TestSteering:
    def test_it_is_done_and_told(
        self, bobs: Client, order: Order, server_says: object, headers: dict[str, str]
    ) -> None:
        response = bobs.post(url(order), PAUSE, headers=headers, follow=True)
        page = text_of(response)
        assert response.status_code == 200
        assert ("<html" in page) is not bool(headers)
        assert "Paused. The step is not tried again until someone resumes it." in page
        assert "Charge the payment: paused" in page
        assert order.events.get(kind=EventKind.STEP_PAUSED).actor == "bob"

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (StepNotPending(), "The step is no longer being retried"),
            (TemporalAway("The Temporal server cannot be reached."), "Nothing was changed. Try again in a moment."),
        ],
    )
    def test_what_cannot_be_done_is_said(
        self,
        bobs: Client,
        order: Order,
        server_says: Callable[[Exception | None], None],
        headers: dict[str, str],
        error: Exception,
        sentence: str,
    ) -> None:
        server_says(error)
        response = bobs.post(url(order), PAUSE, headers=headers)
        assert response.status_code == 409
        assert sentence in text_of(response)
        assert not order.events.filter(kind=EventKind.STEP_PAUSED).exists()

    def test_others_are_refused(
        self, client: Client, order: Order, server_says: object, headers: dict[str, str]
    ) -> None:
        for person in (make_user("alice", "clerk"), make_user("charlie", "viewer"), make_user("nobody")):
            client.force_login(person)
            assert client.post(url(order), PAUSE, headers=headers).status_code == 403
        assert not order.events.filter(kind=EventKind.STEP_PAUSED).exists()

    def test_a_stranger_signs_in_first(self, client: Client, order: Order, headers: dict[str, str]) -> None:
        response = client.post(url(order), PAUSE, headers=headers)
        if headers:
            assert response.status_code == 401
        else:
            assert response["Location"] == leads_to_login(order.get_absolute_url())

    def test_other_methods_and_what_no_form_sends(self, bobs: Client, order: Order, headers: dict[str, str]) -> None:
        assert bobs.get(url(order), headers=headers)["Location"] == order.get_absolute_url()
        assert bobs.put(url(order), headers=headers).status_code == 405
        assert bobs.post(url(order), {"step": "charge_payment", "deed": "skip"}, headers=headers).status_code == 400
        assert bobs.post("/orders/order-NOPE/step/", PAUSE, headers=headers).status_code == 404


@pytest.mark.django_db
class TestOnThePages:
    @pytest.fixture
    def show(self, client: Client, order: Order, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
        """Return a function that shows somebody the status of an order whose server says this of an activity."""

        def show(person: User, tried: PendingActivity) -> str:
            live = LiveStatus(StatusAnswer(order.order_id, order.status, waiting_for="payment"), (tried,))
            monkeypatch.setattr(detail, "get_live_status", lambda order_id, **_: live)
            client.force_login(person)
            return text_of(client.get(f"{order.get_absolute_url()}status/", {"version": order.version}, headers=HTMX))

        return show

    def test_what_waits_for_its_next_attempt_can_be_retried_and_paused(
        self, show: Callable[..., str], bob: User
    ) -> None:
        page = show(bob, TRIED)
        assert "attempt 3, last failure: The gateway broke, next attempt" in page
        assert ("Retry now" in page, "Pause" in page, "Resume" in page) == (True, True, False)

    def test_an_attempt_under_way_can_only_be_the_last_for_now(self, show: Callable[..., str], bob: User) -> None:
        page = show(bob, replace(TRIED, next_attempt_at=None))
        assert ("Retry now" in page, "Pause" in page) == (False, True)
        assert 'name="deed"' not in show(bob, replace(TRIED, attempt=1))
        assert 'name="deed"' not in show(bob, replace(TRIED, is_ending=True))

    def test_a_pause_is_told_with_who_made_it(self, show: Callable[..., str], bob: User) -> None:
        at = timezone.now().replace(2026, 11, 27, 9, 5, 0)
        page = show(bob, replace(TRIED, is_paused=True, paused_by="dana", paused_at=at))
        assert "paused by dana on 27 Nov 2026, 09:05:00 UTC; resume it to have it tried again" in page
        assert "next attempt" not in page
        assert ("Retry now" in page, "Pause" in page, "Resume" in page) == (False, False, True)

    def test_who_may_not_sees_no_button(self, show: Callable[..., str], charlie: User, alice: User) -> None:
        for person in (charlie, alice):
            page = show(person, TRIED)
            assert "attempt 3, last failure" in page
            assert 'name="deed"' not in page

    def test_on_the_page_of_what_does_not_move(
        self, bobs: Client, charlie: User, order: Order, server_says: object
    ) -> None:
        attempts.record_failed_attempt(order.order_id, "charge_payment", 2, "the gateway said 503")
        page = text_of(bobs.get("/orders/stuck/"))
        assert "Retrying: Charge the payment" in page
        assert page.count('name="deed"') == 2
        response = bobs.post(url(order), PAUSE | {"back": "stuck"}, follow=True)
        page = text_of(response)
        assert response.redirect_chain[-1][0] == "/orders/stuck/"
        assert f"{order.order_id}: Paused." in page
        assert "Paused: Charge the payment" in page
        assert ("> Resume<" in page, "> Pause<" in page) == (True, False)
        bobs.force_login(charlie)
        assert 'name="deed"' not in text_of(bobs.get("/orders/stuck/"))


def test_an_order_is_cancelled_while_its_charge_is_paused(
    client: Client, transactional_db: None, temporal_server: str, program_environment: dict[str, str]
) -> None:
    """Against a real Temporal and real workers; the gateway does not know yet, and is asked again in half a minute."""
    bob = make_user("bob", "approver")
    client.force_login(bob)
    draft = make_draft(payment_method=PENDING_METHOD)
    with started_workers(program_environment):
        order = submission.submit_order(draft, actor=make_user("alice", "clerk"), idempotency_key="form-1")
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
        decide.approve_order(order, actor=bob)

        def is_retried() -> bool:
            return any(each.attempt > 1 for each in temporal.describe_progress(order.order_id).activities)

        wait_until(is_retried, what="a second attempt")
        page = text_of(client.post(url(order), PAUSE, headers=HTMX))
        assert "Charge the payment: attempt" in page
        assert "paused by bob on" in page
        assert "Resume" in page
        page = text_of(client.post(f"{order.get_absolute_url()}cancel/", {"reason": "No stock"}, headers=HTMX))
        assert "Cancellation accepted." in page
        wait_for_status(order, Status.CANCELLED)
    end_open_runs(temporal_server)
