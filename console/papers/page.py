"""/orders/papers/: order sheets, packing slips and pick lists as PDF, of one order or of a page of the list."""

from collections.abc import Sequence
from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.desk.list_asked import ListAsked
from console.forms import PAGE_SIZE
from console.papers.contents import choose_orders, describe_papers
from console.papers.kinds import KINDS
from console.papers.pdf import NoPdf, make_pdf
from orders.errors import OrderError
from orders.identifiers import is_order_id
from orders.models import Order
from orders.postgres.clock import database_now

MOST_ORDERS: Final = PAGE_SIZE


@require_safe
@needs_view
def show_papers(request: ConsoleRequest) -> HttpResponse:
    """Send a PDF of the orders that `order_id` names, or of the page of the list that the query asks for.

    Without a `kind` a page shows which papers there are.
    """
    if not request.GET.get("kind"):
        return _show_kinds(request)
    kind = KINDS.get(request.GET["kind"])
    if kind is None:
        raise BadRequest("There is no such paper.")
    named = list(dict.fromkeys(filter(is_order_id, request.GET.getlist("order_id"))))
    asked = ListAsked.read(request)
    if len(named) > MOST_ORDERS:
        return _refuse(request, gettext("At most %d orders go into one PDF.") % MOST_ORDERS)
    chosen, left_out = choose_orders(kind, _read_orders(named, asked))
    if not chosen:
        said = gettext("There is nothing to print: no order is in this list, or all of them are cancelled.")
        messages.warning(request, said)
        return redirect(asked.link())
    context = describe_papers(kind, chosen) | {
        "title": kind.label,
        "left_out": left_out
        and ngettext("%d cancelled order is not included.", "%d cancelled orders are not included.", left_out)
        % left_out,
        "printed_at": database_now(),
        "printed_by": request.user.get_username(),
    }
    try:
        pdf = make_pdf(render_to_string(kind.template, context))
    except NoPdf as error:
        return _refuse(request, str(error))
    name = f"{kind.name}-{chosen[0].order_id}" if len(chosen) == 1 else f"{kind.name}-{len(chosen)}-orders"
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


def _show_kinds(request: ConsoleRequest) -> HttpResponse:
    query = request.GET.copy()
    links = []
    for kind in KINDS.values():
        query["kind"] = kind.name
        links.append((kind, f"{request.path}?{query.urlencode()}"))
    named = list(filter(is_order_id, request.GET.getlist("order_id")))
    context = {"links": links, "named": named, "back_url": "" if named else ListAsked.read(request).link()}
    return render_page(request, "papers/choose.html", context)


def _read_orders(named: Sequence[str], asked: ListAsked) -> list[Order]:
    """Return the orders with their lines, in the sequence of the list or of the names."""
    found = Order.objects.select_related("payment", "shipment").prefetch_related("lines")
    if named:
        by_id = {order.order_id: order for order in found.filter(order_id__in=named)}
        return [by_id[order_id] for order_id in named if order_id in by_id]
    try:
        page = asked.cut()
    except OrderError:  # the cursor is an old one
        return []
    by_pk = found.in_bulk([order.pk for order in page.rows])
    return [by_pk[order.pk] for order in page.rows]


def _refuse(request: ConsoleRequest, sentence: str) -> HttpResponse:
    return render_page(request, "papers/refused.html", {"sentence": sentence}, status=503)
