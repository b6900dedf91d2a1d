"""What the page of an order says about its customer: the other orders, and what stands out beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.labels.customers import CUSTOMER_REMARK_LABELS
from orders.models import Order
from orders.overview.customers import MOST_ORDERS, CustomerFacts

MOST_LISTED: Final = 5


@dataclass(frozen=True)
class CustomerPanel:
    """`summary` says which order of the customer this is, `counts` what became of the others; `listed` are the newest.

    `more_url` leads to a list of all where there are more.
    """

    summary: str
    counts: str
    remarks: Sequence[str]
    twins: Sequence[Order]
    listed: Sequence[Order]
    more_url: str


def build_customer_panel(order: Order, facts: CustomerFacts) -> CustomerPanel:
    """Return the panel about the customer of `order`."""
    spent = ", ".join(map(str, facts.spent))
    counts = [
        (facts.open, _("open")),
        (facts.completed, _("completed") + (f" ({spent})" if spent else "")),
        (facts.cancelled, _("cancelled")),
        (facts.declined, _("declined")),
        (facts.refunded, _("refunded")),
    ]
    query = urlencode({"customer": order.customer_email})
    return CustomerPanel(
        summary=_summarise(facts),
        counts=", ".join(f"{count} {words}" for count, words in counts if count),
        remarks=[str(CUSTOMER_REMARK_LABELS[remark]) for remark in facts.remarks],
        twins=facts.twins,
        listed=facts.others[:MOST_LISTED],
        more_url=f"{reverse('order-list')}?{query}" if len(facts.others) > MOST_LISTED else "",
    )


def _summarise(facts: CustomerFacts) -> str:
    if facts.is_cut:
        return _("More than %(count)s other orders of this customer; the latest are counted here.") % {
            "count": MOST_ORDERS - 1
        }
    if not facts.others:
        return _("First order of this customer.")
    if not facts.earlier:
        return ngettext(
            "First order of this customer, who has ordered once since.",
            "First order of this customer, who has ordered %(count)s times since.",
            len(facts.others),
        ) % {"count": len(facts.others)}
    return ngettext(
        "%(count)s order of this customer before this one.",
        "%(count)s orders of this customer before this one.",
        facts.earlier,
    ) % {"count": facts.earlier}
