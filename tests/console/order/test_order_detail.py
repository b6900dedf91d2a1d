"""/orders/<order_id>/: one order with all that belongs to it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from orders.intake.drafts import LineDraft
from orders.models import Order
from orders.states import ReasonCode, Status
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, approve, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def url(order: Order) -> str:
    return f"/orders/{order.order_id}/"


def decision_of(response: Any) -> str:
    """Return the decision panel of a page."""
    return text_of(response).partition('id="order-decision"')[2].partition("</section>")[0]


class TestFacts:
    def test_it_shows_everything_of_a_completed_order(self, bobs: Client, make_order: MakeOrder) -> None:
        lines = (LineDraft("MUG-1", "Mug <i>", 2, 1250), LineDraft("LAMP", "Lamp", 1, 99))
        order = make_order("COMPLETED", lines=lines)
        page = text_of(bobs.get(url(order)))
        for piece in (
            order.order_id,
            "Mug &lt;i&gt;",
            "12.50 EUR",
            "25.00 EUR",
            "25.99 EUR",
            "Emma Example",
            "Long Street 1",
            "10115 Berlin",
            "Germany",
            order.payment.payment_id,
            order.payment.gateway_reference,
            "Charged",
            order.shipment.tracking_number,
            order.shipment.carrier,
            "Submitted",
            "alice",
            "Approved",
        ):
            assert piece in page
        assert "There is nothing left to decide" not in page, "it says who approved"

    @pytest.mark.parametrize("status", [status for status in Status if status != Status.VALIDATED])
    def test_every_status_is_said_in_words_and_marks_the_way(
        self, bobs: Client, make_order: MakeOrder, status: str
    ) -> None:
        order = make_order(status)
        response = bobs.get(url(order))
        panel = response.context["panel"]
        assert panel.label in text_of(response)
        assert [step.status for step in panel.milestones if step.place == "now"] == ([status] if order.is_open else [])
        assert ("hx-trigger" in text_of(response).split('id="order-status"')[1].split("</section>")[0]) is order.is_open

    def test_a_waiting_order_says_until_when(self, bobs: Client, make_order: MakeOrder) -> None:
        page = text_of(bobs.get(url(make_order(deadline_seconds=3 * 3600 + 20 * 60 + 30))))
        assert " data-until>in 3 h 20 min</time></b>" in page
        decided = approve(make_order(deadline_seconds=3600), by="dana")
        page = text_of(bobs.get(url(decided)))
        assert "Approved by dana. Processing starts in a moment." in page
        assert "Decide <b>" not in page
        over = text_of(bobs.get(url(make_order(deadline_seconds=-5))))
        assert "The deadline has passed" in over

    def test_a_cancelled_order_says_why_and_by_whom(self, bobs: Client, make_order: MakeOrder) -> None:
        page = text_of(bobs.get(url(make_order("CANCELLED", reason="Ordered twice"))))
        assert "<b>Cancelled by staff</b> by bob: Ordered twice" in page
        late = make_order("CANCELLED", reason_code=ReasonCode.APPROVAL_TIMEOUT, reason="Nobody decided")
        assert "<b>Not approved in time</b>: Nobody decided" in text_of(bobs.get(url(late)))

    def test_a_cancelled_order_shows_the_way_it_came(self, bobs: Client, make_order: MakeOrder) -> None:
        steps = bobs.get(url(make_order("CANCELLED", cancelled_from="PAID"))).context["panel"].milestones
        assert [step.status for step in steps] == [
            *("CREATED", "VALIDATED", "PENDING_MANUAL_APPROVAL", "CHARGING_PAYMENT", "PAID", "CANCELLED")
        ]

    def test_the_newest_event_stands_first(self, bobs: Client, make_order: MakeOrder) -> None:
        events = bobs.get(url(make_order("COMPLETED"))).context["events"]
        assert events[0].status == "COMPLETED"
        assert events[-1].title == "Submitted"

    def test_each_status_stands_once_in_the_history(self, bobs: Client, make_order: MakeOrder) -> None:
        page = text_of(bobs.get(url(make_order("COMPLETED"))))
        history = page[page.index('<ol class="timeline">') :]
        assert [history.count(words) for words in ("Package prepared", "Submitted", "Created")] == [1, 1, 1]

    def test_what_is_on_its_way_is_said(self, bobs: Client, make_order: MakeOrder) -> None:
        page = text_of(bobs.get(url(make_order("CHARGING_PAYMENT", is_delivered=False))))
        assert "The submission is saved and on its way to the workflow." in page
        assert "The approval by bob is saved and on its way to the workflow." in page

    def test_it_links_to_the_run_for_those_with_the_right_where_there_is_a_temporal_ui(
        self, bobs: Client, bob: User, make_order: MakeOrder, settings: Settings
    ) -> None:
        order = make_order()
        settings.TEMPORAL_UI_URL, settings.TEMPORAL_NAMESPACE = "http://temporal.example", "or/ders"
        assert "http://temporal.example" not in text_of(bobs.get(url(order)))
        bob.user_permissions.add(Permission.objects.get(codename="open_temporal_ui"))
        link = f'href="http://temporal.example/namespaces/or%2Fders/workflows/{order.order_id}"'
        assert link in text_of(bobs.get(url(order)))
        settings.TEMPORAL_UI_URL = ""
        assert "Run in Temporal" not in text_of(bobs.get(url(order)))

    def test_it_reads_no_more_for_more_lines_and_events(
        self, bobs: Client, make_order: MakeOrder, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        lines = tuple(LineDraft(f"S{number}", "Thing", 1, 100) for number in range(30))
        order = make_order("COMPLETED", lines=lines)
        # session, person, two of permissions, order with payment and shipment, lines, messages, attempts, events,
        # twice the next that waits, now and then the workers
        with django_assert_max_num_queries(15):
            bobs.get(url(order))


class TestDecisionPanel:
    def test_an_approver_is_offered_both(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        page = text_of(bobs.get(url(order)))
        assert f'action="{url(order)}approve/"' in page
        assert f'action="{url(order)}cancel/"' in page
        assert "No money has been taken, so there is nothing to refund." in page

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            ("CHARGING_PAYMENT", "If it goes through, 25.00 EUR will be refunded"),
            ("PAID", "25.00 EUR will be refunded to the customer."),
            ("PACKAGE_PREPARED", "The package will not be sent."),
            ("DISPATCHED", "The carrier will be asked to return the parcel."),
        ],
    )
    def test_cancelling_says_what_will_happen(
        self, bobs: Client, make_order: MakeOrder, status: str, said: str
    ) -> None:
        order = make_order(status)
        page = text_of(bobs.get(url(order)))
        assert said in page
        assert f'action="{url(order)}approve/"' not in page

    @pytest.mark.parametrize("status", ["COMPLETED", "CANCELLING", "CANCELLED"])
    def test_what_is_over_offers_nothing(self, bobs: Client, make_order: MakeOrder, status: str) -> None:
        assert "<form" not in decision_of(bobs.get(url(make_order(status))))

    def test_clerks_and_viewers_are_offered_nothing(
        self, client: Client, alice: User, charlie: User, make_order: MakeOrder
    ) -> None:
        order = make_order()
        for person in (alice, charlie):
            client.force_login(person)
            panel = decision_of(client.get(url(order)))
            assert "<form" not in panel
            assert "An approver decides on this order." in panel

    def test_an_own_order_can_be_cancelled_but_not_approved(self, client: Client, make_order: MakeOrder) -> None:
        erin = make_user("erin", "approver")
        make_user("erin", "clerk")
        client.force_login(erin)
        order = make_order(submitted_by="erin")
        page = text_of(client.get(url(order)))
        assert "You submitted this order" in page
        assert f'action="{url(order)}approve/"' not in page
        assert f'action="{url(order)}cancel/"' in page

    def test_it_leads_on_to_the_next_that_waits(self, bobs: Client, make_order: MakeOrder) -> None:
        order, following = make_order(deadline_seconds=60), make_order(deadline_seconds=120)
        assert f'href="{url(following)}"' in text_of(bobs.get(url(order)))


class TestAccess:
    def test_an_unknown_order_is_not_found(self, bobs: Client) -> None:
        response = bobs.get("/orders/order-NOPE/")
        assert response.status_code == 404
        assert "There is no order order-NOPE." in text_of(response)

    @pytest.mark.parametrize("name", ["nonsense", "order-", "order-%00", "order-a b", "order-" + "x" * 60, "..%2f"])
    def test_what_cannot_be_an_order_is_not_found(self, bobs: Client, name: str) -> None:
        assert bobs.get(f"/orders/{name}/").status_code == 404

    def test_a_stranger_has_to_sign_in(self, client: Client, make_order: MakeOrder) -> None:
        order = make_order()
        assert client.get(url(order))["Location"] == leads_to_login(url(order))
        assert client.get(url(order), headers=HTMX).status_code == 401

    def test_somebody_without_a_role_is_refused(self, client: Client, make_order: MakeOrder) -> None:
        client.force_login(make_user("nobody"))
        assert client.get(url(make_order())).status_code == 403

    def test_it_cannot_be_posted_to(self, bobs: Client, make_order: MakeOrder) -> None:
        assert bobs.post(url(make_order()))["Allow"] == "GET, HEAD"
