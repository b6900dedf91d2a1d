"""Adding and removing tags of an order."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_view
from console.desk.way_back import WayBack
from console.order.facts import find_order, read_page_facts
from console.order.page import TypedTag, render_order
from orders.decisions.tags import add_tag, remove_tag
from orders.errors import OrderInvalid
from orders.permissions import check_may_tag


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def add(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Add a tag: 403 for who may not decide, 422 for what is no tag or one too many."""
    return _change(request, order_id, add_tag, _("Tagged %(tag)s."))


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def remove(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Remove a tag: 403 for who may not decide, 422 for what is no tag."""
    return _change(request, order_id, remove_tag, _("Tag %(tag)s removed."))


def _change(request: ConsoleRequest, order_id: str, verb: Callable[..., str], done: str) -> HttpResponse:
    """Change the tags and show them, on the page or, with htmx, in its panels."""
    order = find_order(order_id)
    if request.method != "POST":
        return redirect(order.get_absolute_url() + WayBack.read(request).suffix)
    check_may_tag(request.user)
    text = request.POST.get("tag", "")
    try:
        tag = verb(order, actor=request.user, text=text)
    except OrderInvalid as error:
        facts = read_page_facts(order, request.user, live=None, is_whole=not request.htmx)
        return render_order(request, facts, keeps_feedback=True, tag=TypedTag(text, str(error)), status=422)
    if not request.htmx:
        messages.success(request, done % {"tag": tag})
        return redirect(order.get_absolute_url() + WayBack.read(request).suffix)
    facts = read_page_facts(find_order(order_id), request.user, live=None, is_whole=False)
    return render_order(request, facts, keeps_feedback=True, tag=TypedTag())
