"""The page of one order, and the fragment of it that is asked for again and again while the order is open."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from console.access import ConsoleRequest, find_order, needs_view, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.desk.way_back import WayBack
from console.forms import ApproveForm, CancelForm
from console.order.decision_panel import Word, build_decision_panel, payment_of, shipment_of
from console.order.status_panel import build_status_panel
from console.system.engine import describe_engine
from orders.engine.live_status import LiveStatus, get_live_status
from orders.intake.addresses import WRITTEN, write_address
from orders.models import Order
from orders.permissions import may_open_temporal_ui
from orders.postgres.clock import database_now
from orders.states import Outcome

# An order that an outside world in trouble held up for days may have thousands.
MOST_EVENTS: Final = 200
MOST_ATTEMPTS: Final = 20


@require_safe
@needs_view
def show_order(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show the order as the tables remember it; its live status follows in a moment."""
    typed = take_up(request)
    initial = {name: typed.get(name, "") for name in CancelForm.base_fields} if typed is not None else None
    form = CancelForm(initial=initial) if initial is not None else None
    return render_order(request, find_order(order_id), cancel_form=form)


@polled(lambda request: "HX-Request" in request.headers)
@require_safe
@needs_view
def show_status(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show what the workflow says now: 204 when the page shows it already, 286 at the end of the order's life.

    `version` and `seen` say what the page shows. With a new version the page's other facts come along.
    """
    if not request.htmx:
        return redirect(reverse("order-detail", args=[order_id]) + WayBack.read(request).suffix)
    order = find_order(order_id)
    live = get_live_status(order_id) if order.is_open else None
    if live is not None and live.answer is not None and live.answer.status != order.status:
        order = find_order(order_id)  # the row went on while the workflow was asked
    is_new_version = request.GET.get("version") != str(order.version)
    if is_new_version or not order.is_open:
        status = 200 if order.is_open else HTMX_STOP_POLLING
        # What was said after a click stays until the workflow has answered; then the page itself says more.
        is_answered = not order.is_open or not order.decisions.filter(outcome=Outcome.PENDING).exists()
        return render_changes(request, order, live, has_word=is_answered, status=status)
    panel = build_status_panel(order, live, now=database_now(), engine=describe_engine())
    if request.GET.get("seen") == panel.seen:
        return HttpResponse(status=204)
    return render_page(
        request, "order/_status_changes.html", {"order": order, "panel": panel, "way_back": WayBack.read(request)}
    )


def render_changes(
    request: ConsoleRequest,
    order: Order,
    live: LiveStatus | None,
    *,
    word: Word | None = None,
    has_word: bool = True,
    approve_form: ApproveForm | None = None,
    cancel_form: CancelForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render all panels of the page again, for htmx to swap in; without `has_word` the last word stays."""
    now = database_now()
    context = {
        "order": order,
        "panel": build_status_panel(order, live, now=now, engine=describe_engine()),
        **_collect_facts(request, order, now, approve_form=approve_form, cancel_form=cancel_form),
        "word": word,
        "has_word": has_word,
    }
    return render_page(request, "order/_order_changes.html", context, status=status)


def render_order(
    request: ConsoleRequest,
    order: Order,
    *,
    word: Word | None = None,
    approve_form: ApproveForm | None = None,
    cancel_form: CancelForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the whole page, with what became of a decision that was sent without htmx."""
    now = database_now()
    context = {
        "order": order,
        "panel": build_status_panel(order, None, now=now, engine=describe_engine()),
        "lines": order.lines.all(),
        "address_lines": write_address(order.address_country, {name: getattr(order, name) for name in WRITTEN}),
        "run_url": _find_run(order) if may_open_temporal_ui(request.user) else "",
        **_collect_facts(request, order, now, approve_form=approve_form, cancel_form=cancel_form),
        "word": word,
    }
    return render_page(request, "order/order_detail.html", context, status=status)


def _collect_facts(
    request: ConsoleRequest,
    order: Order,
    now: datetime,
    *,
    approve_form: ApproveForm | None,
    cancel_form: CancelForm | None,
) -> dict[str, Any]:
    """Return what a new version of the order may have changed on its page."""
    payment = payment_of(order)
    return {
        "now": now,
        "way_back": WayBack.read(request),
        "decision": build_decision_panel(order, request.user, now=now),
        "approve_form": approve_form or ApproveForm(),
        "cancel_form": cancel_form or CancelForm(),
        "payment": payment,
        "attempts": list(payment.attempts.order_by("-id")[:MOST_ATTEMPTS]) if payment else [],
        "shipment": shipment_of(order),
        "events": list(order.events.order_by("-id")[:MOST_EVENTS]),
        "most_events": MOST_EVENTS,
    }


def _find_run(order: Order) -> str:
    """Return the address of the order's run in the Temporal Web UI, or an empty text where none is set."""
    if not settings.TEMPORAL_UI_URL:
        return ""
    namespace = quote(settings.TEMPORAL_NAMESPACE, safe="")
    return f"{settings.TEMPORAL_UI_URL}/namespaces/{namespace}/workflows/{quote(order.order_id, safe='')}"
