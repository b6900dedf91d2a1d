"""/accounts/password/: everybody changes their own password."""

import logging
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.access import CurrentUser
from console.accounts.access_log import describe_account, write_line
from console.accounts.throttle import is_own_password


class OwnPasswordForm(PasswordChangeForm):
    """Django's own form, in the console's words; a wrong current password counts as one at signing in does."""

    error_messages = {
        **PasswordChangeForm.error_messages,
        "password_mismatch": gettext_lazy("The two new passwords do not match."),
        "password_incorrect": gettext_lazy("This is not your current password."),
    }

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        labels = {
            "old_password": _("Current password"),
            "new_password1": _("New password"),
            "new_password2": _("Repeat the new password"),
        }
        for name, label in labels.items():
            self.fields[name].label = label

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if not is_own_password(self._request, password):
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return password

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("old_password") and cleaned.get("old_password") == cleaned.get("new_password1"):
            self.add_error("new_password1", _("This is your current password. Choose a different one."))
        return cleaned


class OwnPasswordView(PasswordChangeView):
    """Changes the password, signs every other session of the account out, and says so."""

    form_class = OwnPasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("password")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Hand the request to the form, for the count of wrong passwords."""
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {
            "current_user": CurrentUser.of(cast(User, self.request.user)),
            "place": "password",
        }

    def form_valid(self, form: Any) -> HttpResponse:
        """Change the password; this session goes on, all others end."""
        response = super().form_valid(form)
        write_line(logging.INFO, "password changed", self.request, **describe_account(self.request))
        messages.success(self.request, _("Your password was changed. You were signed out everywhere else."))
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)
