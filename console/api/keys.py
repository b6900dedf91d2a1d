"""Who calls: every call brings an API key, whose scopes say what for."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from console.api.problems import Problem
from orders.errors import TooManyCalls
from orders.models import ApiKey
from orders.shops.keys import ApiClient, recognise_key


class ApiRequest(HttpRequest):
    """A call by a known key."""

    auth: ApiClient


class BearerKey(HttpBearer):
    """Takes a key in the header Authorization that has one of these scopes; without any, every valid key."""

    def __init__(self, *scopes: ApiKey.Scope) -> None:
        super().__init__()
        self._scopes = frozenset(scopes)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the client. Raises KeyRefused, TooManyCalls, Problem for a key without the scope."""
        try:
            client = recognise_key(token.strip())
        except TooManyCalls as error:
            _tell_log(request, key=error.key_name)
            raise
        _tell_log(request, key=client.key.name, shop=client.shop.name)
        if self._scopes and self._scopes.isdisjoint(client.key.scopes):
            wanted = " or ".join(sorted(self._scopes))
            raise Problem(HTTPStatus.FORBIDDEN, "scope_missing", f"This call needs a key with the scope {wanted}.")
        return client


def _tell_log(request: HttpRequest, **caller: str) -> None:
    """Keep who calls for the line in the log, also of what is refused."""
    request.api_caller = caller  # type: ignore[attr-defined]
