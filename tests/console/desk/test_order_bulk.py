"""/orders/bulk/: one decision on several orders, with one result for each."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.desk import bulk, list_asked
from console.forms import PAGE_SIZE
from orders import contracts
from orders.decisions import chunks
from orders.engine import temporal, waking
from orders.intake.drafts import LineDraft
from orders.models import Batch, Order, Reason
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
URL = "/orders/bulk/"


@pytest.fixture(params=[{}, HTMX], ids=["without htmx", "with htmx"])
def headers(request: pytest.FixtureRequest) -> dict[str, str]:
    """Ask as a browser, and as htmx."""
    asked: dict[str, str] = request.param
    return asked


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def ticked(kind: str, *orders: Order | str, **more: str) -> dict[str, Any]:
    """Return the form of the list with orders ticked."""
    return {"kind": kind, "order_id": [str(order) for order in orders], **more}


def decisions() -> list[str]:
    return list(Order.objects.order_by("pk").values_list("decision", flat=True))


def follow(client: Client, response: Any, headers: dict[str, str]) -> str:
    """Have the batch carried out that the answer leads to, and return its page."""
    url = response["HX-Redirect"] if headers else response["Location"]
    assert response.status_code == (200 if headers else 302)
    chunks.decide_chunk(contracts.DecideChunk(Batch.objects.latest("id").batch_id))
    return text_of(client.get(url))


class TestDecide:
    def test_each_order_has_a_result_of_its_own(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        fine, own = make_order(), make_order(submitted_by="bob", decided_by="dana")
        late = make_order("CANCELLED", decided_by="dana")
        response = bobs.post(URL, ticked("approve", fine, own, late, "order-NOPE"), headers=headers)
        assert not fine.decisions.exists(), "the request decides nothing itself"
        page = follow(bobs, response, headers)
        assert "Done: 3 of 3" in page
        assert "1 approved" in " ".join(page.split())
        assert "someone else has to approve it" in page
        assert "Too late: dana requested its cancellation." in page

    def test_several_are_cancelled_for_one_reason(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        orders = [make_order(), make_order("PAID")]
        page = follow(bobs, bobs.post(URL, ticked("cancel", *orders, reason="Out of stock"), headers=headers), headers)
        assert "Out of stock" in page
        assert decisions() == ["cancel", "cancel"]
        assert {order.events.last().detail for order in orders} == {"Out of stock"}  # type: ignore[union-attr]

    def test_a_reason_from_the_list_is_enough(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        orders = [make_order(), make_order()]
        response = bobs.post(URL, ticked("cancel", *orders, reason="", reason_code="OUT_OF_STOCK"), headers=headers)
        follow(bobs, response, headers)
        assert decisions() == ["cancel", "cancel"]
        assert {order.events.last().detail for order in orders} == {"Out of stock"}  # type: ignore[union-attr]

    def test_the_shops_own_reasons_are_offered_and_taken(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        Reason.objects.create(kind="CANCEL", code="STRIKE", words="Strike at the carrier", position=1)
        orders = [make_order(), make_order()]
        asked = text_of(bobs.post(URL, ticked("cancel", *orders) | {"ask": "cancel"}, headers=headers))
        assert '<option value="STRIKE">Strike at the carrier</option>' in asked
        refused = bobs.post(URL, ticked("cancel", *orders, reason_code="NO_SUCH"), headers=headers)
        assert (refused.status_code, "The reason code must be one of STRIKE" in text_of(refused)) == (422, True)
        page = follow(bobs, bobs.post(URL, ticked("cancel", *orders, reason_code="STRIKE"), headers=headers), headers)
        assert "Reason: <bdi>Strike at the carrier</bdi>" in " ".join(page.split())
        assert decisions() == ["cancel", "cancel"]

    def test_an_order_ticked_twice_is_decided_once(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        order = make_order()
        bobs.post(URL, ticked("approve", order, order), headers=headers)
        assert Batch.objects.get().total == 1


class TestWholeList:
    """All orders of a list, on all its pages."""

    def test_it_takes_those_that_match_the_filter(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(list_asked, "PAGE_SIZE", 2)
        euros = [make_order() for _ in range(3)]
        make_order(currency="JPY", lines=(LineDraft("A", "Apple", 1, 500),))
        page = text_of(bobs.get("/orders/?status=awaiting&currency=EUR"))
        assert 'name="ask_all" value="approve"' in page
        query = "status=awaiting&currency=EUR"
        assert f'name="query" value="{query.replace("&", "&amp;")}"' in page
        asked = text_of(bobs.post(URL, {"ask_all": "approve", "query": query}, headers=headers))
        assert "Approve 3 orders?" in " ".join(asked.split())
        assert "75.00 EUR" in asked
        sent = {"kind": "approve", "scope": "all", "query": query, "confirmed": "3"}
        follow(bobs, bobs.post(URL, sent, headers=headers), headers)
        assert [Order.objects.get(pk=order.pk).decision for order in euros] == ["approve"] * 3
        assert Batch.objects.get().query == query

    def test_more_than_were_confirmed_are_shown_again(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        make_order(), make_order()
        sent = {"kind": "approve", "scope": "all", "query": "status=awaiting", "confirmed": "1"}
        page = text_of(bobs.post(URL, sent, headers=headers))
        assert "More orders are in this list now." in page
        assert not Batch.objects.exists()

    def test_a_filter_that_cannot_be_read_does_not_widen_it(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        make_order()
        sent = {"ask_all": "cancel", "query": "status=awaiting&submitted_from=tomorrow"}
        response = bobs.post(URL, sent, headers=headers)
        assert response.status_code == 422
        assert "This list cannot be read as it is." in text_of(response)

    def test_too_many_are_refused(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "MOST_ORDERS", 1)
        make_order(), make_order()
        response = bobs.post(URL, {"ask_all": "approve", "query": "status=awaiting"}, headers=headers)
        assert response.status_code == 422
        assert "more than 1 orders. Narrow it" in text_of(response)


class TestRefusals:
    def test_nothing_ticked_is_said(self, bobs: Client, headers: dict[str, str]) -> None:
        response = bobs.post(URL, {"kind": "approve"}, headers=headers)
        assert response.status_code == 422
        assert "Select at least one order." in text_of(response)

    @pytest.mark.parametrize("reason", ["", "  ", "r" * 501])
    def test_a_cancellation_wants_a_reason(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str], reason: str
    ) -> None:
        response = bobs.post(URL, ticked("cancel", make_order(), reason=reason), headers=headers)
        assert response.status_code == 422
        assert 'class="feedback feedback-refused"' in text_of(response)
        assert decisions() == [""]

    def test_more_than_a_page_is_refused(self, bobs: Client, headers: dict[str, str]) -> None:
        names = [f"order-{number}" for number in range(PAGE_SIZE + 1)]
        response = bobs.post(URL, ticked("approve", *names), headers=headers)
        assert response.status_code == 422
        assert f"at most {PAGE_SIZE} orders" in text_of(response)

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"kind": "delete", "order_id": ["order-A"]},
            {"kind": "approve", "order_id": ["nonsense"]},
            {"kind": "approve", "order_id": ["order-\x00"]},
            {"kind": "approve", "order_id": ["order-A", ""]},
        ],
    )
    def test_what_no_form_of_ours_sends_is_not_understood(
        self, bobs: Client, headers: dict[str, str], sent: dict[str, Any]
    ) -> None:
        response = bobs.post(URL, sent, headers=headers)
        assert response.status_code == 400
        assert "could not read this request" in text_of(response)

    @pytest.mark.parametrize("kind", ["approve", "cancel"])
    def test_clerks_and_viewers_are_refused(
        self, client: Client, alice: User, charlie: User, make_order: MakeOrder, headers: dict[str, str], kind: str
    ) -> None:
        order = make_order()
        for person in (alice, charlie, make_user("nobody")):
            client.force_login(person)
            assert client.post(URL, ticked(kind, order, reason="x"), headers=headers).status_code == 403
        assert decisions() == [""]

    def test_a_stranger_has_to_sign_in(self, client: Client, headers: dict[str, str]) -> None:
        response = client.post(URL, headers=headers)
        if headers:
            assert response.status_code == 401
        else:
            assert response["Location"] == leads_to_login("/orders/")

    def test_a_get_leads_to_the_list(self, bobs: Client, headers: dict[str, str]) -> None:
        assert bobs.get(URL, headers=headers)["Location"] == "/orders/"
        assert bobs.put(URL, headers=headers).status_code == 405


def test_a_superusers_own_order_needs_a_reason(
    client: Client, admin_user: User, make_order: MakeOrder, headers: dict[str, str]
) -> None:
    client.force_login(admin_user)
    own, other = make_order(submitted_by="admin"), make_order()
    asked = text_of(client.post(URL, {"ask": "approve", "order_id": [str(own), str(other)]}, headers=headers))
    assert "Why you approve your own orders" in asked
    page = follow(client, client.post(URL, ticked("approve", own, other), headers=headers), headers)
    assert "approving it needs a reason" in page
    follow(client, client.post(URL, ticked("approve", own, reason="Alone tonight"), headers=headers), headers)
    assert own.decisions.get().is_own_order


class TestAsk:
    """Before anything is decided, the console says what it would mean."""

    def test_it_says_how_many_their_sums_and_what_is_left_out(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        lines = (LineDraft("A", "Apple", 1, 500),)
        euros, more, yen = make_order(), make_order(), make_order(currency="JPY", lines=lines)
        own, late = make_order(submitted_by="bob", decided_by="dana"), make_order("COMPLETED")
        form = {"ask": "approve", "order_id": [order.order_id for order in (euros, more, yen, own, late)]}

        page = text_of(bobs.post(URL, form, headers=headers))

        assert "Approve 3 of 5 orders?" in " ".join(page.split())
        assert "50.00 EUR" in page
        assert "500 JPY" in page
        assert "2 cannot be decided and will be skipped" in page
        assert decisions() == ["", "", "", "", "approve"]

    def test_a_cancellation_asks_for_the_reason(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        page = text_of(bobs.post(URL, {"ask": "cancel", "order_id": [make_order().order_id]}, headers=headers))
        assert "Cancel 1 order?" in " ".join(page.split())
        assert 'name="reason"' in page
        assert decisions() == [""]

    def test_where_none_can_be_decided_there_is_nothing_to_confirm(
        self, bobs: Client, make_order: MakeOrder, headers: dict[str, str]
    ) -> None:
        page = text_of(bobs.post(URL, {"ask": "approve", "order_id": [make_order("PAID").order_id]}, headers=headers))
        assert "None of these orders can be approved" in page
        assert "Approve 1" not in page

    def test_without_ticks_it_says_so(self, bobs: Client, headers: dict[str, str]) -> None:
        assert "Select at least one order." in text_of(bobs.post(URL, {"ask": "approve"}, headers=headers))

    def test_a_made_up_question_is_refused(self, bobs: Client, make_order: MakeOrder) -> None:
        assert bobs.post(URL, {"ask": "destroy", "order_id": [make_order().order_id]}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_request_does_not_wait_for_temporal(
    bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [make_order() for _ in range(10)]

    def wait_for_ever(*arguments: object, **more: object) -> None:
        pytest.fail("Temporal was called by the request itself")

    monkeypatch.setattr(temporal, "signal_decision", wait_for_ever)
    monkeypatch.setattr(waking, "call", wait_for_ever)
    bobs.post(URL, ticked("approve", *orders))
    assert Batch.objects.get().total == 10
