"""Wrong passwords are counted, by account name and network address together; after five, both wait for a while.

django-axes counts them in the database, for all web processes. Because the address belongs to the count, nobody can
lock another person out from elsewhere.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from console.access import CurrentUser
from console.accounts.access_log import write_line
from console.accounts.addresses import throttled_address


class ThrottleBackend(AxesStandaloneBackend):  # type: ignore[misc]
    """Stands before the backend that looks at passwords, and lets nobody through who has to wait."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Raise PermissionDenied for who has to wait; without a request no browser asked."""
        if request is not None:
            super().authenticate(request, **credentials)


@contextmanager
def one_at_a_time(request: HttpRequest | None, name: str) -> Iterator[None]:
    """Have passwords for this account from this address looked at one by one.

    Otherwise as many could be tried at once as there are threads, before the first is counted. An exception would undo
    the count with the transaction, so the caller raises it afterwards.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Five wrong passwords are what one may wait for, and looking at each takes a while on purpose.
        cursor.execute("SET LOCAL lock_timeout = '15s'; SET LOCAL statement_timeout = '20s'")
        key = f"{name}\n{throttled_address(request) if request is not None else None}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        yield


def is_own_password(request: HttpRequest, password: str) -> bool:
    """Tell whether `password` is that of who is signed in; a wrong one counts as one at signing in does."""
    name = request.user.get_username()
    with one_at_a_time(request, name):
        found = authenticate(request, username=name, password=password)
    if found != request.user:
        return False
    AxesProxyHandler.reset_attempts(username=name, ip_address=request.axes_ip_address)  # type: ignore[attr-defined]
    return True


def show_locked(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any]) -> HttpResponse:
    """Answer 429 instead of what the view said, with the time from which it can be tried again."""
    name = credentials.get("username", "")
    until = locked_until(name, request.axes_ip_address)  # type: ignore[attr-defined]
    write_line(logging.WARNING, "locked", request, user=name, path=request.path, until=f"{until:%Y-%m-%dT%H:%M:%SZ}")
    user = request.user
    context = {
        "current_user": CurrentUser.of(user) if isinstance(user, User) else None,
        "until": until,
        "failures": settings.AXES_FAILURE_LIMIT,
    }
    page = render(request, "accounts/locked.html", context, status=429)
    page["Retry-After"] = str(max(1, int((until - timezone.now()).total_seconds()) + 1))
    page["Cache-Control"] = "no-store"
    return page


def locked_until(name: str, address: str | None) -> datetime:
    """Return when so few wrong passwords count that another one may be tried.

    They are counted in one row for each browser; a row counts no more once its last wrong password is old enough.
    """
    now, cool_off = timezone.now(), settings.AXES_COOLOFF_TIME
    rows = AccessAttempt.objects.filter(username=name, ip_address=address, attempt_time__gt=now - cool_off)
    found: list[tuple[datetime, int]] = list(
        rows.order_by("attempt_time").values_list("attempt_time", "failures_since_start")
    )
    count, until = sum(failures for _, failures in found), now
    for attempt_time, failures in found:
        if count < settings.AXES_FAILURE_LIMIT:
            break
        until, count = attempt_time + cool_off, count - failures
    return until
