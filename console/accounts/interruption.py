"""What a person had typed, or wanted to decide, when the session ended: kept, but never sent automatically.

A form that arrives without a session is put into the session of the sign-in page. After signing in, the page that the
form stood on shows it again; nothing is submitted or decided until the person does so.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

KEPT: Final = "interrupted"
# A form of a thousand lines has some 100 kB; a larger one is not kept.
MOST_BYTES: Final = 400_000
NOT_KEPT: Final = ("csrfmiddlewaretoken",)
# Addresses that only take what a form sends, each with the page of the form.
PAGES: Final = {
    "order-bulk": "order-list",
    "notice-read": "notice-list",
    "batch-change": "batch-detail",
    "import-change": "import-detail",
    "schedule-change": "schedule-edit",
}
# Under this name what was typed tells which form it is of: the name of the address that it was sent to.
FORM: Final = "interrupted_form"
DECISIONS: Final = frozenset(
    {
        "order-approve",
        "order-cancel",
        "order-refund",
        "order-withdraw",
        "comment-add",
        "tag-add",
        "tag-remove",
        "order-step",
    }
)
SENTENCES: Final[Mapping[str, Promise]] = {
    "order-approve": gettext_lazy("You were signed out and your decision was not saved."),
    "order-cancel": gettext_lazy(
        "You were signed out and your decision was not saved. Your reason is still in the form."
    ),
    "order-withdraw": gettext_lazy(
        "You were signed out and the order was not withdrawn. Your reason is still in the form."
    ),
    "order-address": gettext_lazy(
        "You were signed out and the address was not corrected. What you typed is still in the form."
    ),
    "order-extend": gettext_lazy(
        "You were signed out and the deadline was not extended. What you typed is still in the form."
    ),
    "order-refund": gettext_lazy("You were signed out and nothing was refunded. What you typed is still in the form."),
    "order-step": gettext_lazy("You were signed out and the step was left as it is."),
    "comment-add": gettext_lazy(
        "You were signed out and your comment was not added. What you typed is still in the form."
    ),
    "comment-edit": gettext_lazy(
        "You were signed out and your comment was not saved. What you typed is still in the form."
    ),
    "order-bulk": gettext_lazy("You were signed out and your decisions were not saved."),
    "order-review": gettext_lazy(
        "You were signed out and your decision was not saved. Your reason is still in the form."
    ),
    "schedule-create": gettext_lazy(
        "You were signed out and nothing was scheduled. What you typed is still in the form."
    ),
    "schedule-edit": gettext_lazy("You were signed out and nothing was changed. What you typed is still in the form."),
    "order-create": gettext_lazy("You were signed out and the order was not submitted. What you typed is still here."),
}
OTHERWISE: Final = gettext_lazy("You were signed out and what you sent was not saved.")


def find_page(path: str) -> str:
    """Return the page to go on with for somebody who asked for `path`: the order of a decision, the list of several.

    Empty for pages about signing in and out, which lead nowhere. A path that is no page of ours stays as it is.
    """
    parts = urlsplit(path)
    try:
        match = resolve(parts.path)
    except Resolver404:  # let the page say that it is not there
        return path
    if match.url_name in {"login", "logout"}:
        return ""
    page = _page_of(match)
    # The page of an order takes the same query as a decision on it: the way back to the list.
    return f"{page}?{parts.query}" if page and parts.query and match.url_name in DECISIONS else page or path


def interrupt(request: HttpRequest) -> str:
    """Keep what was sent without a session, say so on the next page, and return the page to go on with."""
    page = find_page(request.get_full_path()) or "/"
    name = resolve(request.path).url_name or ""
    fields = request.POST.copy()
    for field in NOT_KEPT:
        fields.pop(field, None)
    fields[FORM] = name
    encoded = fields.urlencode()
    is_kept = len(encoded) <= MOST_BYTES
    request.session[KEPT] = {"page": urlsplit(page).path, "fields": encoded if is_kept else ""}
    messages.warning(request, _describe(name if is_kept else ""))
    return page


def take_up(request: HttpRequest) -> QueryDict | None:
    """Return the form that was interrupted on this page, once, and say so; None where there was none."""
    kept = request.session.get(KEPT)
    if not kept or kept["page"] != request.path:
        return None
    del request.session[KEPT]
    fields = QueryDict(kept["fields"])
    messages.warning(request, _describe(fields.get(FORM, "")))
    return fields


def _describe(name: str) -> str:
    """Say what was not done; `name` is that of the address that the form was sent to, empty where it is not kept."""
    return str(SENTENCES.get(name, OTHERWISE))


def _page_of(match: ResolverMatch) -> str:
    if match.url_name in DECISIONS:
        return reverse("order-detail", kwargs=match.kwargs)
    return reverse(PAGES[match.url_name], kwargs=match.kwargs) if match.url_name in PAGES else ""
