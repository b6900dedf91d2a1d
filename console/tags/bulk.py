"""A tag added to, or removed from, several orders at once: the ticked ones, or all of a list."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from console.access import ConsoleRequest, needs_view, render_page
from console.desk.bulk import LIST_HAS_GROWN, find_chosen
from console.desk.way_back import WayBack
from console.forms import BulkTagForm
from orders.decisions.tags import MOST_ORDERS, MOST_TAGS, Tagged, tag_orders, untag_orders
from orders.errors import OrderInvalid
from orders.permissions import check_may_tag

VERBS: Final[dict[str, Callable[..., Tagged]]] = {"add": tag_orders, "remove": untag_orders}
MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Asked:
    """The form that asks for the tag, with what it sends again; `query` is the list when all of it was chosen."""

    count: int
    order_ids: list[str]
    query: str | None
    text: str = ""
    error: str = ""
    notice: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def tag_several(request: ConsoleRequest) -> HttpResponse:
    """Tag the orders and go back to the list, which tells how many; without a `deed` the answer asks for the tag.

    403 for who may not decide; 422 for what is no tag, no orders, or too many.
    """
    if request.method != "POST":
        return redirect("order-list")
    check_may_tag(request.user)
    data = request.POST.copy()
    if data.get("ask_all"):
        data["scope"] = "all"
    form = BulkTagForm(data)
    if not form.is_valid():
        if form.is_tampered:
            raise BadRequest("The form has no orders, or asks for something else than a tag.")
        return _show(request, sentence=form.sentence)
    query, deed, text = form.list_query, form.cleaned_data["deed"], form.cleaned_data["tag"]
    try:
        pks = find_chosen(request, query, form.cleaned_data["order_id"], MOST_ORDERS)
    except OrderInvalid as error:
        return _show(request, sentence=str(error))
    asked = Asked(len(pks), form.cleaned_data["order_id"], query, text)
    if not deed:
        return _show(request, asked)
    if query is not None and len(pks) > (form.cleaned_data["confirmed"] or 0):
        notice = " ".join([str(LIST_HAS_GROWN), _("Nothing was changed; check the number again.")])
        return _show(request, replace(asked, notice=notice))
    try:
        done = VERBS[deed](pks, actor=request.user, text=text)
    except OrderInvalid as error:
        return _show(request, replace(asked, error=str(error)))
    _tell(request, done, deed)
    url = WayBack.read(request).url
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _show(request: ConsoleRequest, asked: Asked | None = None, *, sentence: str = "") -> HttpResponse:
    template = "tags/_bulk.html" if request.htmx else "tags/bulk.html"
    context = {"way_back": WayBack.read(request), "sentence": sentence, "asked": asked}
    is_refused = asked is None or asked.error
    return render_page(request, template, context, status=422 if is_refused else 200)


def _tell(request: ConsoleRequest, done: Tagged, deed: str) -> None:
    """Leave the words for the list: how many of how many, and which could not."""
    others = done.total - done.changed - len(done.full)
    sentence = _word_added(done.total, others) if deed == "add" else _word_removed(done.total, others)
    words = {"changed": done.changed, "total": done.total, "tag": done.tag, "others": others}
    messages.success(request, sentence % words)
    if full := len(done.full):
        named = ", ".join(done.full[:MOST_NAMED])
        named = _("%(names)s and others") % {"names": named} if full > MOST_NAMED else named
        sentence = ngettext(
            "%(count)s order has %(most)s tags already, the most that it can have: %(names)s.",
            "%(count)s orders have %(most)s tags already, the most that they can have: %(names)s.",
            full,
        )
        messages.warning(request, sentence % {"count": full, "most": MOST_TAGS, "names": named})


def _word_added(total: int, others: int) -> str:
    if not others:
        return ngettext(
            "Tagged %(changed)s of %(total)s order with %(tag)s.",
            "Tagged %(changed)s of %(total)s orders with %(tag)s.",
            total,
        )
    return ngettext(
        "Tagged %(changed)s of %(total)s order with %(tag)s; %(others)s had it before.",
        "Tagged %(changed)s of %(total)s orders with %(tag)s; %(others)s had it before.",
        total,
    )


def _word_removed(total: int, others: int) -> str:
    if not others:
        return ngettext(
            "Removed the tag %(tag)s from %(changed)s of %(total)s order.",
            "Removed the tag %(tag)s from %(changed)s of %(total)s orders.",
            total,
        )
    return ngettext(
        "Removed the tag %(tag)s from %(changed)s of %(total)s order; %(others)s did not have it.",
        "Removed the tag %(tag)s from %(changed)s of %(total)s orders; %(others)s did not have it.",
        total,
    )
