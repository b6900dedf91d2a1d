"""Signing in, for the console and the admin alike, and signing out."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy

from console.accounts.interruption import find_page
from console.accounts.throttle import one_at_a_time


class SignInForm(AuthenticationForm):
    """Django's own form, in the console's words."""

    username = UsernameField(
        label=gettext_lazy("User name"),
        max_length=User._meta.get_field("username").max_length,
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy("The user name and password do not match. Check capital letters."),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        password = self.fields["password"]
        password.widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})

    def clean(self) -> dict[str, Any]:
        """Look at the password, and at one only at a time."""
        name, refusal = self.cleaned_data.get("username"), None
        if name is None:
            return self.cleaned_data
        with one_at_a_time(self.request, name):
            try:
                super().clean()
            except ValidationError as error:
                refusal = error
        if refusal is not None:
            raise refusal
        return self.cleaned_data


class ConsoleLoginView(LoginView):
    """Django's own view; who is signed in already is led on, but never back to a page about signing in or out."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_redirect_url(self) -> str:  # type: ignore[override]
        """Return the page that was asked for before, when it is one of ours that can be looked at."""
        return find_page(super().get_redirect_url())

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Keep where to go on, also for a form that is sent to the other address of this page."""
        return super().get_context_data(**context) | {"next": self.get_redirect_url() or self._default_next()}

    def _default_next(self) -> str:
        return resolve_url(self.next_page) if self.next_page else ""


# Somebody who has been signed out and clicks "Sign out" is not asked to sign in first.
sign_out = login_not_required(LogoutView.as_view())
