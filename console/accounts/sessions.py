"""How long a session lasts: 12 hours at most, and 30 minutes without a sign of life from the person.

A page that polls for changes does not count as activity: see `polled`.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from console.accounts.access_log import write_line
from console.accounts.session_store import SessionStore

LONGEST_SESSION: Final = timedelta(hours=12)
LONGEST_IDLE: Final = timedelta(minutes=30)
# A sign of life is written down at most this often, because each costs a write.
ACTIVITY_RESOLUTION: Final = timedelta(seconds=30)
SIGNED_IN_AT: Final = "signed_in_at"
LAST_ACTIVE_AT: Final = "last_active_at"

View = TypeVar("View", bound=Callable[..., Any])


class SessionLimitMiddleware(AuthenticationMiddleware):
    """Django's own, but a session that has lasted too long, or whose account is gone or inactive, is nobody's."""

    def process_request(self, request: HttpRequest) -> None:
        """Have `request.user` looked up when it is first asked for, so that public pages need no database."""
        super().process_request(request)
        request.user = SimpleLazyObject(partial(_find_user, request))  # type: ignore[assignment]


def polled(is_poll: Callable[[HttpRequest], bool]) -> Callable[[View], View]:
    """Mark a view that pages ask again and again; `is_poll` tells such a request from a person's."""

    def mark(view: View) -> View:
        view.is_poll = is_poll  # type: ignore[attr-defined]
        return view

    return mark


def note_activity(request: HttpRequest, view: Callable[..., Any]) -> None:
    """Record that the person is active, unless the page is only polling."""
    is_poll = getattr(view, "is_poll", None)
    if is_poll is not None and is_poll(request):
        return
    now = timezone.now().timestamp()
    if now - request.session.get(LAST_ACTIVE_AT, 0) < ACTIVITY_RESOLUTION.total_seconds():
        return
    request.session.setdefault(SIGNED_IN_AT, now)
    request.session[LAST_ACTIVE_AT] = now
    # Saved here instead of after the answer: a page can be read although the database takes no changes, or although the
    # person signs out in another tab at this very moment.
    with suppress(UpdateError):
        request.session.save()
    request.session.modified = False


def end_sessions_of(user: User) -> None:
    """End every session of the account; there is no index for that, but no more sessions than people either."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def start_session(request: HttpRequest, **_: Any) -> None:
    """Note when a session began, and remove those that ended long ago; listens to signing in."""
    now = timezone.now()
    request.session[SIGNED_IN_AT] = request.session[LAST_ACTIVE_AT] = now.timestamp()
    Session.objects.filter(expire_date__lt=now).delete()


def connect() -> None:
    """Listen to signing in; to be called once, when the application is ready."""
    user_logged_in.connect(start_session, dispatch_uid="session-limits")


def _find_user(request: HttpRequest) -> User | AnonymousUser:
    if (known := getattr(request, "_limited_user", None)) is None:
        known = request._limited_user = _look_up(request)  # type: ignore[attr-defined]
    return known


def _look_up(request: HttpRequest) -> User | AnonymousUser:
    user: User | AnonymousUser = _find_account(request) or get_user(request)
    if not user.is_authenticated:
        if SESSION_KEY in request.session:  # the account was deactivated; the session does not come back with it
            request.session.flush()
        return user
    if ended := _why_ended(request):
        reason, sentence = ended
        write_line(logging.INFO, "signed out", request, user=user.get_username(), account=user.pk, reason=reason)
        request.session.flush()
        messages.info(request, sentence, fail_silently=True)
        return AnonymousUser()
    return user


def _find_account(request: HttpRequest) -> User | None:
    """Return the account that came along with the session; None where Django itself has to look."""
    session = request.session
    return session.find_account() if isinstance(session, SessionStore) else None


def _why_ended(request: HttpRequest) -> tuple[str, str] | None:
    """Return why the session is over, for the log and for the person; None while it goes on."""
    now = timezone.now().timestamp()
    if now - request.session.get(SIGNED_IN_AT, now) >= LONGEST_SESSION.total_seconds():
        hours = LONGEST_SESSION // timedelta(hours=1)
        sentence = _("You were signed out: a session lasts at most %(hours)d hours. Sign in to continue.")
        return f"a session lasts at most {hours} hours", sentence % {"hours": hours}
    if now - request.session.get(LAST_ACTIVE_AT, now) >= LONGEST_IDLE.total_seconds():
        minutes = LONGEST_IDLE // timedelta(minutes=1)
        sentence = _("You were signed out: you were inactive for %(minutes)d minutes. Sign in to continue.")
        return f"you were inactive for {minutes} minutes", sentence % {"minutes": minutes}
    return None
