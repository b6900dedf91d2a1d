"""The calls of the API, put together."""

from typing import Final

from django.http import Http404
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from console.api import decisions, events, health, orders, policy
from console.api.refusals import answer_exception

DESCRIPTION: Final = (
    "Orders in, decisions out. Every call brings a key, as Authorization: Bearer ock_… Amounts are integers in the "
    "currency's minor unit, times are RFC 3339 with a zone, errors are problem details (RFC 9457)."
)

api = NinjaAPI(
    title="Order console",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-1",
    docs_url=None,
    openapi_url=None,
)
for module in (orders, decisions, events, policy, health):
    api.add_router("", module.router)
# ninja has handlers of its own for some, which answer in another shape.
for kind in (Exception, Http404, HttpError, ValidationError):
    api.add_exception_handler(kind, answer_exception)
