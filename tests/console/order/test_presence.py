"""Who else looks at an order: told by the polls of open pages, without a lock and without a statement more."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.labels import describe_present
from console.order import glance
from orders.models import Order, Presence
from orders.overview import presence
from tests.asking import HTMX, text_of
from tests.making import MakeOrder, make_user

BOB_LOOKS = "bob is looking at this order."


def open_page(person: User, order: Order) -> str:
    """Return what somebody's open page is told."""
    client = Client()
    client.force_login(person)
    return text_of(client.get(f"{order.get_absolute_url()}status/", {"version": order.version}, headers=HTMX))


def pass_by(seconds: float) -> None:
    """Let time pass since everybody was seen."""
    Presence.objects.update(seen_at=F("seen_at") - timedelta(seconds=seconds))
    glance.forget()


@pytest.mark.django_db
class TestOrderPage:
    def test_one_is_told_of_others_and_not_of_oneself(self, bob: User, dana: User, make_order: MakeOrder) -> None:
        order = make_order()
        assert "looking at" not in open_page(bob, order)
        assert BOB_LOOKS in open_page(dana, order)
        assert "dana is looking at this order." in open_page(bob, order)
        assert "looking at" not in open_page(dana, make_order())

    def test_who_has_gone_is_forgotten(self, bob: User, dana: User, make_order: MakeOrder) -> None:
        order = make_order()
        open_page(bob, order)
        pass_by(17)
        assert "looking at" not in open_page(dana, order)

    def test_it_stays_when_the_order_changes(self, bob: User, dana: User, make_order: MakeOrder) -> None:
        order = make_order()
        open_page(bob, order)
        order.version -= 1
        page = open_page(dana, order)
        assert 'id="order-decision"' in page
        assert BOB_LOOKS in page

    def test_a_page_that_knows_it_is_told_nothing(self, bob: User, dana: User, make_order: MakeOrder) -> None:
        order = make_order()
        open_page(bob, order)
        client = Client()
        client.force_login(dana)
        path = f"{order.get_absolute_url()}status/"
        seen = client.get(path, {"version": order.version}, headers=HTMX).context["panel"].seen
        query = {"version": order.version, "seen": seen}
        assert client.get(path, query, headers=HTMX).status_code == 204
        pass_by(17)
        assert client.get(path, query, headers=HTMX).status_code == 200

    def test_the_poll_that_notes_it_sends_no_statement_more(self, bob: User, make_order: MakeOrder) -> None:
        order = make_order()
        client = Client()
        client.force_login(bob)
        path = f"{order.get_absolute_url()}status/"
        seen = client.get(path, {"version": order.version}, headers=HTMX).context["panel"].seen
        pass_by(9)
        with CaptureQueriesContext(connection) as sent:
            assert client.get(path, {"version": order.version, "seen": seen}, headers=HTMX).status_code == 204
        assert len(sent) == 2
        assert "INSERT INTO orders_presence" in sent.captured_queries[1]["sql"]

    def test_what_was_looked_at_before_goes(self, bob: User, make_order: MakeOrder) -> None:
        orders = [make_order(), make_order()]
        open_page(bob, orders[0])
        pass_by(61)
        open_page(bob, orders[1])
        assert list(Presence.objects.values_list("order_id", flat=True)) == [orders[1].pk]

    def test_it_is_written_every_few_seconds(self) -> None:
        presence.forget()
        assert [presence.is_due(1, "order-A") for _ in range(3)] == [True, False, False]
        assert presence.is_due(2, "order-A")
        assert presence.is_due(1, "order-B")


@pytest.mark.django_db
def test_review_mode_tells_it_too(bob: User, make_order: MakeOrder) -> None:
    open_page(make_user("dana", "approver"), make_order())
    client = Client()
    client.force_login(bob)
    poll = client.get("/orders/review/").context["poll_url"]
    news = client.get(poll, headers=HTMX)
    assert "dana is looking at this order." in text_of(news)
    assert client.get(news.context["poll_url"], headers=HTMX).status_code == 204


@pytest.mark.django_db(transaction=True)
class TestDatabase:
    def test_nobody_waits_for_who_holds_the_order(self, bob: User, make_order: MakeOrder) -> None:
        order = make_order()
        holder = connections["default"].copy()
        try:
            holder.set_autocommit(False)
            with holder.cursor() as cursor:
                cursor.execute("SELECT FROM orders_order WHERE id = %s FOR UPDATE", [order.pk])
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '500ms'")
            glance.glance_at(order.order_id, reader=bob)
        finally:
            holder.rollback()
            holder.close()
            connection.close()
        assert Presence.objects.get().username == "bob"

    def test_where_nothing_can_be_written_the_order_is_read(self, bob: User, make_order: MakeOrder) -> None:
        order = make_order()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = on")
            assert glance.glance_at(order.order_id, reader=bob).pk == order.pk
        finally:
            connection.close()
        assert not Presence.objects.exists()

    def test_the_table_is_not_logged(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'orders_presence'")
            assert cursor.fetchone() == ("u",)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), ""),
        (("bob",), "bob is looking at this order."),
        (("bob", "dana"), "bob and dana are looking at this order."),
        (("a", "b", "c"), "a, b and c are looking at this order."),
        (("a", "b", "c", "d", "e"), "a, b, c and 2 more are looking at this order."),
    ],
)
def test_it_is_said_in_words(names: tuple[str, ...], words: str) -> None:
    assert describe_present(names) == words
