"""orders.decisions.tags: words by which orders are found again, added and removed by those who decide."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from orders.decisions import tags
from orders.decisions.tags import MOST_TAGS, add_tag, read_tag, remove_tag, tag_orders, untag_orders
from orders.errors import NotAllowed, OrderInvalid
from orders.lifecycle.lookup import lock_order
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


def told(order: Order) -> list[tuple[str, str, str, str]]:
    """Return what the history says of the order's tags."""
    found = order.events.filter(kind__in=["order.tagged", "order.untagged"]).order_by("id")
    return [(event.kind, event.data["tag"], event.data["channel"], event.actor) for event in found]


class TestSeveral:
    """One tag for many orders, in chunks."""

    @pytest.fixture(autouse=True)
    def _small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tags, "CHUNK", 2)

    def test_each_has_it_once_and_a_history_as_if_it_were_alone(self, make_order: MakeOrder, bob: User) -> None:
        alone, *several = [make_order() for _ in range(6)]
        add_tag(alone, actor=bob, text="gift")
        add_tag(several[1], actor=bob, text="gift")
        done = tag_orders([order.pk for order in several], actor=bob, text=" #Gift ")
        assert (done.tag, done.total, done.changed, done.full) == ("gift", 5, 4, ())
        for order in several:
            assert (names(order), told(order)) == (["gift"], told(alone))
            order.refresh_from_db()
            assert order.version == order.events.count()
        assert tag_orders([order.pk for order in several], actor=bob, text="gift").changed == 0

    def test_it_goes_from_those_that_have_it(self, make_order: MakeOrder, bob: User) -> None:
        several = [make_order() for _ in range(3)]
        tag_orders([order.pk for order in several[:2]], actor=bob, text="gift")
        add_tag(several[0], actor=bob, text="kept")
        done = untag_orders([order.pk for order in several], actor=bob, text="gift")
        assert (done.total, done.changed) == (3, 2)
        assert [names(order) for order in several] == [["kept"], [], []]
        assert [told(order)[-1:] for order in several[1:]] == [[("order.untagged", "gift", "CONSOLE", "bob")], []]

    def test_one_that_is_full_keeps_no_other_from_it(self, make_order: MakeOrder, bob: User) -> None:
        full, other = make_order(), make_order()
        for number in range(MOST_TAGS):
            add_tag(full, actor=bob, text=f"tag {number}")
        done = tag_orders([full.pk, other.pk], actor=bob, text="gift")
        assert (done.changed, done.full) == (1, (full.order_id,))
        assert names(other) == ["gift"]
        assert tag_orders([full.pk], actor=bob, text="tag 1").full == ()

    def test_only_who_may_decide_and_only_so_many(
        self, order: Order, alice: User, bob: User, charlie: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for actor in (alice, charlie):
            for verb in (tag_orders, untag_orders):
                with pytest.raises(NotAllowed, match="can view orders but not tag them"):
                    verb([order.pk], actor=actor, text="gift")
        with pytest.raises(OrderInvalid, match="Enter a tag"):
            tag_orders([order.pk], actor=bob, text="")
        monkeypatch.setattr(tags, "MOST_ORDERS", 2)
        with pytest.raises(OrderInvalid, match="at most 2 orders at a time"):
            tag_orders([1, 2, 3], actor=bob, text="gift")
        assert names(order) == []


@pytest.mark.django_db(transaction=True)
def test_of_several_it_waits_for_one_that_somebody_holds(make_order: MakeOrder, bob: User) -> None:
    held, free = make_order(), make_order()
    done: list[int] = []

    def change() -> None:
        done.append(tag_orders([held.pk, free.pk], actor=bob, text="gift").changed)
        connection.close()

    with transaction.atomic():
        lock_order(held.order_id)
        somebody = threading.Thread(target=change)
        somebody.start()
        somebody.join(0.5)
        assert done == []
    somebody.join(60)
    assert done == [2]


@pytest.mark.parametrize("name", ["", "two words", "-x", "a/b"])
def test_postgresql_knows_a_tag(order: Order, name: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderTag.objects.create(order=order, name=name, added_by="bob")


def test_an_order_has_each_tag_once(order: Order) -> None:
    OrderTag.objects.create(order=order, name="gift", added_by="bob")
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderTag.objects.create(order=order, name="gift", added_by="dana")
