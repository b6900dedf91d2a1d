"""Tells the log who signed in and out, who failed to, and what was refused: one line each, without customers' data.

Signing in is heard through Django's signals, because every way in passes there: the console's page, the admin's, and
whatever is added later.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from console.accounts.addresses import client_address
from orders.texts import escape_for_log

logger = logging.getLogger(__name__)

LONGEST_TEXT: Final = 200


def write_line(level: int, event: str, request: HttpRequest, **facts: Any) -> None:
    """Write one line: what happened, to whom, from which address."""
    told = {"address": client_address(request) or "unknown", **facts}
    logger.log(level, "%s %s", event, " ".join(f"{name}={_show(value)}" for name, value in told.items() if value))


def tell_of_refusal(request: HttpRequest, reason: str) -> None:
    """Keep the reason for a 403, for the line that is written once the answer is known."""
    request.refusal = reason  # type: ignore[attr-defined]


def connect() -> None:
    """Listen to signing in and out; to be called once, when the application is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="access-log")
    user_logged_out.connect(_signed_out, dispatch_uid="access-log")
    user_login_failed.connect(_failed, dispatch_uid="access-log")


class RefusalLogMiddleware:
    """Writes a line for every 403, whoever gave it: a view, the admin or the check against forged forms."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, and look at the answer."""
        response = self._get_response(request)
        if response.status_code == 403:
            # Without the query, in which people search for customers.
            facts = {"method": request.method, "path": request.path, "reason": getattr(request, "refusal", "")}
            write_line(logging.WARNING, "refused", request, **describe_account(request), **facts)
        return response


def describe_account(request: HttpRequest) -> dict[str, Any]:
    """Return name and id of who is signed in, for a line of the log."""
    try:
        user: Any = getattr(request, "user", None)
        return {"user": user.get_username(), "account": user.pk} if user is not None else {}
    except DatabaseError:  # a form can be refused while nobody can be looked up
        return {}


def _signed_in(request: HttpRequest, user: Any, **_: Any) -> None:
    write_line(logging.INFO, "signed in", request, user=user.get_username(), account=user.pk)


def _signed_out(request: HttpRequest, user: Any, **_: Any) -> None:
    if user is not None:
        write_line(logging.INFO, "signed out", request, user=user.get_username(), account=user.pk)


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    if request is None or getattr(request, "axes_locked_out", False):
        return  # no browser asked; or the password was not even looked at, which `throttle` tells
    write_line(logging.WARNING, "wrong password", request, user=credentials.get("username"), path=request.path)


def _show(value: Any) -> str:
    """Return a value in one piece: texts from outside in quotes, without what would break a line or a terminal."""
    if not isinstance(value, str):
        return str(value)
    return '"' + escape_for_log(value.replace("\\", "\\\\").replace('"', '\\"'), LONGEST_TEXT) + '"'
