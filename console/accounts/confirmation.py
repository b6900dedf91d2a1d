"""Asks for the password again before a risky act, so that an unattended browser, or a stolen session, is not enough.

Who has entered it is not asked again for ten minutes. What was typed comes along, except for new passwords.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from console.access import CurrentUser
from console.accounts.access_log import tell_of_refusal
from console.accounts.throttle import is_own_password

CONFIRMED_FOR: Final = timedelta(minutes=10)
CONFIRMED_AT: Final = "password_confirmed_at"
PASSWORD_FIELD: Final = "confirm_password"  # noqa: S105 - the name of a field
METHOD_FIELD: Final = "confirm_method"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

View = Callable[..., HttpResponse]


def asks_first(view: View) -> View:
    """Mark a view whose page is not even shown before the password was entered, because new passwords go into it."""
    view.asks_first = True  # type: ignore[attr-defined]
    return view


def confirmed(view: View) -> View:
    """Guard a view: whatever it changes needs a password that was entered in the last ten minutes."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_safe = request.method in SAFE_METHODS
        if PASSWORD_FIELD in request.POST:
            if not is_own_password(request, request.POST[PASSWORD_FIELD]):
                return _ask(request, complaint=_("This is not your password."), status=422)
            request.session[CONFIRMED_AT] = timezone.now().timestamp()
            if request.POST.get(METHOD_FIELD) == "GET":
                return HttpResponseRedirect(request.get_full_path())
        elif not _is_confirmed(request) and (not is_safe or getattr(view, "asks_first", False)):
            tell_of_refusal(request, "asked for the password again")
            return _ask(request, status=200 if is_safe else 403)
        return view(request, *args, **kwargs)

    return guarded


def _is_confirmed(request: HttpRequest) -> bool:
    age: float = timezone.now().timestamp() - request.session.get(CONFIRMED_AT, 0)
    return 0 <= age < CONFIRMED_FOR.total_seconds()


def _ask(request: HttpRequest, *, complaint: str = "", status: int) -> HttpResponse:
    """Show the page that asks for the password, with the form that was sent inside it."""
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if "password" not in name and name not in {"csrfmiddlewaretoken", METHOD_FIELD}
    ]
    is_safe = request.method in SAFE_METHODS or request.POST.get(METHOD_FIELD) == "GET"
    context = {
        "current_user": CurrentUser.of(request.user),  # type: ignore[arg-type]
        "typed": [] if is_safe else typed,
        "method": "GET" if is_safe else "POST",
        "complaint": complaint,
        "minutes": CONFIRMED_FOR // timedelta(minutes=1),
    }
    response = render(request, "accounts/confirm.html", context, status=status)
    add_never_cache_headers(response)
    return response
