"""Notices: who is told of what, each thing once, and never again after a crash."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from orders.decisions import batches, decide
from orders.decisions.batches import BatchChange
from orders.decisions.comment import add_comment, edit_comment
from orders.events import EventKind
from orders.feed.positions import place_events
from orders.labels.notices import describe_notice
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import Batch, Notice, NoticeMark, Order, OrderEvent, WebhookEndpoint
from orders.notifications import companion, making
from orders.notifications.choices import Choices, save_choices
from orders.postgres.clock import database_now
from orders.states import DecisionKind, NoticeKind, NoticeWay, TroubleCode
from orders.webhooks.endpoints import pause_endpoint
from tests.making import MakeOrder, make_user
from tests.orders.decisions.batching import carry_out
from tests.orders.policy.asking import ask_for, make_limit

pytestmark = pytest.mark.django_db
NEEDS, EXPIRING = NoticeKind.NEEDS_APPROVAL, NoticeKind.EXPIRING


def make_all() -> None:
    """Make what is due, as the workers do."""
    while place_events():
        pass
    while making.make_from_events():
        pass
    making.make_from_tables()


def told(kind: NoticeKind, **which: object) -> list[str]:
    """Return who was told of it and has not read it, by name."""
    found = Notice.objects.filter(kind=kind, read_at__isnull=True, **which).order_by("account__username")
    return list(found.values_list("account__username", flat=True))


def write(order: Order, kind: EventKind, key: str, *, by: str = "", **facts: object) -> None:
    with transaction.atomic():
        add_event(lock_order(order.order_id), kind, facts, key=key, actor=by)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _people(alice: User, bob: User, charlie: User, dana: User) -> None:
    """Have a clerk, two approvers and a viewer."""


def test_events_that_happen_meanwhile_wait_for_the_next_round(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_order()
    place_events()
    assert not companion._make_notices()
    make_order()
    place_events()
    monkeypatch.setattr(making, "ROUND", 1)
    assert companion._make_notices()


def test_those_are_told_who_may_approve(make_order: MakeOrder) -> None:
    order = make_order()
    make_all()
    assert told(NEEDS) == ["bob", "dana"]
    assert set(Notice.objects.filter(kind=NEEDS).values_list("order_id", flat=True)) == {order.pk}


def test_the_submitter_is_not_told(make_order: MakeOrder) -> None:
    make_order(submitted_by="dana")
    make_all()
    assert told(NEEDS) == ["bob"]


def test_neither_is_who_has_left(make_order: MakeOrder, dana: User) -> None:
    dana.is_active = False
    dana.save()
    make_order()
    make_all()
    assert told(NEEDS) == ["bob"]


def test_neither_is_a_program(make_order: MakeOrder, dana: User) -> None:
    dana.set_unusable_password()
    dana.save()
    make_order()
    make_all()
    assert told(NEEDS) == ["bob"]


def test_the_policy_says_whom_an_order_needs(bob: User) -> None:
    bob.groups.add(Group.objects.create(name="seniors"))
    ask_for(1, level="seniors")
    make_all()
    assert told(NEEDS) == ["bob"]


def test_an_order_above_the_limit_needs_somebody_else(make_order: MakeOrder, dana: User) -> None:
    make_limit(dana, 100)
    make_order()
    make_all()
    assert told(NEEDS) == ["bob"]


def test_each_thing_is_told_once(make_order: MakeOrder) -> None:
    make_order()
    make_all()
    making.make_from_tables()
    NoticeMark.objects.update(position=0, deadline_upto=None)  # as if nothing had been noted
    make_all()
    assert (told(NEEDS), told(EXPIRING)) == (["bob", "dana"], ["bob", "dana"])


def test_what_fails_halfway_is_made_by_the_next_round(make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    make_order()
    while place_events():
        pass

    def crash(_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(making, "_settle", crash)
        with pytest.raises(ConnectionResetError):
            making.make_from_events()
    assert not Notice.objects.exists()
    make_all()
    assert told(NEEDS) == ["bob", "dana"]


@pytest.mark.django_db(transaction=True)
def test_processes_at_once_tell_each_thing_once(make_order: MakeOrder) -> None:
    for _ in range(12):
        make_order()
    while place_events():
        pass

    def make_round(_: int) -> None:
        try:
            making.make_from_events()
            making.make_from_tables()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(make_round, range(8)))
    make_all()
    assert Notice.objects.filter(kind=NEEDS).count() == 24


def test_an_order_that_is_decided_needs_nobody_any_more(make_order: MakeOrder, bob: User) -> None:
    order, other = make_order(), make_order()
    make_all()
    assert told(NEEDS, order=order) == told(EXPIRING, order=order) == ["bob", "dana"]
    decide.take_decision(order, DecisionKind.APPROVE, actor=bob, reason="", sends_now=False)
    make_all()
    assert told(NEEDS, order=order) == told(EXPIRING, order=order) == []
    assert told(NEEDS, order=other) == ["bob", "dana"]
    assert not Notice.objects.filter(order=order, mail_due_at__isnull=False).exists()


def test_one_of_two_approvals_leaves_it_to_the_other(bob: User) -> None:
    order = ask_for(2)
    make_all()
    decide.take_decision(order, DecisionKind.APPROVE, actor=bob, reason="", sends_now=False)
    make_all()
    assert told(NEEDS) == ["dana"]


def test_an_order_that_is_decided_before_costs_no_statement_of_its_own(make_order: MakeOrder) -> None:
    def count(orders: int) -> int:
        for _ in range(orders):
            make_order("COMPLETED")
        while place_events():
            pass
        with CaptureQueriesContext(connection) as sent:
            assert making.make_from_events() > 0
        return len(sent.captured_queries)

    few, many = count(1), count(12)
    assert many == few <= 11
    assert told(NEEDS) == []


def test_a_round_without_news_is_one_statement(make_order: MakeOrder) -> None:
    make_order()
    make_all()
    with CaptureQueriesContext(connection) as sent:
        assert making.make_from_events() == 0
    assert len(sent.captured_queries) == 1


def test_a_deadline_that_is_near_is_told_once_for_each_deadline(make_order: MakeOrder) -> None:
    near, far = make_order(deadline_seconds=3000), make_order(deadline_seconds=7200)
    make_all()
    assert told(EXPIRING, order=near) == ["bob", "dana"]
    assert told(EXPIRING, order=far) == []
    Order.objects.filter(pk=far.pk).update(approval_deadline=database_now() + timedelta(seconds=3000))
    making.make_from_tables()
    assert told(EXPIRING, order=far) == []  # before the mark: such an order has just begun to wait
    NoticeMark.objects.update(deadline_upto=database_now())
    making.make_from_tables()
    making.make_from_tables()
    assert told(EXPIRING, order=far) == ["bob", "dana"]


def test_many_deadlines_take_several_rounds(make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.notifications.wanted.MOST_ORDERS", 2)
    monkeypatch.setattr("orders.notifications.wanted.OVERLAP", timedelta(0))
    found = [make_order(deadline_seconds=1000 + 100 * number) for number in range(5)]
    Order.objects.filter(pk=found[2].pk).update(approval_deadline=Order.objects.get(pk=found[1].pk).approval_deadline)
    for _ in range(4):
        making.make_from_tables()
    assert Notice.objects.filter(kind=EXPIRING, account__username="bob").count() == 5


def test_who_is_mentioned_is_told_and_by_whom(make_order: MakeOrder, bob: User, charlie: User) -> None:
    order, stranger = make_order(), make_user("eve")
    facts = {"text": "@bob @charlie please look", "channel": "CONSOLE", "mentions": [bob.pk, charlie.pk, stranger.pk]}
    write(order, EventKind.COMMENTED, "comment:1", by="bob", **facts)
    make_all()
    assert told(NoticeKind.MENTIONED) == ["charlie"]
    assert Notice.objects.get(kind=NoticeKind.MENTIONED).data == {"by": "bob", "text": facts["text"]}


def test_who_is_mentioned_is_told_also_in_an_edited_comment(make_order: MakeOrder, bob: User) -> None:
    order = make_order()
    comment = add_comment(order, actor=bob, text="@charlie please look")
    make_all()
    assert told(NoticeKind.MENTIONED) == ["charlie"]
    edit_comment(order, comment.pk, actor=bob, text="@charlie and @dana please look")
    make_all()
    assert told(NoticeKind.MENTIONED) == ["charlie", "dana"]


def test_a_reminder_is_for_those_who_may_still_decide(make_order: MakeOrder, bob: User) -> None:
    order, decided = make_order(), make_order()
    make_all()
    Notice.objects.update(read_at=database_now())
    for each in (order, decided):
        deadline = each.approval_deadline.isoformat() if each.approval_deadline else ""
        write(each, EventKind.REMINDED, "reminded", deadline=deadline)
    decide.approve_order(decided, actor=bob)
    make_all()
    assert told(NEEDS, order=order, data={"is_reminder": True}) == ["bob", "dana"]
    assert told(NEEDS, order=decided) == []
    assert describe_notice(NEEDS, {"is_reminder": True}) == (
        "An order still needs your approval",
        "Half of the time is over.",
    )


@pytest.mark.parametrize(("group", "people"), [("leads", ["charlie"]), ("", ["bob", "dana"])])
def test_an_escalation_is_for_its_group_or_for_all_approvers(
    make_order: MakeOrder, charlie: User, group: str, people: list[str]
) -> None:
    charlie.groups.add(Group.objects.create(name="leads"))
    order, decided = make_order(), make_order("PAID")
    for each in (order, decided):
        OrderEvent.objects.create(order=each, key="late:1", kind="order.escalated", data={"group": group})
    make_all()
    assert told(NoticeKind.ESCALATED, order=order) == people
    assert told(NoticeKind.ESCALATED, order=decided) == []


def test_a_comment_that_mentions_nobody_tells_nobody(make_order: MakeOrder) -> None:
    write(make_order(), EventKind.COMMENTED, "comment:1", by="bob", text="Hello", channel="CONSOLE")
    make_all()
    assert told(NoticeKind.MENTIONED) == []


def test_the_owner_hears_of_a_batch(make_order: MakeOrder, bob: User) -> None:
    batch = batches.create_batch([make_order().pk, make_order("PAID").pk], DecisionKind.APPROVE, actor=bob)
    make_all()
    assert told(NoticeKind.BATCH_ENDED) == []
    carry_out(batch)
    make_all()
    make_all()
    notice = Notice.objects.get(kind=NoticeKind.BATCH_ENDED)
    assert (notice.account_id, notice.source) == (bob.pk, batch.batch_id)
    assert notice.data == {"kind": "approve", "state": "DONE", "decided": 1, "total": 2}


def test_who_stops_a_batch_knows_and_its_owner_hears_of_it(make_order: MakeOrder, bob: User, dana: User) -> None:
    own, others = (batches.create_batch([make_order().pk], DecisionKind.APPROVE, actor=bob) for _ in range(2))
    batches.change_batch(own.batch_id, BatchChange.STOP, actor=bob)
    batches.change_batch(others.batch_id, BatchChange.STOP, actor=dana)
    Batch.objects.update(ended_at=F("ended_at"))
    make_all()
    assert list(Notice.objects.filter(kind=NoticeKind.BATCH_ENDED).values_list("source", flat=True)) == [
        others.batch_id
    ]


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (EventKind.REFUND_REFUSED, {"amount": 500, "currency": "EUR", "code": "exceeds_charge", "error": ""}),
        (EventKind.REFUND_UNRESOLVED, {"amount": 500, "currency": "EUR", "error": "503"}),
        (EventKind.TROUBLE_BEGAN, {"code": TroubleCode.REFUND_UNRESOLVED, "detail": "503"}),
    ],
)
def test_a_refund_that_failed_needs_somebody_who_may_refund(
    make_order: MakeOrder, kind: EventKind, facts: dict[str, object]
) -> None:
    order = make_order("PAID")
    write(order, kind, "failed", by="", **facts)
    write(order, EventKind.TROUBLE_BEGAN, "other", code=TroubleCode.SHIPMENT_UNRESOLVED, detail="")
    make_all()
    assert told(NoticeKind.REFUND_FAILED, order=order) == ["bob", "dana"]


def test_administrators_hear_of_a_webhook_that_was_paused_for_failing(admin_user: User) -> None:
    failing, paused = (WebhookEndpoint.objects.create(url=f"https://{n}.example/", position=0) for n in "ab")
    pause_endpoint(failing, WebhookEndpoint.Pause.FAILING)
    pause_endpoint(paused)
    make_all()
    make_all()
    assert told(NoticeKind.WEBHOOK_PAUSED) == ["admin"]
    assert Notice.objects.get().data["url"] == "https://a.example/"


def test_who_wants_to_hear_nothing_of_a_kind_does_not(make_order: MakeOrder, bob: User) -> None:
    save_choices(bob.pk, Choices({NEEDS: NoticeWay.OFF}))
    make_order()
    make_all()
    assert (told(NEEDS), told(EXPIRING)) == (["dana"], ["bob", "dana"])


def test_an_email_is_due_for_who_wants_one_and_has_an_address(
    make_order: MakeOrder, bob: User, dana: User, settings: Settings
) -> None:
    bob.email = "bob@example.com"
    bob.save()
    for person in (bob, dana):
        save_choices(person.pk, Choices({NEEDS: NoticeWay.AT_ONCE}))
    make_order()
    make_all()
    assert not Notice.objects.filter(mail_due_at__isnull=False).exists()
    settings.SENDS_MAIL = True
    make_order()
    make_all()
    due = Notice.objects.get(mail_due_at__isnull=False)
    assert (due.account_id, due.kind) == (bob.pk, NEEDS)


def test_old_notices_are_forgotten(make_order: MakeOrder, settings: Settings) -> None:
    make_order()
    make_all()
    settings.NOTICE_LIFETIME = 3600
    Notice.objects.filter(account__username="bob").update(created_at=database_now() - timedelta(hours=2))
    assert making.forget_old() == 2
    assert set(told(NEEDS)) == {"dana"}
