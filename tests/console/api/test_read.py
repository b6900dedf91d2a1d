"""GET /api/v1/orders and one order: the list's query, and an order as it is."""

import pytest

from orders.states import Status
from tests.console.api.calling import ORDERS, Program, pointers
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def test_an_order_is_read_with_all_that_belongs_to_it(make_order: MakeOrder) -> None:
    order = make_order(Status.COMPLETED)
    response = Program("read").get(f"{ORDERS}/{order.order_id}")
    told = response.json()
    assert (response.status_code, response["ETag"]) == (200, f'"{order.version}"')
    assert (told["status"], told["reason_code"], told["version"]) == ("COMPLETED", None, order.version)
    assert told["payment"]["status"] == "CHARGED"
    assert told["shipment"]["tracking_number"]
    assert told["decisions"][0]["actor"] == "bob"
    assert told["refunds"] == []
    assert told["closed_at"].endswith("Z")


def test_a_cancelled_order_tells_why_and_what_was_refunded(make_order: MakeOrder) -> None:
    order = make_order(Status.CANCELLED, cancelled_from=Status.PAID)
    told = Program("read").get(f"{ORDERS}/{order.order_id}").json()
    assert (told["reason_code"], told["reason"]) == ("STAFF", "Customer called")
    assert [(refund["amount"], refund["status"]) for refund in told["refunds"]] == [(2500, "SUCCEEDED")]


def test_pages_follow_one_another(make_order: MakeOrder) -> None:
    orders = [make_order().order_id for _ in range(3)]
    program = Program("read")
    first = program.get(ORDERS, limit=2).json()
    second = program.get(ORDERS, limit=2, cursor=first["next_cursor"]).json()
    assert [each["order_id"] for each in first["data"] + second["data"]] == orders[::-1]
    assert second["next_cursor"] is None


def test_the_filters_of_the_list_narrow_it(make_order: MakeOrder) -> None:
    waiting, done = make_order(), make_order(Status.COMPLETED)
    program = Program("read")

    def ask(**query: str | list[str]) -> list[str]:
        return [each["order_id"] for each in program.get(ORDERS, **query).json()["data"]]

    assert ask(status="awaiting") == [waiting.order_id]
    assert ask(status=["awaiting", "COMPLETED"]) == [done.order_id, waiting.order_id]
    assert ask(q=done.order_id) == [done.order_id]
    assert ask(payment="CHARGED") == [done.order_id]
    assert ask(sort="oldest") == [waiting.order_id, done.order_id]
    assert ask(total_min="25.01", currency="EUR") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": "DONE"}, "query:status"),
        ({"submitted_from": "last week"}, "query:submitted_from"),
        ({"sort": "largest"}, "query:sort"),
        ({"q": "…"}, "query:q"),
        ({"limit": "0"}, "query:limit"),
    ],
)
def test_what_a_query_cannot_mean_is_told(query: dict[str, str], pointer: str) -> None:
    response = Program("read").get(ORDERS, **query)
    assert response.status_code == 400
    assert pointers(response) == [pointer]


@pytest.mark.parametrize("cursor", ["x", "é", "W10", "eyJ9"])
def test_a_cursor_that_is_none_is_told(cursor: str) -> None:
    response = Program("read").get(ORDERS, cursor=cursor)
    assert (response.status_code, response.json()["code"]) == (400, "cursor_error")


def test_a_key_that_may_only_submit_reads_nothing(make_order: MakeOrder) -> None:
    order = make_order()
    program = Program("submit")
    assert program.get(ORDERS).status_code == 403
    assert program.get(f"{ORDERS}/{order.order_id}").status_code == 403
