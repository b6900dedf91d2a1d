"""What programs do to an order: approve, cancel, refund, comment; by the rules for people, through the channel API."""

from datetime import timedelta

import pytest

from orders.feed.documents import write_time
from orders.models import Decision, Order, OrderEvent, OutboxMessage, Reason, Refund
from orders.states import Channel, Status
from tests.console.api.calling import ORDERS, Program, pointers
from tests.making import MakeOrder
from tests.orders.policy.asking import make_rule

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("verb", "kind"), [("approve", "approve"), ("cancel", "cancel")])
def test_a_decision_bears_the_keys_account_and_the_channel(make_order: MakeOrder, verb: str, kind: str) -> None:
    order, program = make_order(), Program("decide", name="fraud check")
    response = program.post(f"{ORDERS}/{order.order_id}/{verb}", {"reason": "Looks right"})
    assert response.status_code == 202, response.json()
    decision = Decision.objects.get(order=order)
    assert (decision.kind, decision.channel, decision.reason) == (kind, Channel.API, "Looks right")
    assert (decision.actor, decision.actor_account_id) == ("api-fraud-check", program.key.account_id)
    assert response.json()["decisions"][0]["channel"] == "API"
    assert OutboxMessage.objects.filter(order=order, status=OutboxMessage.Status.PENDING).count() == 1


def test_a_cancellation_may_bring_a_code(make_order: MakeOrder) -> None:
    order, program = make_order(), Program("decide")
    path = f"{ORDERS}/{order.order_id}/cancel"
    Reason.objects.create(kind="CANCEL", code="STRIKE", words="Strike at the carrier", position=1)
    for wrong in ("NO SUCH", "strike", "LATE"):
        refused = program.post(path, {"reason_code": wrong})
        assert (refused.status_code, pointers(refused)) == (422, ["/reason_code"])
    assert program.post(path, {"reason_code": "STRIKE", "customer_text": "We are sorry."}).status_code == 202
    decision = Decision.objects.get(order=order)
    assert (decision.reason_code, decision.reason_words) == ("STRIKE", "Strike at the carrier")
    assert decision.customer_text == "We are sorry."


def test_the_second_decision_is_told_who_took_the_first(make_order: MakeOrder) -> None:
    order = make_order()
    path = f"{ORDERS}/{order.order_id}/approve"
    Program("decide", name="first").post(path, {})
    response = Program("decide", name="second").post(path, {})
    assert (response.status_code, response.json()["code"]) == (409, "already_decided")
    assert response.json()["decision"]["actor"] == "api-first"
    assert Decision.objects.filter(order=order).count() == 1


def test_the_same_request_decides_once(make_order: MakeOrder) -> None:
    order, program = make_order(), Program("decide")
    path = f"{ORDERS}/{order.order_id}/approve"
    first, second = program.post(path, {}, key="1"), program.post(path, {}, key="1")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.status_code == 202
    other = f"{ORDERS}/{make_order().order_id}/approve"
    assert program.post(other, {}, key="1").json()["code"] == "idempotency_key_reused"


def test_no_key_approves_what_its_account_submitted() -> None:
    program = Program("submit", "decide")
    order = Order.objects.get(order_id=program.submit().json()["order_id"])
    response = program.post(f"{ORDERS}/{order.order_id}/approve", {})
    assert (response.status_code, response.json()["code"]) == (403, "own_order")
    assert not Decision.objects.exists()


def test_the_policy_has_its_say(make_order: MakeOrder) -> None:
    make_rule("All", approvals_needed=2)
    order, program = make_order(), Program("decide")
    response = program.post(f"{ORDERS}/{order.order_id}/approve", {})
    told = response.json()
    assert (response.status_code, told["approvals_needed"], told["approvals_given"]) == (202, 2, 1)
    again = program.post(f"{ORDERS}/{order.order_id}/approve", {})
    assert again.status_code == 409


def test_who_knows_an_older_version_decides_nothing(make_order: MakeOrder) -> None:
    order, program = make_order(), Program("decide", "read")
    path = f"{ORDERS}/{order.order_id}"
    tag = program.get(path)["ETag"]
    program.post(f"{path}/comments", {"text": "Gift wrap"})
    refused = program.post(f"{path}/approve", {}, **{"If-Match": tag})
    assert (refused.status_code, refused.json()["code"]) == (412, "order_changed")
    assert program.post(f"{path}/approve", {}, **{"If-Match": f"W/{refused['ETag']}"}).status_code == 202


def test_a_comment_is_an_event_of_the_order(make_order: MakeOrder) -> None:
    order, program = make_order(Status.COMPLETED), Program("submit", name="web shop")
    response = program.post(f"{ORDERS}/{order.order_id}/comments", {"text": " Gift\u200b wrap "})
    assert response.status_code == 202
    event = OrderEvent.objects.get(order=order, kind="order.commented")
    told = {"channel": "API", "text": "Gift wrap", "account_id": program.key.account_id}
    assert (event.actor, event.data) == ("api-web-shop", told)


