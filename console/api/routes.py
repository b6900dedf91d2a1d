"""The calls of the API, put together."""

from typing import Final

from django.http import Http404
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation

from console.api import decisions, events, health, orders, policy
from console.api.refusals import answer_exception

DESCRIPTION: Final = (
    "Orders in, decisions out. Every call brings a key, as Authorization: Bearer ock_… Amounts are integers in the "
    "currency's minor unit, times are RFC 3339 with a zone, errors are problem details (RFC 9457)."
)


class OrderApi(NinjaAPI):
    """The API, whose calls are named in the schema as generated clients should call them."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the view's name: where it stands in our code is nobody else's business."""
        return operation.view_func.__name__


api = OrderApi(
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
