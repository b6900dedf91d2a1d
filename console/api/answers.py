"""Answers of the API: JSON of documents as they are, with the order's version as its entity tag."""

import json
from http import HTTPStatus
from typing import Annotated, Any, Final

from django.http import HttpResponse
from ninja import Header

from console.api.problems import Problem
from console.api.schemas import Problem as ProblemSchema
from orders.feed.documents import Document
from orders.models import Order

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the order as the caller knows it; 412 when it has changed."),
]
PROBLEM_STATUSES: Final = (400, 401, 403, 404, 405, 409, 412, 413, 422, 429, 500, 503)


def problems(*more: int) -> dict[Any, Any]:
    """Return what every call may answer besides what it is asked for."""
    return {frozenset(PROBLEM_STATUSES) | frozenset(more): ProblemSchema}


def answer(document: Any, *, status: int = HTTPStatus.OK, **headers: str) -> HttpResponse:
    """Return the document as JSON."""
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(content, status=status, content_type="application/json", headers=headers)


def answer_order(document: Document, *, status: int = HTTPStatus.OK, **headers: str) -> HttpResponse:
    """Return an order with its entity tag."""
    return answer(document, status=status, ETag=f'"{document["version"]}"', **headers)


def check_version(order: Order, if_match: str | None) -> None:
    """Raise Problem when the caller decides on another version of a locked order than it is."""
    if if_match is None or if_match.strip() == "*":
        return
    tag = f'"{order.version}"'
    # What compresses an answer marks its tag as a weak one.
    if tag not in {each.strip().removeprefix("W/") for each in if_match.split(",")}:
        sentence = "The order has changed since you read it. Read it again."
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "order_changed", sentence, {"ETag": tag})
