"""Which language a page speaks: the one that a person chose, else the one that their browser asks for.

Programs are answered in English, whatever they ask for: what the API, webhooks and probes say does not change.
"""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from console.accounts.personal_settings import read_settings
from console.known_texts import keep_texts

# Where programs ask.
IN_ENGLISH: Final = ("/api/", "/webhooks/", "/health/")


class LanguageMiddleware:
    """Gives each answer its language, and no other: the thread has its own again afterwards.

    Pages that ask nobody who they are, as signing in or an address that leads nowhere, follow the browser.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the language of the browser, until it is known who asks."""
        if request.path.startswith(IN_ENGLISH):
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        language = translation.get_language_from_request(request)
        keep_texts(language)
        with translation.override(language):
            response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["Accept-Language"])
        return response

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> None:
        """Go on in the language that the person chose; a public page does not ask who it is."""
        is_public = not getattr(view_func, "login_required", True)
        if is_public or request.path.startswith(IN_ENGLISH) or not request.user.is_authenticated:
            return
        if language := read_settings(request.user).language:
            keep_texts(language)
            translation.activate(language)
