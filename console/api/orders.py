"""Orders: submitted, listed and read."""

import hashlib
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from django.http import HttpResponse, QueryDict
from ninja import Query, Router

from console.api.answers import answer, answer_order, problems
from console.api.idempotency import IdempotencyKey, answer_once
from console.api.keys import ApiRequest, BearerKey
from console.api.problems import QueryRefused
from console.api.schemas import Order as OrderSchema
from console.api.schemas import OrderPage
from orders import permissions
from orders.errors import OrderNotFound
from orders.feed.documents import describe_order, read_document, with_documents
from orders.identifiers import is_order_id
from orders.intake.documents import NewOrder
from orders.intake.submission import submit_order
from orders.listing.filters import FILTERS, Filter
from orders.listing.list_query import SORTS, ListQuery
from orders.models import ApiKey, Order
from orders.reading.pages import LONGEST_CURSOR, Ordering, Search, cut_page
from orders.reading.querysets import NEWEST, read_order_search
from orders.reading.search import LONGEST_SEARCH
from orders.texts import clean_line

router = Router(tags=["orders"])
READ = BearerKey(ApiKey.Scope.READ)


def _describe_filter(each: Filter) -> dict[str, Any]:
    """Return the parameter of a filter for the schema; the query itself is read by ListQuery."""
    text: dict[str, Any] = {"type": "string"}
    if each.choices:
        text["enum"] = ["", *(str(code) for code, _ in each.choices)]
    kind = {"type": "array", "items": text} if each.is_repeatable else text
    return {"name": each.name, "in": "query", "required": False, "description": str(each.label), "schema": kind}


FILTER_PARAMETERS: Final = [_describe_filter(each) for each in FILTERS.values()]


@router.post("/orders", response={201: OrderSchema, **problems()}, auth=BearerKey(ApiKey.Scope.SUBMIT))
def submit(request: ApiRequest, body: NewOrder, idempotency_key: IdempotencyKey) -> HttpResponse:
    """Submit an order. The same request with the same Idempotency-Key makes one order and gets the same answer."""
    return answer_once(request, idempotency_key, partial(_submit, request, body, idempotency_key))


def _submit(request: ApiRequest, body: NewOrder, key: str) -> HttpResponse:
    client = request.auth
    # The order's own key outlives the answer that is kept, and stands in one column with the keys of all shops.
    own_key = f"shop-{client.shop.pk}:{hashlib.sha256(key.encode()).hexdigest()[:40]}"
    order = submit_order(body.to_draft(), actor=client, idempotency_key=own_key, shop=client.shop, sends_now=False)
    location = f"{request.path}/{order.order_id}"
    return answer_order(read_document(order), status=HTTPStatus.CREATED, Location=location)


@router.get(
    "/orders",
    response={200: OrderPage, **problems()},
    auth=READ,
    openapi_extra={"parameters": FILTER_PARAMETERS},
)
def list_orders(
    request: ApiRequest,
    q: Annotated[str, Query(max_length=LONGEST_SEARCH, description="As in the search of the console.")] = "",
    sort: Annotated[str, Query(max_length=20, description=f"One of {', '.join(SORTS)}.")] = NEWEST.name,
    cursor: Annotated[str, Query(max_length=LONGEST_CURSOR, description="next_cursor of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> HttpResponse:
    """List orders, with the filters and sorts of the console's list; the newest first unless asked otherwise."""
    permissions.check_may_view(request.auth)
    query, ordering, search = _read_query(request, q, sort)
    found = with_documents(query.narrow(Order.objects.all()))
    page = cut_page(found, ordering, search=query.search(search), cursor=cursor, size=limit)
    data = [] if page.is_instead else [describe_order(order) for order in page.rows]
    return answer({"data": data, "next_cursor": page.next or None})


@router.get("/orders/{order_id}", response={200: OrderSchema, **problems()}, auth=READ)
def read(request: ApiRequest, order_id: str) -> HttpResponse:
    """Read an order. Its ETag goes into If-Match when it is decided on."""
    permissions.check_may_view(request.auth)
    order = with_documents(Order.objects.filter(order_id=order_id)).first() if is_order_id(order_id) else None
    if order is None:
        raise OrderNotFound(order_id)
    return answer_order(describe_order(order))


def _read_query(request: ApiRequest, text: str, sort: str) -> tuple[ListQuery, Ordering, Search | None]:
    """Return what the list is asked for. Raises QueryRefused for what a page would ignore."""
    client = request.auth
    given: QueryDict = request.GET
    query = ListQuery.read(given, username=client.get_username(), account_id=client.pk)
    errors = dict(query.errors)
    text = clean_line(text)
    search = read_order_search(text) if text else None
    if text and search is None:
        errors["q"] = "There is nothing to search for in it."
    if sort != NEWEST.name and not query.may_sort(sort):
        errors["sort"] = (
            f"Use one of {', '.join(SORTS)}. Deadlines are sorted with status=awaiting alone, totals with a currency."
        )
    if errors:
        raise QueryRefused(errors)
    return query, SORTS[sort], search
