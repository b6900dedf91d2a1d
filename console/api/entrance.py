"""The way into the API: no session, no cookies, and a line in the log for each call."""

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from time import monotonic
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from console.accounts.access_log import write_line
from console.api.docs import show_docs, show_schema
from console.api.routes import api


def describe_urls() -> list[URLPattern]:
    """Return the addresses below /api/v1/."""
    calls = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in calls:
        pattern.callback = _admit(pattern.callback)
    return [
        path("openapi.json", show_schema, name="api-schema"),
        path("docs", show_docs, name="api-docs"),
        *calls,
    ]


def _admit(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let calls in without signing in, and log each with the key's name, also one that ends in an exception."""

    @wraps(view)
    def admitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        began, status = monotonic(), int(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            response = view(request, *args, **kwargs)
            status = response.status_code
        finally:
            milliseconds = round((monotonic() - began) * 1000)
            told = {"method": request.method, "path": request.path, "status": status, "ms": milliseconds}
            write_line(logging.INFO, "api call", request, **getattr(request, "api_caller", {}), **told)
        response.headers["Cache-Control"] = "no-store"
        return response

    admitted.login_required = False  # type: ignore[attr-defined]
    admitted.csrf_exempt = True  # type: ignore[attr-defined]
    return admitted
