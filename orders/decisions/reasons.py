"""The reasons that people choose from, as the shop has written them; the list is edited in the admin."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, JSONField
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid
from orders.models import Order, Reason
from orders.states import ReasonKind
from orders.texts import clean_text

# The code of a reason that is told in the text beside it. It is always there, also where the list has no such line.
OTHER: Final = "OTHER"
OTHER_WORDS: Final = "Other"
# In one pass, so that a customer's name with such a place in it stays a name.
_PLACE: Final = re.compile(r"\{(?:customer|order|total)\}")


class Offered(NamedTuple):
    """A reason that may be chosen; `customer_text` is what it proposes to tell the customer, with its places."""

    code: str
    words: str
    customer_text: str = ""


def list_reasons(kind: ReasonKind) -> list[Reason]:
    """Return the reasons that may be chosen, in the order of the list."""
    return list(Reason.objects.filter(kind=kind, is_active=True).order_by("position", "id"))


def find_reason(kind: ReasonKind, code: str) -> Reason:
    """Return the reason of a code, OTHER for none. Raises OrderInvalid for one that may not be chosen."""
    reasons = list_reasons(kind)
    for reason in reasons:
        if reason.code == (code or OTHER):
            return reason
    if code in {"", OTHER}:
        return Reason(kind=kind, code=OTHER, words=OTHER_WORDS)
    codes = ", ".join(reason.code for reason in reasons)
    sentence = _("The reason code must be one of %(codes)s.") % {"codes": codes}
    raise OrderInvalid(sentence, fields={"reason_code": sentence})


def offer_reasons(kind: ReasonKind) -> tuple[Offered, ...]:
    """Return what a form offers for a kind, by a statement of its own."""
    return tuple(Offered(reason.code, reason.words, reason.customer_text) for reason in list_reasons(kind))


def offered_beside(kind: ReasonKind) -> ArraySubquery:
    """Return the same for a statement that asks for something else too; `read_offered` reads it."""
    reasons = Reason.objects.filter(kind=kind, is_active=True).order_by("position", "id")
    facts = JSONObject(code=F("code"), words=F("words"), customer_text=F("customer_text"))
    return ArraySubquery(reasons.values_list(facts, flat=True), output_field=ArrayField(JSONField()))


def read_offered(answer: Sequence[dict[str, str]]) -> tuple[Offered, ...]:
    """Return the reasons from the answer to `offered_beside`."""
    return tuple(Offered(**facts) for facts in answer)


def says_enough(code: str | None) -> bool:
    """Tell whether a reason from the list needs no words beside it."""
    return bool(code) and code != OTHER


def fill_in(template: str, order: Order) -> str:
    """Return what a customer is told about an order, by the shop's template."""
    places = {"{customer}": order.customer_name, "{order}": order.order_id, "{total}": order.total_money.plain}
    return clean_text(_PLACE.sub(lambda found: places[found.group()], template))
