"""Errors of the API as problem details (RFC 9457): a code for programs, a sentence for people, and where it is."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "/api/"


class Problem(Exception):
    """A refusal that the API itself has to tell; `headers` go along with it."""

    def __init__(self, status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class QueryRefused(Exception):
    """Parameters of a query that cannot be read, each with a sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__()
        self.errors = dict(errors)


def is_api(request: HttpRequest) -> bool:
    """Tell whether a program asks, who can make nothing of a page."""
    return request.path.startswith(PREFIX)


def answer_problem(
    status: int,
    code: str,
    sentence: str,
    *,
    fields: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """Return the answer; `fields` are pointers (RFC 6901) into what was sent, each with a sentence."""
    facts: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": sentence,
    }
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in fields]
    if errors:
        facts["errors"] = errors
    response = HttpResponse(json.dumps(facts | more), status=status, content_type=MEDIA_TYPE, headers=headers)
    # Each call stands in the log already; Django would tell of it once more.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
