"""What the command palette offers: actions on the order that is open, orders, customers, saved views and pages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from console.access import CurrentUser
from console.labels import describe_status
from console.papers.kinds import KINDS, STOPPED
from orders import states
from orders.labels import Label
from orders.models import Order, SavedView
from orders.overview.finding import FoundOrder, find_first_orders
from orders.reading.counts import Prepared, prepare
from orders.reading.prepared import NUMBER, TEXT
from orders.states import Status

MOST_ORDERS: Final = 6
MOST_CUSTOMERS: Final = 3
MOST_VIEWS: Final = 5
# The page's name in addresses, its query, its words, and the right that it needs.
PAGES: Final[tuple[tuple[str, str, Label, str], ...]] = (
    ("home", "", gettext_lazy("Your desk"), "may_approve"),
    ("order-review", "", gettext_lazy("Review what waits for you"), "may_approve"),
    ("order-list", "status=awaiting", gettext_lazy("Orders awaiting approval"), ""),
    ("order-list", "status=in-motion", gettext_lazy("Orders in progress"), ""),
    ("order-list", "status=trouble", gettext_lazy("Orders in trouble"), ""),
    ("order-list", "", gettext_lazy("All orders"), ""),
    ("order-create", "", gettext_lazy("New order"), "may_submit"),
    ("export-list", "", gettext_lazy("Files of lists"), ""),
    ("view-list", "", gettext_lazy("Saved views"), ""),
    ("batch-list", "", gettext_lazy("My batches"), "may_decide"),
    ("order-stuck", "", gettext_lazy("Orders that do not move"), ""),
    ("system", "", gettext_lazy("System status"), ""),
    ("reports", "", gettext_lazy("Reports"), ""),
    ("policy-try", "", gettext_lazy("Approval policy"), ""),
    ("notice-list", "", gettext_lazy("Your notices"), ""),
    ("settings", "", gettext_lazy("Your settings"), ""),
    ("password", "", gettext_lazy("Change your password"), ""),
    ("admin:index", "", gettext_lazy("Admin"), "is_staff"),
)
EXISTS, AWAITING, OPEN, SHIPPING = "exists", "awaiting", "open", "shipping"


@dataclass(frozen=True)
class Choice:
    """Something to go to; `detail` says more of it."""

    words: str
    url: str
    detail: str = ""


@dataclass(frozen=True)
class Group:
    """Choices of one kind, under their title."""

    title: Label
    choices: tuple[Choice, ...]


def list_choices(typed: str, *, user: User, order_id: str = "") -> list[Group]:
    """Return what may be chosen for a text, empty groups excepted; at most two statements."""
    current_user = CurrentUser.of(user)
    facts, views = _prepare().read({NUMBER: user.pk, TEXT: order_id})
    found = find_first_orders(typed, limit=MOST_ORDERS)
    groups = [
        Group(gettext_lazy("This order"), _keep(_list_actions(order_id, facts, current_user), typed)),
        Group(gettext_lazy("Orders"), tuple(map(_describe_order, found))),
        Group(gettext_lazy("Customers"), tuple(_list_customers(found, typed))[:MOST_CUSTOMERS]),
        Group(gettext_lazy("Saved views"), _keep(map(_describe_view, sorted(views)), typed)[:MOST_VIEWS]),
        Group(gettext_lazy("Pages"), _keep(_list_pages(current_user), typed)),
    ]
    return [group for group in groups if group.choices]


@cache
def _prepare() -> Prepared:
    order = Order.objects.filter(order_id=TEXT).order_by()
    asked: Mapping[str, QuerySet[Order]] = {
        EXISTS: order,
        AWAITING: order.awaiting_decision(),
        OPEN: order.filter(status__in=sorted(states.OPEN)),
        SHIPPING: order.exclude(status__in=sorted(STOPPED)),
    }
    views = SavedView.objects.filter(account=NUMBER).order_by()
    return prepare(asked, views.values_list("name", "view_id"))


def _keep(choices: Iterable[Choice], typed: str) -> tuple[Choice, ...]:
    """Return the choices of which each typed word begins a word."""
    wanted = typed.casefold().split()
    return tuple(
        choice
        for choice in choices
        if all(any(word.startswith(each) for word in choice.words.casefold().split()) for each in wanted)
    )


def _list_actions(order_id: str, facts: Mapping[str, int], current_user: CurrentUser) -> Iterator[Choice]:
    """Yield what may be done with the order that is open, and by this person; its page has the last word."""
    if not facts[EXISTS]:
        return
    page = reverse("order-detail", args=[order_id])
    if facts[AWAITING] and current_user.may_approve:
        yield Choice(gettext("Approve this order"), f"{page}#approve", order_id)
    if facts[OPEN] and current_user.may_cancel:
        yield Choice(gettext("Cancel this order…"), f"{page}#cancel", order_id)
    for kind in KINDS.values():
        if facts[SHIPPING] or not kind.ships:
            query = urlencode({"kind": kind.name, "order_id": order_id})
            yield Choice(gettext("Print: %s") % kind.words, f"{reverse('order-papers')}?{query}", order_id)
    yield Choice(gettext("Proof of payment"), reverse("order-payment-proof", args=[order_id]), order_id)


def _describe_order(found: FoundOrder) -> Choice:
    _, _, status = describe_status(Status(found.status), found.decision)
    detail = f"{found.customer_name} · {found.total_money} · {status}"
    return Choice(found.order_id, reverse("order-detail", args=[found.order_id]), detail)


def _list_customers(found: Iterable[FoundOrder], typed: str) -> Iterator[Choice]:
    """Yield the customers among the orders found whose name or e-mail address is what was typed."""
    seen = set()
    wanted = typed.casefold().split()
    for order in found:
        email, known = order.customer_email.casefold(), f"{order.customer_name} {order.customer_email}".casefold()
        if email not in seen and any(word in known for word in wanted):
            seen.add(email)
            url = f"{reverse('order-list')}?{urlencode({'customer': order.customer_email})}"
            yield Choice(order.customer_name, url, order.customer_email)


def _describe_view(facts: tuple[str, str]) -> Choice:
    name, view_id = facts
    return Choice(name, f"{reverse('order-list')}?view={view_id}")


def _list_pages(current_user: CurrentUser) -> Iterator[Choice]:
    rights = {
        "": True,
        "may_approve": current_user.may_approve,
        "may_submit": current_user.may_submit,
        "may_decide": current_user.may_approve or current_user.may_cancel,
        "is_staff": current_user.is_staff,
    }
    for name, query, words, right in PAGES:
        if rights[right]:
            yield Choice(str(words), reverse(name) + (f"?{query}" if query else ""))
