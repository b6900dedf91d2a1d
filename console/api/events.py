"""Events: those of an order, and of all orders for programs that would rather ask than be called."""

from typing import Annotated, Final

from django.http import HttpResponse
from ninja import Query, Router

from console.api.answers import answer, problems
from console.api.keys import ApiRequest, BearerKey
from console.api.schemas import EventPage
from orders import permissions
from orders.feed.documents import describe_event
from orders.feed.positions import place_events
from orders.feed.reading import read_feed
from orders.lifecycle.lookup import read_order
from orders.models import ApiKey
from orders.reading.pages import CursorError

router = Router(tags=["events"])
MOST_EVENTS: Final = 1000


READ = BearerKey(ApiKey.Scope.READ)


@router.get("/orders/{order_id}/events", response={200: EventPage, **problems()}, auth=READ)
def list_events_of_order(request: ApiRequest, order_id: str) -> HttpResponse:
    """List what happened to an order, oldest first; of very many events the newest thousand."""
    permissions.check_may_view(request.auth)
    order = read_order(order_id)
    events = reversed(order.events.order_by("-id")[:MOST_EVENTS])
    return answer({"data": [describe_event(event, order.order_id) for event in events], "next_cursor": None})


@router.get("/events", response={200: EventPage, **problems()}, auth=READ)
def list_events(
    request: ApiRequest,
    after: Annotated[str, Query(max_length=20, description="next_cursor of the answer before; empty to begin.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> HttpResponse:
    """List events of all orders after a cursor. None is skipped, and those of an order come in their order.

    An answer without events brings the same cursor again: ask again later.
    """
    permissions.check_may_view(request.auth)
    if after and not (after.isascii() and after.isdigit() and int(after) < 2**63):
        raise CursorError("The cursor cannot be read.")
    place_events()
    entries = read_feed(after=int(after or 0), limit=limit)
    data = [describe_event(entry.event, entry.event.order.order_id) for entry in entries]
    return answer({"data": data, "next_cursor": str(entries[-1].position) if entries else after or "0"})
