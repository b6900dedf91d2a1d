"""The search of the admin's lists, which finds orders as the console does."""

from typing import Final

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from orders.admin.read_only import ReadOnlyAdmin
from orders.models import Order
from orders.reading.pages import find_first
from orders.reading.querysets import NEWEST, SEARCH_COLUMNS, read_order_search

SEARCH_HELP: Final = gettext_lazy(
    "Search by the beginnings of words in the customer's name, e-mail or address, or in an article, or by an order id, "
    "payment id or tracking number, or its last four characters. Shows at most the newest 200."
)
MOST_FOUND: Final = 200


class OrderSearch(ReadOnlyAdmin):
    """A list that is searched as the console searches orders; `order_lookup` leads from a row to its order's key."""

    order_lookup = "order"
    search_help_text = SEARCH_HELP

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave out the columns of the order that only the search reads."""
        rows: QuerySet[Model] = super().get_queryset(request)
        return rows if self.model is Order else rows.defer(*(f"order__{name}" for name in SEARCH_COLUMNS))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Search as the console does, and say so when there is nothing to search for."""
        search = read_order_search(search_term)
        if search is not None:
            orders = queryset if self.model is Order else Order.objects.all()
            found = find_first(orders.only("created_at"), NEWEST, search, limit=MOST_FOUND)
            return queryset.filter(**{f"{self.order_lookup}__in": [order.pk for order in found]}), False
        if search_term:
            messages.warning(request, gettext("Your search has nothing to search for, so it is ignored."))
        return queryset, False