def test_a_comment_needs_a_text(make_order: MakeOrder) -> None:
    response = Program("decide").post(f"{ORDERS}/{make_order().order_id}/comments", {"text": "\u200b"})
    assert (response.status_code, pointers(response)) == (422, ["/text"])


def test_a_deadline_is_extended(make_order: MakeOrder) -> None:
    order, program = make_order(), Program("decide", name="fraud check")
    path, old = f"{ORDERS}/{order.order_id}/extend", order.approval_deadline
    response = program.post(path, {"hours": 2, "reason": "Bank asked"}, key="1")
    assert program.post(path, {"hours": 2, "reason": "Bank asked"}, key="1").content == response.content
    order.refresh_from_db()
    assert old is not None
    assert order.approval_deadline == old + timedelta(hours=2)
    assert (response.status_code, response.json()["approval_deadline"]) == (202, write_time(order.approval_deadline))
    until = order.approval_deadline + timedelta(hours=1)
    assert program.post(path, {"until": until.isoformat(), "reason": "Bank asked"}).status_code == 202
    told = OrderEvent.objects.filter(order=order, kind="order.deadline_extended").get(data__new=until.isoformat())
    assert (told.actor, told.data["channel"], told.data["reason"]) == ("api-fraud-check", "API", "Bank asked")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"hours": 0, "reason": "x"}, "/hours"),
        ({"reason": "x"}, "/hours"),
        ({"hours": 1, "until": "2030-01-01T00:00Z", "reason": "x"}, "/hours"),
        ({"until": "tomorrow", "reason": "x"}, "/until"),
        ({"until": "2020-01-01T00:00Z", "reason": "x"}, "/until"),
        ({"hours": 1, "reason": " "}, "/reason"),
    ],
)
def test_a_deadline_that_cannot_be_meant_is_refused(
    make_order: MakeOrder, body: dict[str, object], pointer: str
) -> None:
    order = make_order()
    response = Program("decide").post(f"{ORDERS}/{order.order_id}/extend", body)
    assert (response.status_code, pointers(response)) == (422, [pointer])
    assert Program("decide").post(f"{ORDERS}/{make_order('PAID').order_id}/extend", {"hours": 1, "reason": "x"}).json()[
        "code"
    ] == ("too_late")


def test_a_part_is_refunded(make_order: MakeOrder) -> None:
    order, program = make_order(Status.COMPLETED), Program("refund")
    path = f"{ORDERS}/{order.order_id}/refunds"
    first, second = (program.post(path, {"amount": 500, "reason": "Scratched"}, key="1") for _ in range(2))
    assert (first.status_code, first.content) == (202, second.content)
    refund = Refund.objects.get(payment__order=order)
    assert (refund.amount, refund.channel, refund.reason) == (500, Channel.API, "Scratched")
    assert first.json()["refunds"][0]["amount"] == 500
    too_much = program.post(path, {"amount": 2001})
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_refused")


@pytest.mark.parametrize("body", [{}, {"amount": 0}, {"amount": "5"}, {"amount": 1, "reason_code": "no such"}])
def test_a_refund_that_cannot_be_meant_is_refused(make_order: MakeOrder, body: dict[str, object]) -> None:
    order = make_order(Status.COMPLETED)
    assert Program("refund").post(f"{ORDERS}/{order.order_id}/refunds", body).status_code == 422
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("verb", "scopes"),
    [
        ("approve", ("submit", "read", "refund")),
        ("cancel", ("submit", "read", "refund")),
        ("extend", ("submit", "read", "refund")),
        ("comments", ("read", "refund")),
        ("refunds", ("submit", "read", "decide")),
    ],
)
def test_each_verb_needs_its_scope(make_order: MakeOrder, verb: str, scopes: tuple[str, ...]) -> None:
    order = make_order()
    response = Program(*scopes).post(f"{ORDERS}/{order.order_id}/{verb}", {"text": "x"})
    assert (response.status_code, response.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("verb", ["approve", "cancel", "extend", "comments", "refunds"])
def test_an_order_that_is_not_there_is_a_problem(verb: str) -> None:
    body = {"comments": {"text": "x"}, "refunds": {"amount": 1}, "extend": {"hours": 1, "reason": "x"}}.get(verb, {})
    assert Program().post(f"{ORDERS}/order-NONE/{verb}", body).status_code == 404


def test_a_viewers_account_decides_nothing(make_order: MakeOrder) -> None:
    order, program = make_order(), Program("decide")
    program.key.account.groups.set([])
    response = program.post(f"{ORDERS}/{order.order_id}/cancel", {})
    assert response.status_code == 403
