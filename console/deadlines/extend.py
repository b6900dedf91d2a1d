"""/orders/<order_id>/extend/: having an order wait longer for its decision, on a page of its own."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.interruption import take_up
from console.deadlines.extend_form import ExtendForm
from console.desk.way_back import WayBack
from console.labels import describe_moment
from console.order.facts import find_order
from orders.deadlines.extend import extend_deadline, find_hold, find_latest, find_refusal
from orders.errors import DecisionRefused, OrderInvalid
from orders.models import Order
from orders.permissions import check_may_extend
from orders.postgres.clock import database_now


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def extend(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show the form and take it: 403 for who may not, 422 for what cannot be meant, 409 when it is too late."""
    order = find_order(order_id)
    check_may_extend(request.user, order)
    if request.method != "POST":
        typed = take_up(request)
        return _show(request, order, ExtendForm(order, typed=typed.dict() if typed is not None else None))
    form = ExtendForm(order, request.POST)
    if not form.is_valid():
        return _show(request, order, form, status=422)
    try:
        message = extend_deadline(order, actor=request.user, **form.cleaned_data)
    except OrderInvalid as error:
        form.complain(error)
        return _show(request, order, form, status=422)
    except DecisionRefused as error:
        order = find_order(order_id)
        return _show(request, order, form.renewed(order), refusal=str(error), status=409)
    if (deadline := message.order.approval_deadline) is not None:
        messages.success(request, _("Deadline extended to %(moment)s.") % {"moment": describe_moment(deadline)})
    return redirect(order.get_absolute_url() + WayBack.read(request).suffix)


def _show(
    request: ConsoleRequest, order: Order, form: ExtendForm, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    now = database_now()
    why_not = find_refusal(order, now=now)
    latest, is_held = find_latest(order, find_hold(order))
    context = {
        "heading": _("Extend the deadline"),
        "order": order,
        "now": now,
        "form": form,
        "refusal": refusal or (str(why_not) if why_not is not None else ""),
        "may_change": why_not is None,
        "latest": latest,
        "is_held": is_held,
        "way_back": WayBack.read(request),
    }
    return render_page(request, "deadlines/extend.html", context, status=status)
