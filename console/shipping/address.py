"""Correcting the address of an order, on a page of its own."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.interruption import take_up
from console.desk.way_back import WayBack
from console.order.facts import find_order
from console.shipping.address_form import AddressForm
from orders.errors import AddressKept, OrderInvalid
from orders.intake.addresses import WRITTEN, name_country, write_address
from orders.models import Order
from orders.permissions import check_may_correct_address
from orders.shipping.address import correct_address, find_refusal


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def correct(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show the form and take it: 403 for who may not, 422 for what is no address, 409 when it is too late."""
    order = find_order(order_id)
    check_may_correct_address(request.user, order)
    if request.method != "POST":
        typed = take_up(request)
        return _show(request, order, AddressForm(order, typed=typed.dict() if typed is not None else None))
    form = AddressForm(order, request.POST)
    if not form.is_valid():
        return _show(request, order, form, status=422)
    try:
        seen, reason = form.cleaned_data["seen"], form.cleaned_data["reason"]
        is_new = correct_address(order, actor=request.user, typed=form.address(), seen=seen, reason=reason)
    except OrderInvalid as error:
        form.complain(error)
        return _show(request, order, form, status=422)
    except AddressKept as error:
        order = find_order(order_id)
        return _show(request, order, form.renewed(order), refusal=str(error), status=409)
    if is_new:
        messages.success(request, _("Address corrected. The parcel goes to the new address."))
    else:
        messages.info(request, _("Nothing was changed: this is the address that the order has."))
    return redirect(order.get_absolute_url() + WayBack.read(request).suffix)


def _show(
    request: ConsoleRequest, order: Order, form: AddressForm, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    parts = {name: getattr(order, name) for name in WRITTEN}
    context = {
        "heading": _("Correct the address"),
        "order": order,
        "form": form,
        "refusal": refusal or find_refusal(order, has_shipment=hasattr(order, "shipment")),
        "may_change": not find_refusal(order, has_shipment=hasattr(order, "shipment")),
        "address_lines": write_address(order.address_country, parts),
        "country": name_country(order.address_country),
        "way_back": WayBack.read(request),
    }
    return render_page(request, "shipping/address_form.html", context, status=status)
