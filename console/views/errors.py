"""Pages for what went wrong: a sentence, what to do, and a way on. A fragment gets the sentence alone."""

from http import HTTPStatus

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from console.access import Desk

PLAIN = "text/plain; charset=utf-8"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400. The exception's text may quote what was sent, so it is not shown."""
    return _show(request, HTTPStatus.BAD_REQUEST, "The console could not make sense of this request.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with the sentence that the refusal brought."""
    return _show(request, HTTPStatus.FORBIDDEN, str(exception) or "Your account may not do this.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; a refusal of our own brings a sentence, Django's brings data for debugging."""
    said = exception.args[0] if exception.args else ""
    sentence = said if isinstance(said, str) and said.startswith("There is no order") else "There is no such page."
    return _show(request, HTTPStatus.NOT_FOUND, sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without asking anything of the database, which may be what is broken."""
    if _is_fragment(request):
        return HttpResponse("Something went wrong on the server.", status=500, content_type=PLAIN)
    return HttpResponse(render_to_string("500.html"), status=500)


def _show(request: HttpRequest, status: HTTPStatus, sentence: str) -> HttpResponse:
    if _is_fragment(request):
        return HttpResponse(sentence, status=status, content_type=PLAIN)
    user: User | AnonymousUser = getattr(request, "user", AnonymousUser())
    desk = Desk.of(user) if user.is_authenticated else None
    return render(request, f"{status.value}.html", {"sentence": sentence, "desk": desk}, status=status)


def _is_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asked; a request that failed early has not met its middleware."""
    return bool(getattr(request, "htmx", False))
