"""The reasons that people choose from: the shop edits the list, and what was decided keeps its words."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from orders import contracts
from orders.decisions.batches import create_batch
from orders.decisions.chunks import decide_chunk
from orders.decisions.decide import cancel_order
from orders.decisions.reasons import fill_in, find_reason, list_reasons
from orders.decisions.refunds import request_refund
from orders.errors import OrderInvalid
from orders.events import EventKind
from orders.lifecycle.lookup import lock_order
from orders.lifecycle.statuses import begin_cancelling
from orders.models import Decision, Reason
from orders.states import DecisionKind, DecisionReason, ReasonCode, ReasonKind
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def test_the_first_lists_are_there() -> None:
    refunding = [reason.code for reason in list_reasons(ReasonKind.REFUND)]
    assert (refunding[0], refunding[-1]) == ("CUSTOMER_REQUEST", "OTHER")
    assert [reason.code for reason in list_reasons(ReasonKind.CANCEL)] == list(DecisionReason)


def test_the_shop_writes_its_own(client: Client, admin_user: User, bob: User, make_order: MakeOrder) -> None:
    client.force_login(admin_user)
    client.post("/admin/orders/reason/add/", {"confirm_password": "demo", "confirm_method": "GET"})
    typed = {"kind": "REFUND", "code": "PRICE_MATCH", "words": "Cheaper elsewhere", "is_active": "on", "position": "1"}
    assert client.post("/admin/orders/reason/add/", typed).status_code == 302
    assert list_reasons(ReasonKind.REFUND)[0].code == "PRICE_MATCH"
    order = make_order("COMPLETED")
    refund = request_refund(order, actor=bob, key="1", amount=100, reason_code="PRICE_MATCH", reason="By 1 EUR")
    reason = Reason.objects.get(code="PRICE_MATCH")
    path = f"/admin/orders/reason/{reason.pk}/change/"
    assert client.post(path, {"code": "OTHER_CODE", "words": "Found cheaper", "position": "1"}).status_code == 302
    reason.refresh_from_db()
    assert (reason.code, reason.words, reason.is_active) == ("PRICE_MATCH", "Found cheaper", False)
    refund.refresh_from_db()
    assert refund.explanation == "Cheaper elsewhere: By 1 EUR"
    assert order.events.last().detail == "Cheaper elsewhere: By 1 EUR"  # type: ignore[union-attr]
    with pytest.raises(OrderInvalid, match=r"^The reason code must be one of CUSTOMER_REQUEST, "):
        request_refund(order, actor=bob, key="2", amount=100, reason_code="PRICE_MATCH")


@pytest.fixture
def own_reason() -> Reason:
    """A reason for cancelling that the shop has written."""
    return Reason.objects.create(kind="CANCEL", code="STRIKE", words="Strike at the carrier", position=1)


def test_a_cancellation_keeps_the_words_of_its_time(own_reason: Reason, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    cancel_order(order, actor=bob, reason_code="STRIKE", reason="Until May", customer_text="We are sorry.")
    own_reason.words = "Carrier on strike"
    own_reason.save()
    decision = order.decisions.get()
    assert (decision.reason_code, decision.reason_words) == ("STRIKE", "Strike at the carrier")
    assert decision.customer_text == "We are sorry."
    told = order.events.get(kind=EventKind.CANCELLATION_REQUESTED)
    assert told.detail == "Strike at the carrier: Until May\nFor the customer: We are sorry."
    with transaction.atomic():
        begin_cancelling(
            lock_order(order.order_id),
            contracts.ProcessCancellation(
                order.order_id, ReasonCode.STAFF, "Until May", contracts.Decision(decision.decision_id, "bob")
            ),
        )
    order.refresh_from_db()
    assert order.explanation == "Strike at the carrier: Until May"


def test_what_is_off_the_list_cannot_be_chosen(own_reason: Reason, bob: User, make_order: MakeOrder) -> None:
    own_reason.is_active = False
    own_reason.save()
    order = make_order()
    with pytest.raises(OrderInvalid, match=r"^The reason code must be one of CUSTOMER_REQUEST, ") as refused:
        cancel_order(order, actor=bob, reason_code="STRIKE")
    assert list(refused.value.fields) == ["reason_code"]
    with pytest.raises(OrderInvalid):
        create_batch([order.pk], DecisionKind.CANCEL, actor=bob, reason_code="NO_SUCH")
    assert not order.decisions.exists()


def test_a_batch_goes_on_for_a_reason_that_was_taken_off_the_list(
    own_reason: Reason, bob: User, make_order: MakeOrder
) -> None:
    orders = [make_order() for _ in range(2)]
    batch = create_batch([order.pk for order in orders], DecisionKind.CANCEL, actor=bob, reason_code="STRIKE")
    own_reason.is_active, own_reason.words = False, "Changed"
    own_reason.save()
    decide_chunk(contracts.DecideChunk(batch.batch_id))
    words = Decision.objects.filter(order__in=orders).values_list("reason_words", flat=True)
    assert list(words) == ["Strike at the carrier"] * 2


def test_postgresql_knows_the_list(own_reason: Reason, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    facts = {"order": order, "kind": "cancel", "actor": "bob", "channel": "TERMINAL"}
    for code in ("STRIKE", "OTHER", ""):
        Decision.objects.create(decision_id=f"with {code}", reason_code=code, **facts)
    with pytest.raises(IntegrityError, match="names a reason that is not in the list: LATE"), transaction.atomic():
        Decision.objects.create(decision_id="forged", reason_code="LATE", **facts)  # a reason for refunds alone
    with pytest.raises(IntegrityError, match="decision_reason_code_is_in_capitals"), transaction.atomic():
        Decision.objects.create(decision_id="forged", reason_code="two words", **facts)


def test_a_reason_stays_while_a_decision_names_it(
    client: Client, admin_user: User, own_reason: Reason, bob: User, make_order: MakeOrder
) -> None:
    path = f"/admin/orders/reason/{own_reason.pk}/delete/"
    client.force_login(admin_user)
    client.post(path, {"confirm_password": "demo", "confirm_method": "GET"})
    assert client.get(path).status_code == 200
    cancel_order(make_order(), actor=bob, reason_code="STRIKE")
    assert client.get(path).status_code == 403
    with pytest.raises(IntegrityError, match="is taken off the list and not removed"), transaction.atomic():
        own_reason.delete()


def test_a_text_for_the_customer_names_the_order(make_order: MakeOrder) -> None:
    order = make_order(customer_name="{total} Müller")
    told = fill_in("Dear {customer},\r\nyour order {order} of {total} {is} cancelled.", order)
    assert told == f"Dear {{total}} Müller,\nyour order {order.order_id} of 25.00 EUR {{is}} cancelled."


def test_only_cancelling_proposes_a_text(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    client.post("/admin/orders/reason/add/", {"confirm_password": "demo", "confirm_method": "GET"})
    typed = {"kind": "REFUND", "code": "NEW", "words": "New", "customer_text": "Hello", "position": "1"}
    refused = client.post("/admin/orders/reason/add/", typed)
    assert "Only reasons for cancelling propose a text for the customer." in refused.content.decode()
    assert client.post("/admin/orders/reason/add/", typed | {"kind": "CANCEL"}).status_code == 302


def test_other_can_always_be_chosen() -> None:
    Reason.objects.all().delete()
    assert find_reason(ReasonKind.REFUND, "").words == "Other"
    assert find_reason(ReasonKind.REFUND, "OTHER").code == "OTHER"


@pytest.mark.parametrize(
    "wrong", [{"kind": "MOOD"}, {"code": "two words"}, {"code": "CUSTOMER_REQUEST"}, {"words": ""}]
)
def test_what_no_reason_can_be(wrong: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Reason.objects.create(**{"kind": "REFUND", "code": "NEW", "words": "New"} | wrong)
