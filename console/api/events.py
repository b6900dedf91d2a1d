"""Events: what happened to an order."""

from typing import Final

from django.http import HttpResponse
from ninja import Router

from console.api.answers import answer, problems
from console.api.keys import ApiRequest, BearerKey
from console.api.schemas import EventPage
from orders import permissions
from orders.feed.documents import describe_event
from orders.lifecycle.lookup import read_order
from orders.models import ApiKey

router = Router(tags=["events"])
MOST_EVENTS: Final = 1000


@router.get("/orders/{order_id}/events", response={200: EventPage, **problems()}, auth=BearerKey(ApiKey.Scope.READ))
def list_events_of_order(request: ApiRequest, order_id: str) -> HttpResponse:
    """List what happened to an order, oldest first; of very many events the newest thousand."""
    permissions.check_may_view(request.auth)
    order = read_order(order_id)
    events = reversed(order.events.order_by("-id")[:MOST_EVENTS])
    return answer({"data": [describe_event(event, order.order_id) for event in events], "next_cursor": None})
