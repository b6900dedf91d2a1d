"""What review mode shows: one order with all that is to decide by, its place in the queue, and where one goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from console.access import ConsoleRequest, CurrentUser, render_page
from console.accounts.personal_settings import read_settings
from console.fingerprint import fingerprint
from console.forms import CancelForm
from console.order.approvals import build_approval_panel
from console.order.customer_panel import build_customer_panel
from console.order.decision_panel import build_decision_panel
from console.order.effects import describe_approval
from console.order.facts import PageFacts, find_order, read_cancel_reasons, read_page_facts
from console.order.status_panel import build_status_panel
from console.order.timeline import build_timeline
from orders.identifiers import is_order_id
from orders.intake.addresses import WRITTEN, write_address
from orders.models import Order
from orders.overview.places import Place, Step, read_place
from orders.overview.waiting import MOST_LOOKED_AT

MOST_DECIDED: Final = 99_999


@dataclass(frozen=True)
class Said:
    """What is said over the order: what became of the decision before, or of the order that was asked for.

    `tone` is done, waiting or refused; `order_id` is the order that it is about.
    """

    sentence: str
    tone: str
    order_id: str


@dataclass(frozen=True)
class Wanted:
    """Which order is asked for, and how many the person has decided since review mode was opened."""

    step: Step
    beside: str
    decided: int

    def link(self) -> str:
        """Return the address that asks for it."""
        query = {self.step.value: self.beside} if self.step is not Step.FIRST else {}
        decided = {"decided": str(self.decided)} if self.decided else {}
        return reverse("order-review") + (f"?{urlencode(query | decided)}" if query or decided else "")


@dataclass(frozen=True)
class Counter:
    """The place of an order, counted with those that the person has decided: '7 of 23'."""

    number: int
    total: int
    is_cut: bool

    @classmethod
    def of(cls, place: Place, decided: int) -> "Counter":
        """Return the counter for an order at `place`."""
        return cls(decided + place.ahead + 1, decided + place.total, place.total >= MOST_LOOKED_AT)

    def __str__(self) -> str:
        return _("%(number)s of %(total)s") % {
            "number": self.number,
            "total": f"{self.total}{'+' if self.is_cut else ''}",
        }


def find_place(request: ConsoleRequest, wanted: Wanted) -> Place:
    """Return the place of the order that is wanted; going back from the first order stays there."""
    find = partial(read_place, username=request.user.get_username(), account_id=request.user.pk)
    place = find(wanted.step, wanted.beside)
    is_start = wanted.step is Step.BEFORE and not place.order_id and place.total
    return find(Step.FIRST, "") if is_start else place


def render_review(
    request: ConsoleRequest,
    wanted: Wanted,
    *,
    said: Said | None = None,
    cancel_form: CancelForm | None = None,
    typed: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or for htmx the order alone with what is said over it.

    `cancel_form` is one that was sent for the order, and `typed` what somebody had typed into it before.
    """
    place = find_place(request, wanted)
    if wanted.step is Step.AT and place.order_id != wanted.beside and said is None:
        said = Said(_("This order does not wait for you any more."), "waiting", wanted.beside)
    start = Wanted(Step.FIRST, "", wanted.decided)
    context: dict[str, Any] = {
        "said": said,
        "decided": wanted.decided,
        "total": place.total,
        "start_url": start.link(),
        "can_undo": read_settings(request.user).can_undo,
    }
    if place.order_id:
        is_same = place.order_id == wanted.beside
        context |= _describe_order(request, find_order(place.order_id), place, wanted.decided)
        if is_same and (cancel_form is not None or typed is not None):
            form = cancel_form or CancelForm(initial=typed, reasons=read_cancel_reasons(context["order"]))
            context |= {"cancel_form": form, "is_cancelling": True}
    template = "review/_changes.html" if request.htmx else "review/review.html"
    return render_page(request, template, context, status=status)


def _describe_order(request: ConsoleRequest, order: Order, place: Place, decided: int) -> dict[str, Any]:
    facts = read_page_facts(order, request.user, live=None, is_whole=True, finds_next=False)
    return _describe_facts(request, facts) | {
        "order": order,
        "counter": Counter.of(place, decided),
        "cancel_form": CancelForm(reasons=read_cancel_reasons(order)),
        "previous_url": Wanted(Step.BEFORE, order.order_id, decided).link() if place.ahead else "",
        **list_ways(order, decided, version=str(order.version)),
    }


def _describe_facts(request: ConsoleRequest, facts: PageFacts) -> dict[str, Any]:
    order = facts.order
    return {
        "now": facts.status.now,
        "panel": build_status_panel(facts.status),
        "decision": build_decision_panel(facts, request.user),
        "effect": describe_approval(order, facts.payment),
        "approvals": build_approval_panel(order, facts.approvals),
        "lines": facts.lines,
        "customer": build_customer_panel(order, facts.customer) if facts.customer else None,
        "address_lines": write_address(order.address_country, {name: getattr(order, name) for name in WRITTEN}),
        "payment": facts.payment,
        "events": facts.events,
        "timeline": build_timeline(facts.events),
    }


def list_ways(order: Order, decided: int, *, version: str, present: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the addresses of the order, of the next, and of the poll that asks whether there is any news.

    `version` is that of the page; what it has been told since is in `seen`.
    """
    seen = fingerprint((order.version, present))
    query: dict[str, str | int] = {"live": order.order_id, "version": version, "seen": seen}
    query |= {"decided": decided} if decided else {}
    return {
        "here_url": Wanted(Step.AT, order.order_id, decided).link(),
        "next_url": Wanted(Step.AFTER, order.order_id, decided).link(),
        "seen": seen,
        "poll_url": f"{reverse('order-review')}?{urlencode(query)}",
    }


def read_wanted(request: ConsoleRequest) -> Wanted:
    """Read which order is asked for; what cannot be read asks for the first."""
    given = request.POST if request.method == "POST" else request.GET
    decided = read_decided(given.get("decided", ""))
    for step in (Step.AT, Step.AFTER, Step.BEFORE):
        if is_order_id(beside := request.GET.get(step.value, "")):
            return Wanted(step, beside, decided)
    return Wanted(Step.FIRST, "", decided)


def read_decided(text: str) -> int:
    """Return a number of decisions that a page says of itself; anything else is none."""
    return min(int(text), MOST_DECIDED) if text.isascii() and text.isdigit() and len(text) < len("1000000") else 0


def may_review(request: ConsoleRequest) -> bool:
    """Tell whether orders can wait for the person at all."""
    return CurrentUser.of(request.user).may_approve
