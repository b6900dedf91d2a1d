"""Retrying, pausing and resuming a step of an order, from its page and from the page of what does not move."""

from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_view
from console.desk.way_back import WayBack
from console.order.facts import find_order, read_page_facts
from console.order.feedback import Feedback
from console.order.page import render_order
from orders.decisions.steps import Deed, steer_step
from orders.engine.live_status import get_live_status
from orders.errors import NotAllowed, OrderError, TemporalAway
from orders.models import Order
from orders.permissions import check_may_steer

# Where a form says that it stands on the page of what does not move, which is shown again then.
STUCK: Final = "stuck"
DONE: Final = {
    Deed.RETRY: gettext_lazy("The next attempt is made now."),
    Deed.PAUSE: gettext_lazy("Paused. The step is not tried again until someone resumes it."),
    Deed.RESUME: gettext_lazy("Resumed. The next attempt is made now."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def steer(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Do to a step what the form says: 403 without permission, 409 where it cannot be done, or Temporal is away."""
    order = find_order(order_id)
    if request.method != "POST":
        return _lead_to(request, order)
    check_may_steer(request.user)
    deed = request.POST.get("deed", "")
    if deed not in set(Deed):
        raise BadRequest
    try:
        steer_step(order, Deed(deed), actor=request.user, step=request.POST.get("step", ""))
    except NotAllowed:
        raise
    except TemporalAway as error:
        advice = _("Nothing was changed. Try again in a moment.")
        return _show(request, order, Feedback(f"{error} {advice}", "refused"))
    except OrderError as error:
        return _show(request, order, Feedback(str(error), "refused"))
    return _show(request, order, Feedback(str(DONE[Deed(deed)]), "done"))


def _show(request: ConsoleRequest, order: Order, feedback: Feedback) -> HttpResponse:
    """Say what is certain, on the page that the form stands on or, with htmx, in the order's panels."""
    is_done, is_of_stuck = feedback.tone == "done", request.POST.get("back") == STUCK
    if is_of_stuck or (is_done and not request.htmx):
        prefix = f"{order.order_id}: " if is_of_stuck else ""
        level = messages.SUCCESS if is_done else messages.WARNING
        messages.add_message(request, level, prefix + feedback.sentence)
        return redirect("order-stuck") if is_of_stuck else _lead_to(request, order)
    live = get_live_status(order.order_id, is_fresh=True)
    facts = read_page_facts(find_order(order.order_id), request.user, live=live, is_whole=not request.htmx)
    return render_order(request, facts, feedback=feedback, status=200 if is_done else 409)


def _lead_to(request: ConsoleRequest, order: Order) -> HttpResponse:
    """Redirect to the order's page, keeping the link back to the list."""
    return redirect(order.get_absolute_url() + WayBack.read(request).suffix)
