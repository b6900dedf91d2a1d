"""orders.reading.querysets and orders.reading.pages: what pages read of many orders."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orders.models import Order, OutboxMessage
from orders.reading import pages
from orders.reading.pages import Cursor, CursorError, cut_page
from orders.reading.querysets import NEWEST, NEXT_TO_EXPIRE, read_order_search
from orders.states import Status
from tests.database import past_the_rules
from tests.making import MakeOrder, approve

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def make_rows(count: int, **changes: object) -> list[Order]:
    """Return orders written in one go; each two share a time."""
    facts = {
        "customer_name": "Emma Example",
        "customer_email": "emma@example.com",
        "currency": "EUR",
        "total": 100,
        "submitted_by": "alice",
        "status": Status.PENDING_MANUAL_APPROVAL,
    }
    with past_the_rules():
        return Order.objects.bulk_create(
            Order(
                **facts | changes,
                order_id=f"order-ROW{row}",
                payment_id=f"pay-ROW{row}",
                idempotency_key=f"row-{row}",
                created_at=NOON - timedelta(minutes=row // 2),
                approval_deadline=NOON + timedelta(minutes=row // 2),
            )
            for row in range(count)
        )


class TestPages:
    def test_each_row_comes_once_whichever_way_one_turns(self) -> None:
        make_rows(11)
        expected = list(Order.objects.order_by("-created_at", "-id"))
        forward, cursors, cursor = [], [], ""
        while True:
            page = cut_page(Order.objects.all(), NEWEST, cursor=cursor, size=3)
            forward += page.rows
            cursors.append(page)
            if not page.next:
                break
            cursor = page.next
        assert forward == expected
        backward = cursors[-1].rows
        page = cursors[-1]
        while page.previous:
            page = cut_page(Order.objects.all(), NEWEST, cursor=page.previous, size=3)
            backward = page.rows + backward
        assert backward == expected

    def test_the_first_page_has_no_previous_and_the_last_no_next(self) -> None:
        make_rows(4)
        first = cut_page(Order.objects.all(), NEWEST, size=2)
        second = cut_page(Order.objects.all(), NEWEST, cursor=first.next, size=2)
        assert (first.previous, second.next) == ("", "")
        assert first.next
        assert second.previous

    def test_a_page_that_is_just_full_is_the_only_one(self) -> None:
        make_rows(2)
        page = cut_page(Order.objects.all(), NEWEST, size=2)
        assert (len(page.rows), page.next, page.previous) == (2, "", "")

    def test_no_rows_make_an_empty_page(self) -> None:
        assert cut_page(Order.objects.all(), NEWEST, size=2) == pages.Page([])

    def test_going_back_beyond_the_first_row_gives_the_whole_first_page(self) -> None:
        rows = make_rows(5)
        second = cut_page(
            Order.objects.all(), NEWEST, cursor=cut_page(Order.objects.all(), NEWEST, size=2).next, size=2
        )
        Order.objects.create(
            idempotency_key="new", customer_name="N", customer_email="n@example.com", currency="EUR", total=0
        )
        back = cut_page(Order.objects.all(), NEWEST, cursor=second.previous, size=3)
        assert len(back.rows) == 3
        assert back.previous == ""
        assert rows[0] in back.rows

    def test_going_on_beyond_the_last_row_gives_the_last_page(self) -> None:
        rows = make_rows(5)
        third = cut_page(
            Order.objects.all(), NEWEST, cursor=Cursor(rows[3].created_at, rows[2].pk).encode(NEWEST), size=2
        )
        assert not third.is_instead
        beyond = Cursor(NOON - timedelta(days=1), 1).encode(NEWEST)
        page = cut_page(Order.objects.all(), NEWEST, cursor=beyond, size=2)
        last = list(Order.objects.order_by("created_at", "id")[:2])[::-1]
        assert (page.rows, page.next, page.is_instead) == (last, "", True)
        before = cut_page(Order.objects.all(), NEWEST, cursor=page.previous, size=2).rows
        assert before == list(Order.objects.order_by("-created_at", "-id")[1:3])
        assert cut_page(Order.objects.none(), NEWEST, cursor=beyond, size=2) == pages.Page([])

    def test_new_rows_do_not_move_the_next_page(self) -> None:
        make_rows(4)
        first = cut_page(Order.objects.all(), NEWEST, size=2)
        expected = cut_page(Order.objects.all(), NEWEST, cursor=first.next, size=2).rows
        Order.objects.create(
            idempotency_key="new", customer_name="N", customer_email="n@example.com", currency="EUR", total=0
        )
        assert cut_page(Order.objects.all(), NEWEST, cursor=first.next, size=2).rows == expected

    def test_next_to_expire_comes_first(self) -> None:
        make_rows(6)
        first = cut_page(Order.objects.awaiting_decision(), NEXT_TO_EXPIRE, size=4)
        second = cut_page(Order.objects.awaiting_decision(), NEXT_TO_EXPIRE, cursor=first.next, size=4)
        assert first.rows + second.rows == list(Order.objects.order_by("approval_deadline", "id"))

    def test_a_page_is_one_query(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        make_rows(6)
        with django_assert_num_queries(1):
            cut_page(Order.objects.with_message_on_its_way(), NEWEST, size=3)

    @pytest.mark.parametrize("near_rows", [1, 4, 1000])
    def test_a_search_finds_the_same_near_and_far(self, monkeypatch: pytest.MonkeyPatch, near_rows: int) -> None:
        monkeypatch.setattr(pages, "NEAR_ROWS", near_rows)
        make_rows(9)
        found = Order.objects.filter(idempotency_key__in=["row-1", "row-3", "row-4", "row-7"])
        found.update(customer_name="Zoë Smith")
        expected = list(found.order_by("-created_at", "-id"))
        search = read_order_search("zoë")
        first = cut_page(Order.objects.all(), NEWEST, search=search, size=3)
        second = cut_page(Order.objects.all(), NEWEST, search=search, cursor=first.next, size=3)
        assert first.rows + second.rows == expected
        assert cut_page(Order.objects.all(), NEWEST, search=search, cursor=second.previous, size=3).rows == expected[:3]

    @pytest.mark.parametrize(
        ("everything", "found", "window"),
        [
            (1_000_000, 50, 382),  # a frequent one
            (1_000_000, 1, 0),  # more would have to be looked through than the index fetches
            (10_000, 5, 0),  # there is not much for the index to fetch
            (500, 5, 750),  # these are all
            (500, 0, 750),
            (1_000_000, 0, 0),  # a rare word
        ],
    )
    def test_a_search_looks_further_only_where_that_is_cheaper(self, everything: int, found: int, window: int) -> None:
        assert pages._window_worth(everything, found=found, limit=51) == window


def encode(*facts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "ü",
        "====",
        "A" * 301,
        encode(),
        encode("newest", 0, "2026-11-23T12:00:00", 1),
        encode("newest", 0, "never", 1),
        encode("newest", 0, 5, 1),
        encode("newest", 0, "0001-01-01T00:00:00+00:01", 1),
        encode("newest", 0, "9999-12-31T23:59:59-00:01", 1),
        encode("newest", 0, "2026-11-23T12:00:00+24:00", 1),
        encode("newest", 0, "2026-11-23T12:00:00+00:00", "1"),
        encode("newest", 0, "2026-11-23T12:00:00+00:00", 2**63),
        encode("newest", 0, "2026-11-23T12:00:00+00:00", -1),
        encode("newest", 0, "2026-11-23T12:00:00+00:00", True),
        encode("newest", 0, "2026-11-23T12:00:00+00:00", None),
        encode("expiring", 0, "2026-11-23T12:00:00+00:00", 1),
        encode(*([["deep"]] * 4)),
    ],
)
def test_a_cursor_that_was_altered_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        cut_page(Order.objects.all(), NEWEST, cursor=text, size=2)


@pytest.mark.parametrize(
    "at",
    [
        *("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00", "2026-11-23T12:00:00+23:59"),
        *("0001-01-02T00:00:00+23:59", "9999-12-31T23:59:59+23:59:59"),
    ],
)
def test_a_cursor_may_lie_anywhere_in_time(at: str) -> None:
    make_rows(1)
    cursor = Cursor(datetime.fromisoformat(at), 5)
    assert Cursor.decode(cursor.encode(NEWEST), NEWEST) == cursor
    assert len(cut_page(Order.objects.all(), NEWEST, cursor=cursor.encode(NEWEST), size=2).rows) in {0, 1}


class TestQuestions:
    def test_each_status_is_in_one_tab(self, make_order: MakeOrder) -> None:
        for status in (status for status in Status if status != Status.VALIDATED):
            make_order(status)
        tabs = [
            set(question.values_list("pk", flat=True))
            for question in (
                Order.objects.awaiting_decision(),
                Order.objects.in_motion(),
                Order.objects.completed(),
                Order.objects.cancelled(),
            )
        ]
        assert sum(len(tab) for tab in tabs) == len(set().union(*tabs)) == Order.objects.count()

    def test_counting_stops_at_its_limit(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        make_rows(5)
        with django_assert_num_queries(2):
            assert Order.objects.awaiting_decision().count_up_to(3) == 3
            assert Order.objects.awaiting_decision().count_up_to(10) == 5

    def test_a_message_on_its_way_is_seen(self, make_order: MakeOrder) -> None:
        order = make_order(is_delivered=False)
        marked = Order.objects.with_message_on_its_way().filter(pk=order.pk)
        assert vars(marked.get())["has_message_on_its_way"] is True
        OutboxMessage.objects.update(status=OutboxMessage.Status.DELIVERED)
        assert vars(marked.get())["has_message_on_its_way"] is False

    @pytest.mark.parametrize("text", ["", "  ", "''", "&|!:*", "\x00", "\\"])
    def test_a_search_without_words_finds_all(self, text: str) -> None:
        make_rows(2)
        assert Order.objects.matching(text).count() == 2

    @pytest.mark.parametrize("text", ["emma exam", "EMMA", "emma@example.com", "example.com"])
    def test_words_may_begin_anywhere(self, text: str) -> None:
        make_rows(1)
        assert Order.objects.matching(text).exists()

    @pytest.mark.parametrize("text", ["mma", "x" * 5000, "emma nobody", "'; DROP TABLE orders_order; --"])
    def test_other_words_find_nothing(self, text: str) -> None:
        make_rows(1)
        assert not Order.objects.matching(text).exists()

    def test_an_order_id_is_found_however_it_is_typed(self, make_order: MakeOrder) -> None:
        make_order(order_id="order-ABC123DEF456")
        make_order(order_id="order-from-outside")
        find = Order.objects.find_order_id
        assert (
            find("order-ABC123DEF456")
            == find("order-abc123def456")
            == find("ORDER-ABC123def456")
            == find("abc123def456")
        )
        assert find("order-from-outside") == "order-from-outside"
        assert find("") == find("emma") == find("order-") == find("order-NOPE") == find("a b") == ""


class TestNextToDecide:
    def test_it_is_the_next_to_expire_of_all(self, make_order: MakeOrder) -> None:
        late, soon, here, later = (make_order(deadline_seconds=seconds) for seconds in (86_000, 2_900, 50_000, 86_100))
        for order in (here, late, later):
            assert Order.objects.next_to_decide(besides=order, username="bob") == soon
        assert Order.objects.next_to_decide(besides=soon, username="bob") == here

    def test_it_leaves_out_own_and_decided_orders(self, make_order: MakeOrder) -> None:
        here = make_order(deadline_seconds=100)
        make_order(deadline_seconds=200, submitted_by="Bob")
        decided, free = make_order(deadline_seconds=300), make_order(deadline_seconds=400)
        approve(decided, by="dana")
        assert Order.objects.next_to_decide(besides=here, username="bob") == free

    def test_it_leaves_out_what_cannot_be_approved_any_more(self, make_order: MakeOrder) -> None:
        here, over = make_order(), make_order(deadline_seconds=100)
        Order.objects.filter(pk=over.pk).update(approval_deadline=timezone.now() - timedelta(seconds=1))
        assert Order.objects.next_to_decide(besides=here, username="bob") is None

    def test_there_may_be_none(self, make_order: MakeOrder) -> None:
        assert Order.objects.next_to_decide(besides=make_order(), username="bob") is None

    def test_an_order_without_a_deadline_leads_to_the_first(self, make_order: MakeOrder) -> None:
        waiting = make_order()
        assert Order.objects.next_to_decide(besides=make_order(Status.CREATED), username="bob") == waiting

    def test_an_own_order_is_not_next_whatever_the_account_is_called_by_now(
        self, make_order: MakeOrder, bob: User
    ) -> None:
        here, own = make_order(deadline_seconds=100), make_order(deadline_seconds=200, submitted_by="old-name")
        with past_the_rules():
            Order.objects.filter(pk=own.pk).update(submitter_account_id=bob.pk)
        free = make_order(deadline_seconds=300)
        assert Order.objects.next_to_decide(besides=here, username="bob", account_id=bob.pk) == free
