"""Whether the API works for a key, and what the key is."""

from django.http import HttpResponse
from ninja import Router

from console.api.answers import answer, problems
from console.api.keys import ApiRequest, BearerKey
from console.api.schemas import Health
from console.system.engine import describe_engine

router = Router(tags=["health"])


@router.get("/health", response={200: Health, **problems()}, auth=BearerKey())
def show_health(request: ApiRequest) -> HttpResponse:
    """Tell what the key may do, and why decisions cannot take effect right now, if they cannot."""
    key = request.auth.key
    facts = {"status": "ok", "key": key.name, "shop": key.shop.name, "scopes": key.scopes}
    return answer({**facts, "notice": describe_engine() or None})
