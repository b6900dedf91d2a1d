"""The answer while the database is failing: a 503 with a sentence, keeping what was typed for another attempt.

Nothing here asks the database, or anything that might.
"""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.api.problems import answer_problem, is_api
from orders.postgres.faults import FAULT_SENTENCES, Fault

logger = logging.getLogger(__name__)

PLAIN: Final = "text/plain; charset=utf-8"
RETRY_SECONDS: Final = 5
TOKEN: Final = "csrfmiddlewaretoken"  # noqa: S105 - the name of Django's field
# Fields that no page shows again, and that therefore nobody can send a second time from it.
SECRETS: Final = re.compile(r"password|passphrase|secret|otp|token", re.IGNORECASE)
# Fields that are sent again and tell a person nothing.
HIDDEN: Final = frozenset({"idempotency_key", "intent", "next", "version", "seen"})


HEADINGS: Final[Mapping[Fault, Promise]] = {
    Fault.AWAY: gettext_lazy("The console is unavailable right now"),
    Fault.SILENT: gettext_lazy("The console is unavailable right now"),
    Fault.BUSY: gettext_lazy("The order is busy"),
    Fault.SLOW: gettext_lazy("This took too long"),
    Fault.NOT_WRITABLE: gettext_lazy("Nothing can be saved right now"),
}


def answer_fault(request: HttpRequest, fault: Fault, error: BaseException) -> HttpResponse:
    """Answer 503 with a sentence; the error's own text, which may hold customers' data, goes to nobody."""
    logger.warning(
        "%s %s: the database is %s (%s)", request.method, request.path, fault, type(error.__cause__).__name__
    )
    response = _answer(request, fault)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    # It has been told in one line; Django would tell it again, with a traceback for each request of the outage.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _answer(request: HttpRequest, fault: Fault) -> HttpResponse:
    if is_api(request):
        return answer_problem(HTTPStatus.SERVICE_UNAVAILABLE, fault, str(FAULT_SENTENCES[fault]))
    return _answer_fragment(request, fault) if is_fragment(request) else _answer_page(request, fault)


def is_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asked; a request that failed early has not met its middleware."""
    return bool(request.headers.get("HX-Request") == "true")


def _answer_fragment(request: HttpRequest, fault: Fault) -> HttpResponse:
    sentences = [str(FAULT_SENTENCES[fault])]
    if request.method != "GET":
        sentences.append(_("What you entered is still on this page. Try again in a moment."))
    return HttpResponse(" ".join(sentences), status=HTTPStatus.SERVICE_UNAVAILABLE, content_type=PLAIN)


def _answer_page(request: HttpRequest, fault: Fault) -> HttpResponse:
    fields = _kept_fields(request)
    context = {
        "heading": HEADINGS[fault],
        "sentence": FAULT_SENTENCES[fault],
        "fields": fields,
        "shown": [(_label(name), value) for name, value in fields or () if value and name not in HIDDEN],
        "is_sent": request.method == "POST",
        "address": request.get_full_path(),
    }
    page = render_to_string("503.html", context, request if fields is not None else None)
    return HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE)


def _kept_fields(request: HttpRequest) -> list[tuple[str, str]] | None:
    """Return what was typed, for the page to send again; None where it must not or cannot.

    Only a form that was proven to be ours is offered again, or the page would lend its own proof to anybody's.
    """
    if request.method != "POST" or not getattr(request, "csrf_processing_done", False):
        return None
    try:
        fields = [(name, str(value)) for name, values in request.POST.lists() for value in values if name != TOKEN]
        has_files = bool(request.FILES)
    except (UnreadablePostError, SuspiciousOperation, BadRequest):
        return None
    has_secrets = any(SECRETS.search(name) for name, value in fields)
    return None if has_files or has_secrets else fields


def _label(name: str) -> str:
    """Return a field's name in words, in the reader's language where a form has the same ones."""
    return _(name.rpartition("-")[2].replace("_", " ").capitalize())
