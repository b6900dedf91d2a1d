"""What every response has in common, whichever view or middleware made it: error pages too, and those of the admin."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase

from console.api.problems import is_api
from console.system import errors

FIRST_ERROR = HTTPStatus.BAD_REQUEST
# What only matters to a browser that shows or runs a body. An open page gets twenty answers a minute without one.
OF_BODIES: Final = (
    *("Content-Security-Policy", "Content-Type", "Cross-Origin-Opener-Policy", "Expires", "Referrer-Policy"),
    *("X-Content-Type-Options", "X-Frame-Options"),
)


class ResponseMiddleware:
    """Lets nobody keep an error, and sends no body in answer to HEAD, nor with 204 what is about one.

    It stands outside of all others. A 404 or 405 may be kept by caches unless it says otherwise (RFC 9110, 15.1).
    Django leaves the body of an answer to HEAD for the server to drop, and gunicorn logs a warning for each.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and see to it that the answer is fit to be sent."""
        response = self.get_response(request)
        if response.status_code >= FIRST_ERROR:
            response.headers["Cache-Control"] = "no-store"
        if response.status_code == HTTPStatus.NO_CONTENT:
            for name in OF_BODIES:
                response.headers.pop(name, None)
        if request.method == "HEAD":
            _drop_body(response)
        return response


class MethodMiddleware:
    """Gives a page to the bare refusal of a method, for which Django has no handler. It stands inside of all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and say in words that the address does not take the method."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and (not response.content or is_api(request)):
            return errors.method_not_allowed(request, response)
        return response


def _drop_body(response: HttpResponseBase) -> None:
    """Empty the body; the length that GET would have stays where it is known."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    elif isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
