"""Renders the page of one order, or the panels of it that may have changed."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from console.access import ConsoleRequest, render_page
from console.comments.forms import CommentForm
from console.desk.way_back import WayBack
from console.forms import ApproveForm, CancelForm, WithdrawForm
from console.order.approvals import build_approval_panel
from console.order.customer_panel import build_customer_panel
from console.order.decision_panel import build_decision_panel
from console.order.facts import MOST_EVENTS, PageFacts, read_cancel_reasons
from console.order.feedback import Feedback
from console.order.refund_form import RefundForm
from console.order.refund_panel import build_refund_panel
from console.order.status_panel import build_status_panel
from console.order.timeline import build_timeline
from orders.decisions.reasons import Offered
from orders.intake.addresses import WRITTEN, write_address
from orders.models import Order
from orders.permissions import may_comment, may_correct_address, may_open_temporal_ui, may_steer, may_tag
from orders.shipping.address import find_refusal
from orders.shipping.label import has_label
from orders.shipping.partners.registry import find_tracking_url

# Some 3 kB each, in each process.
MOST_KEPT: Final = 100


@dataclass(frozen=True)
class TypedTag:
    """What somebody typed as a tag, and what is wrong with it."""

    text: str = ""
    error: str = ""


def render_order(
    request: ConsoleRequest,
    facts: PageFacts,
    *,
    feedback: Feedback | None = None,
    keeps_feedback: bool = False,
    approve_form: ApproveForm | None = None,
    cancel_form: CancelForm | None = None,
    withdraw_form: WithdrawForm | None = None,
    refund_form: RefundForm | None = None,
    refund_effect: str = "",
    is_refund_done: bool = False,
    comment_form: CommentForm | None = None,
    comment_feedback: str = "",
    tag: TypedTag | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or its panels for htmx to swap in where the facts are not those of a whole page.

    `feedback` tells what became of a decision; with `keeps_feedback` what the page says of the last one stays.
    The form of a refund that is open stays as it is, unless this is the answer to it; so does that of a comment.
    """
    order, refunds = facts.order, build_refund_panel(facts, request.user)
    reasons, decision = read_cancel_reasons(order), build_decision_panel(facts, request.user)
    context = {
        "order": order,
        "now": facts.status.now,
        "way_back": WayBack.read(request),
        "panel": build_status_panel(facts.status),
        "decision": decision,
        "approvals": build_approval_panel(order, facts.approvals),
        "approve_form": approve_form or ApproveForm(is_own_order=decision.needs_reason),
        "is_approve_form_open": approve_form is not None,
        "withdraw_form": withdraw_form or WithdrawForm(),
        "is_withdraw_form_open": withdraw_form is not None,
        "cancel_form": cancel_form,
        "cancel_fields": _render_fields(cancel_form) if cancel_form else _render_empty_fields(get_language(), reasons),
        "proposes_texts": any(reason.customer_text for reason in reasons),
        "address_lines": write_address(order.address_country, {name: getattr(order, name) for name in WRITTEN}),
        "may_correct_address": may_correct_address(request.user, order)
        and not find_refusal(order, has_shipment=facts.shipment is not None),
        "payment": facts.payment,
        "refunds": refunds,
        "refund_form": refund_form,
        "effect": refund_effect,
        "keeps_refund_form": not is_refund_done and (refund_form is None or not refund_form.is_bound),
        "attempts": facts.attempts,
        "shipment": facts.shipment,
        "tracking_url": find_tracking_url(facts.shipment.carrier, facts.shipment.tracking_number)
        if facts.shipment is not None
        else "",
        "has_label": has_label(facts.shipment),
        "events": facts.events,
        "timeline": build_timeline(facts.events, request.user),
        "tags": vars(order)["tag_names"],
        "may_tag": may_tag(request.user),
        "may_steer": may_steer(request.user),
        "typed_tag": tag,
        "comment_form": comment_form,
        "comment_feedback": comment_feedback,
        "most_events": MOST_EVENTS,
        "feedback": feedback,
        "keeps_feedback": keeps_feedback,
    }
    if facts.lines is None or facts.customer is None:
        return render_page(request, "order/_order_changes.html", context, status=status)
    if may_comment(request.user):
        context["comment_form"] = comment_form or CommentForm()
    context |= {
        "lines": facts.lines,
        "customer": build_customer_panel(order, facts.customer),
        "run_url": _find_run(order) if may_open_temporal_ui(request.user) else "",
    }
    return render_page(request, "order/order_detail.html", context, status=status)


def _render_fields(form: CancelForm) -> SafeString:
    return render_to_string("order/_cancel_fields.html", {"form": form})


@lru_cache(MOST_KEPT)
def _render_empty_fields(language: str | None, reasons: tuple[Offered, ...]) -> SafeString:
    """Return the fields that nobody has filled in, in a language: on every page the same, unless a text names it."""
    return _render_fields(CancelForm(reasons=reasons))


def _find_run(order: Order) -> str:
    """Return the address of the order's run in the Temporal Web UI, or an empty text where none is set."""
    if not settings.TEMPORAL_UI_URL:
        return ""
    namespace = quote(settings.TEMPORAL_NAMESPACE, safe="")
    return f"{settings.TEMPORAL_UI_URL}/namespaces/{namespace}/workflows/{quote(order.order_id, safe='')}"
