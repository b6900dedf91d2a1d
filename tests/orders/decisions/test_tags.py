"""orders.decisions.tags: words by which orders are found again, added and removed by those who decide."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from orders.decisions.tags import MOST_TAGS, add_tag, read_tag, remove_tag
from orders.errors import NotAllowed, OrderInvalid
from orders.models import Order, OrderTag
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def names(order: Order) -> list[str]:
    return list(order.tags.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("gift", "gift"),
        ("  #Gift  Wrap ", "gift-wrap"),
        ("gift_wrap", "gift-wrap"),
        ("Ｇｉｆｔ", "gift"),
        ("GRÖSSE", "grösse"),
        ("2026", "2026"),
        ("贈り物", "贈り物"),
    ],
)
def test_a_tag_is_one_word_in_small_letters(typed: str, tag: str) -> None:
    assert read_tag(typed) == tag
    assert read_tag(tag) == tag


@pytest.mark.parametrize("typed", ["", "  ", "#", "\x00", "a" * 31, "a/b", "a,b", "<b>", "-"])
def test_what_is_no_tag(order: Order, bob: User, typed: str) -> None:
    with pytest.raises(OrderInvalid) as refused:
        add_tag(order, actor=bob, text=typed)
    assert list(refused.value.fields) == ["tag"]
    assert names(order) == []


def test_it_comes_and_goes_and_the_history_tells(order: Order, bob: User) -> None:
    before = order.version
    for text in ("Gift", "gift", "vip"):
        add_tag(order, actor=bob, text=text)
    for _ in range(2):
        remove_tag(order, actor=bob, text="GIFT")
    add_tag(order, actor=bob, text="gift")
    assert names(order) == ["gift", "vip"]
    order.refresh_from_db()
    told = [(event.title, event.detail, event.actor) for event in order.events.order_by("id")][before:]
    added, removed = ("Tag added", "gift", "bob"), ("Tag removed", "gift", "bob")
    assert told == [added, ("Tag added", "vip", "bob"), removed, added]


def test_there_is_an_end_to_tags(order: Order, bob: User) -> None:
    for number in range(MOST_TAGS):
        add_tag(order, actor=bob, text=f"tag {number}")
    add_tag(order, actor=bob, text="tag 1")
    with pytest.raises(OrderInvalid, match="at most 20 tags"):
        add_tag(order, actor=bob, text="one more")


def test_only_who_may_decide(order: Order, alice: User, bob: User, charlie: User) -> None:
    add_tag(order, actor=bob, text="kept")
    for actor in (alice, charlie):
        with pytest.raises(NotAllowed, match="can view orders but not tag them"):
            add_tag(order, actor=actor, text="gift")
        with pytest.raises(NotAllowed):
            remove_tag(order, actor=actor, text="kept")
    assert names(order) == ["kept"]


@pytest.mark.parametrize("name", ["", "two words", "-x", "a/b"])
def test_postgresql_knows_a_tag(order: Order, name: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderTag.objects.create(order=order, name=name, added_by="bob")


def test_an_order_has_each_tag_once(order: Order) -> None:
    OrderTag.objects.create(order=order, name="gift", added_by="bob")
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderTag.objects.create(order=order, name="gift", added_by="dana")
