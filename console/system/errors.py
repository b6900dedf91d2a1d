"""Error pages: what happened, what to do, and a link onwards. A fragment gets only the sentence."""

import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import csrf

from console.access import CurrentUser
from console.accounts.access_log import tell_of_refusal
from console.api.problems import answer_problem, is_api
from console.order.facts import NoSuchOrder
from console.system.outages import PLAIN, answer_fault, is_fragment
from orders.intake.drafts import MOST_LINES
from orders.language import write_number
from orders.postgres.faults import find_fault

# How a program tells apart what every address may answer.
CODES: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.FORBIDDEN: "not_allowed",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}
TOO_LARGE: Final = gettext_lazy(
    "The form is too large, so nothing was saved. An order has at most %(lines)s lines. Take some out and "
    "submit them as another order."
)
TOO_LARGE_FOR_API: Final = "The body is too large, so nothing was saved. It may have 10 MiB."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 for a form that is too large. The exception may quote what was sent: its text is not shown."""
    if isinstance(exception, TooManyFieldsSent | RequestDataTooBig):
        sentence = TOO_LARGE_FOR_API if is_api(request) else str(TOO_LARGE) % {"lines": write_number(MOST_LINES)}
        return _show(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    return _show(request, HTTPStatus.BAD_REQUEST, _("The console could not read this request."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with the refusal's own sentence."""
    tell_of_refusal(request, str(exception))
    return _show(request, HTTPStatus.FORBIDDEN, str(exception) or _("Your account is not allowed to do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form that may have been forged. The log has the reason; the page says what to do."""
    tell_of_refusal(request, reason)
    return csrf.csrf_failure(request, reason=reason)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; a refusal of our own brings a sentence, Django's brings data for debugging."""
    sentence = str(exception) if isinstance(exception, NoSuchOrder) else _("This page does not exist.")
    return _show(request, HTTPStatus.NOT_FOUND, sentence)


def method_not_allowed(request: HttpRequest, refusal: HttpResponse) -> HttpResponse:
    """Answer 405 like the bare refusal of a view, with a page that says so."""
    response = _show(request, HTTPStatus.METHOD_NOT_ALLOWED, _("This address does not accept that kind of request."))
    response.headers["Allow"] = refusal.headers["Allow"]
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 where the database is at fault, without asking anything of the database."""
    error = sys.exception()
    fault = find_fault(error) if error is not None else None
    if error is not None and fault is not None:
        return answer_fault(request, fault, error)
    if is_api(request):
        sentence = "Something went wrong on the server. With the same Idempotency-Key it is safe to try again."
        return answer_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", sentence)
    if is_fragment(request):
        return HttpResponse(_("Something went wrong on the server."), status=500, content_type=PLAIN)
    return HttpResponse(render_to_string("500.html"), status=500)


def _show(request: HttpRequest, status: HTTPStatus, sentence: str) -> HttpResponse:
    if is_api(request):
        return answer_problem(status, CODES[status], sentence)
    if is_fragment(request):
        return HttpResponse(sentence, status=status, content_type=PLAIN)
    user: User | AnonymousUser = getattr(request, "user", AnonymousUser())
    current_user = CurrentUser.of(user) if user.is_authenticated else None
    return render(request, f"{status.value}.html", {"sentence": sentence, "current_user": current_user}, status=status)
