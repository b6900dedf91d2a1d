"""Who gets in: signing in, the right to a page, and the frame that every page has."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Final, ParamSpec

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from console.accounts.interruption import interrupt
from console.accounts.personal_settings import read_settings
from console.accounts.sessions import note_activity
from console.labels import describe_role
from console.system.engine import describe_engine
from orders import permissions
from orders.errors import NotAllowed
from orders.permissions import Actor
from orders.states import DecisionKind

P = ParamSpec("P")

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS", "TRACE")
SIGNED_OUT: Final = gettext_lazy("You are signed out. Sign in again in another tab; what you typed here is kept.")


class ConsoleRequest(HttpRequest):
    """A request by a signed-in user, as every view except the public ones gets it."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True)
class CurrentUser:
    """What every page shows about the signed-in user, and what they may do."""

    username: str
    role: str
    may_view: bool
    may_submit: bool
    may_approve: bool
    may_cancel: bool
    is_staff: bool
    density: str
    time_zone: str

    @classmethod
    def of(cls, user: User) -> "CurrentUser":
        personal = read_settings(user)
        return cls(
            username=user.get_username(),
            role=describe_role(user),
            may_view=permissions.may_view(user),
            may_submit=permissions.may_submit(user),
            may_approve=permissions.may_decide(user, DecisionKind.APPROVE),
            may_cancel=permissions.may_decide(user, DecisionKind.CANCEL),
            is_staff=user.is_staff,
            density=personal.density,
            time_zone=personal.time_zone,
        )


class SignInMiddleware(LoginRequiredMiddleware):
    """Requires signing in everywhere except in public views.

    Unlike Django's own, it does not read the session for a public view, so probes are answered while the database is
    away; and what someone had typed when their session ended is not lost.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> Any:
        """Let public views and signed-in users through, and record the user's activity."""
        if not getattr(view_func, "login_required", True):
            return None
        if request.user.is_authenticated:
            note_activity(request, view_func)
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> Any:
        """Redirect to signing in and keep what was sent; an htmx request gets a 401, so the open page stays."""
        if getattr(request, "htmx", False):
            is_read = request.method in SAFE_METHODS
            sentences = [SIGNED_OUT] if is_read else [SIGNED_OUT, _("Nothing was saved, so try again afterwards.")]
            sentence = " ".join(map(str, sentences))
            return HttpResponse(sentence, status=HTTPStatus.UNAUTHORIZED, content_type="text/plain; charset=utf-8")
        if request.method not in SAFE_METHODS:
            return redirect_to_login(interrupt(request))
        return super().handle_no_permission(request, view_func)


def needs(
    check: Callable[[Actor], None],
) -> Callable[
    [Callable[Concatenate[ConsoleRequest, P], HttpResponse]], Callable[Concatenate[ConsoleRequest, P], HttpResponse]
]:
    """Refuse a view with 403 where `check`, or what the view does, is NotAllowed; its pages are never cached."""

    def decorate(
        view: Callable[Concatenate[ConsoleRequest, P], HttpResponse],
    ) -> Callable[Concatenate[ConsoleRequest, P], HttpResponse]:
        @never_cache
        @wraps(view)
        def guarded(request: ConsoleRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                check(request.user)
                response = view(request, *args, **kwargs)
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error
            patch_vary_headers(response, ["HX-Request"])
            return response

        return guarded

    return decorate


needs_view = needs(permissions.check_may_view)
needs_submit = needs(permissions.check_may_submit)
# For what is a person's own: to be signed in is enough.
needs_account = needs(lambda actor: None)


def render_page(
    request: ConsoleRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page or a fragment with the current user and the state of the engine."""
    place = request.resolver_match.url_name if request.resolver_match else ""
    frame = {"current_user": CurrentUser.of(request.user), "place": place, "engine": describe_engine()}
    return render(request, template, {**frame, **(context or {})}, status=status)
