"""orders.listing.list_query: the filters of a list, read from an address and asked of the tables."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from orders.decisions.decide import cancel_order
from orders.decisions.tags import add_tag
from orders.listing import known_rules
from orders.listing.filters import FILTERS
from orders.listing.list_query import SORTS, ListQuery
from orders.models import Order, Reason, Trouble
from orders.policy import changes
from orders.reading.pages import cut_page
from orders.reading.querysets import read_order_search
from orders.states import Channel, TroubleCode
from tests.making import Colleague, MakeOrder
from tests.orders.policy.asking import ADMIN, make_rule

pytestmark = pytest.mark.django_db
Found = Callable[..., set[str]]


def read(query: str, **person: Any) -> ListQuery:
    return ListQuery.read(QueryDict(query), **person)


def find(query: str, text: str = "", **person: Any) -> set[str]:
    """Return the order ids that a query finds."""
    asked = read(query, **person)
    assert not asked.errors
    search = asked.search(read_order_search(text) if text else None)
    page = cut_page(asked.narrow(Order.objects.all()), SORTS["newest"], search=search, size=50)
    return {order.order_id for order in page.rows}


@pytest.fixture
def orders(make_order: MakeOrder) -> dict[str, str]:
    """Orders that differ in what is filtered by, by what is special of each."""
    rule = make_rule("Large orders")
    ruled = make_order("PAID", currency="GBP")
    changes.remove_rule(rule, actor=ADMIN)
    made = {
        "ruled": ruled,
        "waiting": make_order(deadline_seconds=1800, customer_email="Zoe@Example.org"),
        "own": make_order(submitted_by="bob", deadline_seconds=90_000),
        "paid": make_order("PAID", currency="USD"),
        "completed": make_order("COMPLETED", decided_by="dana"),
        "cancelled": make_order("CANCELLED", cancelled_from="PAID"),
        "expired": make_order("CANCELLED", reason_code="APPROVAL_TIMEOUT", reason=""),
    }
    Trouble.objects.create(order=made["paid"], code=TroubleCode.RUN_FAILING)
    for name in ("paid", "completed"):
        add_tag(made[name], actor=Colleague("bob"), text="gift")
    return {order.order_id: name for name, order in made.items()}


TODAY = timezone.localdate()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
ALL = {"waiting", "own", "paid", "completed", "cancelled", "expired", "ruled"}
DECIDED = {"paid", "completed", "cancelled", "ruled"}
CLOSED = {"completed", "cancelled", "expired"}
CASES = [
    ("status=PAID", {"paid", "ruled"}),
    ("status=paid&status=completed", {"paid", "completed", "ruled"}),
    ("status=awaiting", {"waiting", "own"}),
    ("status=in-motion&status=awaiting", {"paid", "waiting", "own", "ruled"}),
    ("status=trouble", {"paid"}),
    ("waits_for=me", {"waiting"}),
    ("waits_for=others", {"own"}),
    ("deadline_within=1", {"waiting"}),
    ("deadline_within=48", {"waiting", "own"}),
    (f"submitted_from={TODAY}&submitted_to={TODAY}", ALL),
    (f"submitted_from={TOMORROW}", set()),
    (f"submitted_to={YESTERDAY}", set()),
    (f"decided_from={TODAY}", DECIDED),
    (f"decided_to={YESTERDAY}", set()),
    (f"decided_from={YESTERDAY}&decided_to={TOMORROW}&decided_by=dana", {"completed"}),
    ("submitted_from=today", ALL),
    ("submitted_to=Yesterday", set()),
    ("submitted_from=6d&submitted_to=today", ALL),
    ("decided_from=today&decided_by=dana", {"completed"}),
    ("closed_from=today", CLOSED),
    (f"closed_from={YESTERDAY}&closed_to={TOMORROW}", CLOSED),
    ("closed_to=1d", set()),
    ("closed_from=today&decided_by=dana", {"completed"}),
    ("rule=Large orders", {"ruled"}),
    ("rule=Large", set()),
    ("rule=Large orders&currency=GBP&payment=CHARGED", {"ruled"}),
    ("currency=usd", {"paid"}),
    ("currency=EUR&total_min=25&total_max=25,00", ALL - {"paid", "ruled"}),
    ("currency=EUR&total_min=25.01", set()),
    ("currency=EUR&total_max=24.99", set()),
    ("customer=zoe@example.ORG", {"waiting"}),
    ("submitted_by=BOB", {"own"}),
    ("decided_by=Dana", {"completed"}),
    ("decided_by=nobody", set()),
    ("channel=CONSOLE", DECIDED),
    ("channel=API", set()),
    ("reason_code=STAFF", {"cancelled"}),
    ("reason_code=APPROVAL_TIMEOUT", {"expired"}),
    ("payment=REFUNDED", {"cancelled"}),
    ("payment=CHARGED", {"paid", "completed", "ruled"}),
    ("refund=SUCCEEDED", {"cancelled"}),
    ("shipment=DISPATCHED", {"completed"}),
    ("tag=%23Gift", {"paid", "completed"}),
    ("tag=gift&status=PAID", {"paid"}),
    ("tag=nothing", set()),
    ("decided_by=bob&payment=CHARGED&currency=USD", {"paid"}),
]


@pytest.mark.parametrize("is_by_index", [False, True], ids=["as it comes", "by the index"])
def test_a_filter_finds_what_it_says(
    orders: dict[str, str], monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests, is_by_index: bool
) -> None:
    if is_by_index:
        monkeypatch.setattr("orders.reading.pages.NEAR_ROWS", 1)
        monkeypatch.setattr("orders.reading.pages.FEW_ROWS", 0)
    for query, expected in CASES:
        with subtests.test(query):
            assert {orders[order_id] for order_id in find(query, username="bob", account_id=7)} == expected


def test_it_goes_with_a_search(orders: dict[str, str]) -> None:
    assert {orders[order_id] for order_id in find("decided_by=bob", "emma")} == {"paid", "cancelled", "ruled"}
    assert find("decided_by=bob", "nobody") == set()


def test_every_filter_has_a_case() -> None:
    assert {name for query, _ in CASES for name in QueryDict(query)} == set(FILTERS)


def test_the_shops_own_reasons_are_filters_too(make_order: MakeOrder) -> None:
    reason = Reason.objects.create(kind="CANCEL", code="STRIKE", words="Strike at the carrier", position=1)
    order = make_order()
    cancel_order(order, actor=Colleague("bob"), reason_code="STRIKE")
    reason.is_active = False
    reason.save()
    assert find("reason_code=strike") == {order.order_id}
    assert [chip.words for chip in read("reason_code=STRIKE").chips] == ["Strike at the carrier"]
    assert read("reason_code=LATE").errors == {"reason_code": "Choose from the list."}


def test_of_several_decisions_the_latest_counts(orders: dict[str, str]) -> None:
    order = Order.objects.get(order_id=next(order_id for order_id, name in orders.items() if name == "completed"))
    assert Channel(order.decision_channel) in Channel
    order.decisions.create(
        decision_id="later-and-refused",
        kind="cancel",
        actor="erin",
        channel="TEMPORAL",
        outcome="TOO_LATE",
        answered_at=timezone.now(),
    )
    assert find("decided_by=erin") == set()
    assert find("decided_by=dana") == {order.order_id}


@pytest.mark.parametrize(
    ("query", "name", "said"),
    [
        ("status=nonsense", "status", "Choose from the list."),
        ("waits_for=bob", "waits_for", "Choose from the list."),
        ("submitted_from=last week", "submitted_from", "year-month-day"),
        ("submitted_from=99999d", "submitted_from", "year-month-day"),
        ("closed_to=²d", "closed_to", "year-month-day"),
        ("submitted_to=9999-12-31", "submitted_to", "Enter a year"),
        ("decided_from=0001-01-01", "decided_from", "Enter a year"),
        ("deadline_within=-1", "deadline_within", "whole number of hours"),
        ("deadline_within=²", "deadline_within", "whole number of hours"),
        ("currency=EURO", "currency", "three letters"),
        ("total_min=5", "total_min", "Choose a currency"),
        ("total_min=5&currency=XXX", "total_min", "three letters"),
        ("total_max=1.500&currency=EUR", "total_max", "ambiguous"),
        ("total_max=x&currency=EUR", "total_max", "digits"),
        (f"customer={'x' * 300}", "customer", "at most"),
        ("payment=%00PAID", "payment", "Choose from the list."),
    ],
)
def test_what_cannot_be_read_narrows_nothing_and_says_why(query: str, name: str, said: str) -> None:
    asked = read(query)
    assert said in asked.errors[name]
    assert name not in dict(asked.values)
    assert name not in {chip.label for chip in asked.chips}
    asked.narrow(Order.objects.all()).count()


@pytest.mark.parametrize("text", ["\x00", "'", "\ud800", "%", "x" * 5000, "🦀"])
@pytest.mark.parametrize("name", FILTERS)
def test_any_text_is_answered(name: str, text: str) -> None:
    query = QueryDict(mutable=True)
    query.setlist(name, [text])
    asked = ListQuery.read(query)
    cut_page(asked.narrow(Order.objects.all()), SORTS["newest"], search=asked.search(None), size=5)


def test_chips_say_in_words_what_is_asked_and_each_can_go() -> None:
    asked = read("status=PAID&status=awaiting&currency=eur&total_min=5&decided_by=dana&submitted_from=2026-11-02")
    chips = {chip.label: chip for chip in asked.chips}
    assert [chip.words for chip in asked.chips if chip.label == "Status"] == ["Paid", "Awaiting approval"]
    assert chips["Total from"].words == "5.00 EUR"
    assert chips["Decided by"].words == "dana"
    assert "2026" in chips["Submitted from"].words
    assert ("decided_by", "dana") not in chips["Decided by"].without.typed
    assert dict(chips["Currency"].without.typed).keys() == {"status", "decided_by", "submitted_from"}
    assert [text for name, text in asked.without("status", "PAID").typed if name == "status"] == ["awaiting"]


def test_a_day_by_how_long_ago_it_is_moves_on_with_the_calendar() -> None:
    asked = read("submitted_from=6d&submitted_to=today&decided_from=yesterday&closed_from=TODAY")
    words = {chip.label: chip.words for chip in asked.chips}
    assert words == {
        "Submitted from": "6 days ago",
        "Submitted to": "today",
        "Decided from": "yesterday",
        "Closed from": "today",
    }
    (day,) = asked.get("submitted_from")
    assert (day.on, ("submitted_from", "6d") in asked.typed) == (TODAY - timedelta(days=6), True)


def test_a_rule_is_found_however_it_is_typed_while_it_is_known() -> None:
    make_rule("Night orders")
    known_rules.forget()
    assert read("rule=night ORDERS").get("rule") == ["Night orders"]
    assert read("rule=gone").get("rule") == ["gone"]


@pytest.mark.parametrize(
    ("query", "sort", "may"),
    [
        ("", "newest", True),
        ("", "oldest", True),
        ("", "largest", False),
        ("currency=EUR", "largest", True),
        ("currency=EUR", "smallest", True),
        ("status=awaiting", "expiring", True),
        ("status=awaiting&status=PAID", "expiring", False),
        ("", "closed", False),
        ("closed_from=today", "closed", True),
        ("status=COMPLETED&status=CANCELLED", "closed", True),
        ("status=COMPLETED&status=PAID", "closed", False),
        ("", "customer_name", False),
    ],
)
def test_a_list_is_sorted_only_by_what_an_index_serves(query: str, sort: str, may: bool) -> None:
    assert read(query).may_sort(sort) is may


@pytest.mark.parametrize("query", ["closed_from=today", "closed_to=today", "closed_from=today&submitted_from=today"])
@pytest.mark.parametrize("near_rows", [1, 3, 250])
def test_orders_that_are_open_have_no_place_among_closed_ones(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch, near_rows: int, query: str
) -> None:
    monkeypatch.setattr("orders.reading.pages.NEAR_ROWS", near_rows)
    closed = [make_order("COMPLETED") for _ in range(2)]
    for _ in range(4):
        make_order("PENDING_MANUAL_APPROVAL")
    asked = read(query)

    page = cut_page(asked.narrow(Order.objects.all()), SORTS["closed"], search=asked.search(None), size=5)

    assert page.rows == closed[::-1]


@pytest.mark.parametrize("sort", ["newest", "oldest", "closed", "largest", "smallest"])
def test_each_sort_turns_pages_both_ways(make_order: MakeOrder, sort: str) -> None:
    for _ in range(5):
        make_order("COMPLETED" if sort == "closed" else "PENDING_MANUAL_APPROVAL")
    orders = read("currency=EUR").narrow(Order.objects.all())
    ordering = SORTS[sort]
    expected = list(orders.order_by(*ordering.order_by()))
    first = cut_page(orders, ordering, size=2)
    second = cut_page(orders, ordering, cursor=first.next, size=2)
    third = cut_page(orders, ordering, cursor=second.next, size=2)
    assert first.rows + second.rows + third.rows == expected
    assert cut_page(orders, ordering, cursor=third.previous, size=2).rows == second.rows
