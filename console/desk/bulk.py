"""One decision on several orders: first a preview, then a batch, which decides them in the background."""

from dataclasses import dataclass
from typing import Final

from django.core.exceptions import BadRequest
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from console.access import ConsoleRequest, needs_view, render_page
from console.desk.list_asked import ListAsked
from console.desk.way_back import WayBack
from console.forms import BulkForm
from orders.decisions.batches import MOST_ORDERS, create_batch
from orders.decisions.preview import Preview, preview_decision
from orders.decisions.reasons import Offered, offer_reasons
from orders.errors import OrderInvalid
from orders.labels import Label
from orders.labels.batches import BATCH_RESULT_LABELS
from orders.language import write_number
from orders.models import Order
from orders.permissions import check_is_decider
from orders.states import DecisionKind, ReasonKind

LIST_HAS_GROWN: Final = gettext_lazy("More orders are in this list now.")


@dataclass(frozen=True)
class Confirmation:
    """The preview of a decision, with what its form sends again; `query` is the list when all of it was chosen."""

    kind: DecisionKind
    preview: Preview
    query: str | None
    notice: str = ""
    reasons: tuple[Offered, ...] = ()

    @property
    def is_cancel(self) -> bool:
        """Tell whether the orders would be cancelled, which needs a reason."""
        return self.kind == DecisionKind.CANCEL

    @property
    def order_ids(self) -> tuple[str, ...]:
        """The ids of the ticked orders that can be decided."""
        return () if self.query is not None else self.preview.order_ids

    @property
    def left_out(self) -> list[tuple[Label, int, list[tuple[str, str]]]]:
        """What is skipped: the reason, how many there are, and the first of them with a sentence each."""
        return [(BATCH_RESULT_LABELS[group.result], group.count, group.named) for group in self.preview.left_out]


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def decide_bulk(request: ConsoleRequest) -> HttpResponse:
    """Create a batch of the orders and go to its page; the answer waits for no order and not for Temporal.

    With `ask` or `ask_all` nothing is decided yet: the answer is a preview that asks for confirmation.
    """
    if request.method != "POST":
        return redirect("order-list")
    asked = request.POST.get("ask") or request.POST.get("ask_all") or ""
    data = request.POST.copy()
    if asked:
        data["kind"] = asked
    if request.POST.get("ask_all"):
        data["scope"] = "all"
    form = BulkForm(data)
    if not form.is_valid() and not (asked and form.errors.keys() == {"reason"}):
        if form.is_tampered:
            raise BadRequest("The form has no orders or no decision.")
        return _show(request, sentence=form.sentence)
    kind = DecisionKind(form.cleaned_data["kind"])
    check_is_decider(request.user, kind)
    query = form.list_query
    try:
        pks = find_chosen(request, query, form.cleaned_data["order_id"], MOST_ORDERS)
        if asked:
            return _ask(request, pks, kind, query)
        if query is not None and len(pks) > (form.cleaned_data["confirmed"] or 0):
            notice = " ".join([str(LIST_HAS_GROWN), _("Nothing was decided; check the numbers again.")])
            return _ask(request, pks, kind, query, notice)
        batch = create_batch(
            pks,
            kind,
            actor=request.user,
            reason=form.cleaned_data["reason"],
            reason_code=form.cleaned_data["reason_code"] if kind == DecisionKind.CANCEL else "",
            query=query or "",
        )
    except OrderInvalid as error:
        return _show(request, sentence=str(error))
    url = reverse("batch-detail", args=[batch.batch_id]) + WayBack.read(request).suffix
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def find_chosen(request: ConsoleRequest, query: str | None, order_ids: list[str], most: int) -> list[int]:
    """Return the primary keys of the chosen orders, `most` at most.

    Raises OrderInvalid for more, for none, or for a list that cannot be read.
    """
    if query is None:
        found = Order.objects.filter(order_id__in=order_ids).order_by("pk")
        pks = list(found.values_list("pk", flat=True))
    else:
        asked = ListAsked.read_query(QueryDict(query), request.user)
        if asked.notices:  # without one of its filters the list would be a longer one
            raise OrderInvalid(_("This list cannot be read as it is. %s") % asked.notices[0])
        pks = asked.find_all(most + 1)
    if len(pks) > most:
        sentence = _("This list has more than %(most)s orders. Narrow it by a filter first.")
        raise OrderInvalid(sentence % {"most": write_number(most)})
    if not pks:
        raise OrderInvalid(_("None of these orders exists any more."))
    return pks


def _ask(
    request: ConsoleRequest, pks: list[int], kind: DecisionKind, query: str | None, notice: str = ""
) -> HttpResponse:
    """Show what the decision would come to, and ask for confirmation."""
    preview = preview_decision(pks, kind, actor=request.user)
    reasons = offer_reasons(ReasonKind.CANCEL) if kind == DecisionKind.CANCEL else ()
    return _show(request, confirmation=Confirmation(kind, preview, query, notice, reasons))


def _show(request: ConsoleRequest, *, sentence: str = "", confirmation: Confirmation | None = None) -> HttpResponse:
    template = "desk/_bulk_result.html" if request.htmx else "desk/order_bulk.html"
    context = {"way_back": WayBack.read(request), "sentence": sentence, "confirmation": confirmation}
    return render_page(request, template, context, status=422 if sentence else 200)
