"""The admin with the console's own way in and out, and the password asked for again before every change."""

from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.options import TO_FIELD_VAR
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext

from console.accounts.confirmation import confirmed
from console.accounts.sign_in import ConsoleLoginView, sign_out


class ConsoleAdminSite(AdminSite):
    """The admin site, with the console's own pages for signing in and passwords, and its count of failed attempts."""

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Have the password entered again before anything is changed; who may not see the page is not asked."""
        return super().admin_view(view if view == self.logout else confirmed(_readable(view)), cacheable)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the console's own page; who is signed in, but has no place here, is told so instead of asked again."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied(gettext("Your account cannot use the admin. Ask a superuser for access."))
        return ConsoleLoginView.as_view(next_page="admin:index")(request)

    @method_decorator(login_not_required)
    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Lead to the page on which everybody changes their password."""
        return redirect("password")


def _readable(view: Any) -> Any:
    """Refuse an address with what PostgreSQL cannot hold or Django's admin trips over, before the view reads it.

    NUL is in no text of PostgreSQL. `_to_field` names the column by which a row is found, and there is none without a
    name.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        texts = [request.path, *(text for name, values in request.GET.lists() for text in (name, *values))]
        if any("\0" in text for text in texts) or request.GET.get(TO_FIELD_VAR) == "":
            raise BadRequest(gettext("The link contains something the admin cannot read."))
        return view(request, *args, **kwargs)

    return guarded
