"""orders.decisions.comment: comments stand in the history, are written once, and keep what they said before."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from orders.decisions.comment import add_comment, edit_comment, find_mentioned, list_versions
from orders.errors import CommentNotFound, NotAllowed, OrderInvalid
from orders.models import Order
from orders.texts import LONGEST_TEXT
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def test_a_comment_is_an_event(order: Order, bob: User) -> None:
    written = add_comment(order, actor=bob, text="  Called the customer.\r\n\x00She waits. ")
    assert written.data == {"channel": "CONSOLE", "text": "Called the customer.\nShe waits.", "account_id": bob.pk}
    assert (written.actor, written.title) == ("bob", "Comment")
    version = order.version
    order.refresh_from_db()
    assert order.version == version + 1, "open pages are told of it"


def test_one_form_writes_once(order: Order, bob: User, dana: User) -> None:
    first, again = (add_comment(order, actor=bob, text="Once", key="form") for _ in range(2))
    assert first == again
    for actor, text in ((bob, "Another"), (dana, "Once")):
        with pytest.raises(OrderInvalid, match=r"^This form has already added another comment\."):
            add_comment(order, actor=actor, text=text, key="form")
    with pytest.raises(OrderInvalid, match="short line"):
        add_comment(order, actor=bob, text="Twice", key="x" * 51)
    assert [event.data["text"] for event in order.events.filter(kind="order.commented")] == ["Once"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Enter a comment."),
        (" \u200b\n", "Enter a comment."),
        ("ä" * (LONGEST_TEXT + 1), "A comment can have at most 2,000 characters; this has 2,001."),
    ],
)
def test_what_is_no_comment_is_refused_and_never_cut(order: Order, bob: User, text: str, sentence: str) -> None:
    with pytest.raises(OrderInvalid) as refused:
        add_comment(order, actor=bob, text=text)
    assert refused.value.fields == {"text": sentence}
    written = add_comment(order, actor=bob, text="ä" * LONGEST_TEXT)
    with pytest.raises(OrderInvalid):
        edit_comment(order, written.pk, actor=bob, text=text)
    assert len(written.data["text"]) == LONGEST_TEXT
    assert len(list_versions(order, written.pk)) == 1


@pytest.mark.parametrize("write", [add_comment, lambda order, **what: edit_comment(order, 1, **what)])
def test_who_may_only_look_writes_nothing(order: Order, charlie: User, write: Callable[..., object]) -> None:
    with pytest.raises(NotAllowed, match="can view orders but not comment"):
        write(order, actor=charlie, text="Hello")


def test_an_edit_keeps_what_was_said_before(order: Order, bob: User) -> None:
    written = add_comment(order, actor=bob, text="Red")
    for text, key in (("Green", "1"), ("Green", "1"), ("Green", "2"), ("Blue", "3")):
        edit_comment(order, written.pk, actor=bob, text=text, key=key)
    assert [version.data["text"] for version in list_versions(order, written.pk)] == ["Red", "Green", "Blue"]
    with pytest.raises(DatabaseError, match="are only ever added"), transaction.atomic():
        order.events.filter(pk=written.pk).update(data={})


def test_only_own_comments_are_edited(order: Order, make_order: MakeOrder, bob: User, dana: User) -> None:
    written = add_comment(order, actor=bob, text="Mine")
    for actor in (dana, make_user("root", is_superuser=True)):
        with pytest.raises(NotAllowed, match="Only whoever wrote a comment"):
            edit_comment(order, written.pk, actor=actor, text="Yours")
    with pytest.raises(CommentNotFound):
        edit_comment(make_order(), written.pk, actor=bob, text="Elsewhere")
    with pytest.raises(CommentNotFound):
        edit_comment(order, order.events.earliest("id").pk, actor=bob, text="No comment")
    assert len(list_versions(order, written.pk)) == 1


def test_mentioned_people_are_kept_by_account(order: Order, alice: User, bob: User, dana: User) -> None:
    text = "@dana, ask @ALICE. Not bob@example.com, @@bob, @nobody or @dana again"
    written = add_comment(order, actor=bob, text=text)
    assert written.data["mentions"] == [dana.pk, alice.pk]
    assert written.data["mentioned"] == ["dana", "alice"]
    edited = edit_comment(order, written.pk, actor=bob, text="@dana and @bob.")
    assert edited.data["mentions"] == [bob.pk], "dana was told before"
    assert edited.data["mentioned"] == ["dana", "bob"]
    again = edit_comment(order, written.pk, actor=bob, text="@alice @bob")
    assert again.data["mentions"] == []


def test_nobody_is_mentioned_who_could_not_read_it(bob: User) -> None:
    make_user("stranger")
    gone = make_user("gone", "viewer")
    gone.is_active = False
    gone.save()
    dotted = make_user("b.o.b.", "viewer")
    assert find_mentioned("@stranger @gone @b.o.b.") == [dotted]
    assert find_mentioned("@bob. @bob-") == [bob]
    assert not find_mentioned("nobody @ all")
