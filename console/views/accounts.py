"""Signing in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest


class SignInForm(AuthenticationForm):
    """Django's own form, in the console's words."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "User name and password do not belong together. Mind capital letters.",
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = "User name"
        password = self.fields["password"]
        password.widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})


class ConsoleLoginView(LoginView):
    """Django's own view; who is signed in already is led on."""

    authentication_form = SignInForm
    redirect_authenticated_user = True
