"""What the domain, the schema or the database refuse, as problems of the API."""

import math
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError, ValidationError

from console.api.problems import Problem, QueryRefused, answer_problem
from console.system.outages import answer_fault
from orders import errors
from orders.feed.documents import write_time
from orders.models import Order
from orders.postgres.faults import find_fault
from orders.reading.pages import CursorError

# What the statuses of refusals are; a class stands for those that come from it. Any other refusal is a conflict.
STATUSES: Final[Mapping[type[errors.OrderError], HTTPStatus]] = {
    errors.OrderNotFound: HTTPStatus.NOT_FOUND,
    errors.KeyRefused: HTTPStatus.UNAUTHORIZED,
    errors.TooManyCalls: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.ApprovalRefused: HTTPStatus.FORBIDDEN,
    errors.OrderInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ReasonMissing: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    CursorError: HTTPStatus.BAD_REQUEST,
}
# The pointers to the fields of an order, by their names in the table.
POINTERS: Final[Mapping[str, str]] = {
    "customer_name": "/customer/name",
    "customer_company": "/customer/company",
    "customer_email": "/customer/email",
    "customer_phone": "/customer/phone",
    "customer_reference": "/customer/reference",
    "address_line": "/shipping_address/line1",
    "address_line2": "/shipping_address/line2",
    "address_postcode": "/shipping_address/postal_code",
    "address_city": "/shipping_address/city",
    "address_state": "/shipping_address/state",
    "address_country": "/shipping_address/country",
}


def answer_refusal(error: errors.OrderError, order: Order | None = None) -> HttpResponse:
    """Answer what the domain refused, by the kind of its error; of a decision with who decided."""
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), HTTPStatus.CONFLICT)
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, errors.KeyReused | errors.NumberUsed) and error.order_id:
        more["order_id"] = error.order_id
    if isinstance(error, errors.DecisionRefused) and order is not None and order.decision:
        more["decision"] = {
            "kind": order.decision,
            "actor": order.decided_by,
            "channel": order.decision_channel,
            "taken_at": write_time(order.decided_at),
        }
    if isinstance(error, errors.TooManyCalls):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_seconds)))
    if isinstance(error, errors.KeyRefused):
        headers["WWW-Authenticate"] = "Bearer"
    return answer_problem(status, name_code(error), str(error), fields=_find_fields(error), headers=headers, **more)


def answer_exception(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Answer whatever was raised; what nobody thought of is raised again, for Django to log."""
    match error:
        case Problem():
            return answer_problem(error.status, error.code, str(error), headers=error.headers)
        case QueryRefused():
            return _answer_query([(f"query:{name}", sentence) for name, sentence in error.errors.items()])
        case errors.OrderError():
            return answer_refusal(error)
        case ValidationError():
            return _answer_shape(error.errors)
        case HttpError() if error.status_code == HTTPStatus.UNAUTHORIZED:
            return answer_refusal(errors.KeyRefused("Send an API key: Authorization: Bearer ock_…"))
        case HttpError():
            return answer_problem(error.status_code, "not_json", "The body is not JSON in UTF-8.")
        case Http404():
            return answer_problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address.")
        case DatabaseError() | InterfaceError() if (fault := find_fault(error)) is not None:
            return answer_fault(request, fault, error)
    raise error


def name_code(error: errors.OrderError) -> str:
    """Return the code of a refusal: the name of its kind, in small letters."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def _find_fields(error: errors.OrderError) -> list[tuple[str, str]]:
    if isinstance(error, errors.ReasonMissing):
        return [("/reason", str(error))]
    if not isinstance(error, errors.OrderInvalid):
        return []
    return [(POINTERS.get(path, f"/{path}"), sentence) for path, sentence in error.fields.items()]


def _answer_shape(found: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """Answer what does not fit the schema: 422 for the body, 400 for the rest of the request."""
    places = [(list(each["loc"]), str(each["msg"])) for each in found]
    fields = [(_point_at(place), f"{sentence}.") for place, sentence in places]
    if any(place[0] != "body" for place, _ in places):
        return _answer_query(fields)
    sentence = "The body does not fit the schema. errors says where."
    return answer_problem(HTTPStatus.UNPROCESSABLE_ENTITY, "schema_mismatch", sentence, fields=fields)


def _answer_query(fields: Sequence[tuple[str, str]]) -> HttpResponse:
    """Answer what is missing or wrong in the address or the headers."""
    names = ", ".join(sorted({pointer.rpartition(":")[2] for pointer, _ in fields}))
    sentence = f"This part of the request is missing or wrong: {names}."
    return answer_problem(HTTPStatus.BAD_REQUEST, "request_invalid", sentence, fields=fields)


def _point_at(place: Sequence[Any]) -> str:
    """Return the pointer to a place in the body, or the name of a header or a parameter with where it belongs."""
    if place[0] != "body":
        return f"{place[0]}:{place[-1]}"
    # The first name is that of the function's argument, which holds the whole body.
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place[2:])
