"""The Django admin: orders and payments to look at. Everything is read-only, because the workflow owns the facts."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from orders.admin_filters import OfferedFilters
from orders.models import (
    Decision,
    GatewayMovement,
    Order,
    OrderEvent,
    OrderLine,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    Shipment,
    Trouble,
    WorkerProcess,
)
from orders.payments.gateways.registry import GATEWAYS
from orders.reading.pages import find_first
from orders.reading.querysets import NEWEST, SEARCH_COLUMNS, read_order_search

admin.site.site_header = "Order console: tables"
admin.site.site_title = "Order console"
admin.site.index_title = "Tables"

SEARCH_HELP = (
    "Beginnings of words of the customer's name, e-mail or address, or of an article; "
    "an order or payment id, a tracking number, or their last four characters. Of many, the newest 1,000 are found."
)
MOST_FOUND = 1000


def _to_the_second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts ten thousand rows at most: a full count would take longer with every order."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        """How many rows can be paged through."""
        rows: Any = self.object_list
        return int(rows.order_by().values_list("pk")[: self.MOST].count())


class ReadOnly:
    """Takes away what would change a row."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse to add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse to delete."""
        return False


class ReadOnlyAdmin(ReadOnly, OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """A list and a page to look at, quick however many rows there are."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count every row for every filter
    list_per_page = 50


class OrderSearch(ReadOnlyAdmin):
    """A list that is searched as the console searches orders; `order_lookup` leads from a row to its order's key."""

    order_lookup = "order"
    search_help_text = SEARCH_HELP

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out the columns of the order that only the search reads."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if self.model is Order else rows.defer(*(f"order__{name}" for name in SEARCH_COLUMNS))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search as the console does, and say so when there is nothing to search for."""
        search = read_order_search(search_term)
        if search is not None:
            found = find_first(Order.objects.only("created_at"), NEWEST, search, limit=MOST_FOUND)
            return queryset.filter(**{f"{self.order_lookup}__in": [order.pk for order in found]}), False
        if search_term:
            messages.warning(request, "There is nothing to search for in what you typed, so the search is left out.")
        return queryset, False


class ReadOnlyInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of another table on an order's or a payment's page."""

    extra = 0
    can_delete = False
    show_change_link = False


class LineInline(ReadOnlyInline):
    """The lines of an order."""

    model = OrderLine
    fields = ("position", "sku", "description", "quantity", "price", "line_total")
    readonly_fields = ("price", "line_total")

    @admin.display(description="unit price")
    def price(self, line: OrderLine) -> str:
        """Return the price of one unit."""
        return str(line.unit_price_money)

    @admin.display(description="total")
    def line_total(self, line: OrderLine) -> str:
        """Return the price of all units."""
        return str(line.total_money)


class PaymentInline(ReadOnlyInline):
    """The payment of an order."""

    model = Payment
    fields = ("payment_id", "status", "charged", "gateway", "gateway_reference", "created_at", "attempts")
    readonly_fields = ("charged", "created_at", "attempts")
    show_change_link = True

    @admin.display(description="amount")
    def charged(self, payment: Payment) -> str:
        """Return the amount with its currency."""
        return str(payment.amount_money)

    def attempts(self, payment: Payment) -> SafeString:
        """Return one line for each call to the gateway."""
        return format_html_join(
            "",
            "<div>{} {}: {} {}</div>",
            (
                (
                    _to_the_second(attempt.started_at),
                    attempt.get_kind_display(),
                    attempt.get_outcome_display(),
                    attempt.error,
                )
                for attempt in payment.attempts.all()
            ),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        """Bring the attempts along."""
        return super().get_queryset(request).prefetch_related("attempts")


class ShipmentInline(ReadOnlyInline):
    """The shipment of an order."""

    model = Shipment
    fields = (
        "shipment_id",
        "status",
        "package_reference",
        "carrier",
        "tracking_number",
        "prepared_at",
        "dispatched_at",
    )


class EventInline(ReadOnlyInline):
    """The history of an order."""

    model = OrderEvent
    fields = ("happened_at", "kind", "title", "detail", "actor", "status")
    readonly_fields = ("happened_at", "title", "detail", "status")
    ordering = ("id",)

    @admin.display(description="at (UTC)")
    def happened_at(self, event: OrderEvent) -> str:
        """Return the time to the second, for several things happen within a minute."""
        return _to_the_second(event.at)


class DecisionInline(ReadOnlyInline):
    """The decisions on an order, and what became of them."""

    model = Decision
    fields = (
        "kind",
        "actor",
        "actor_account_id",
        "channel",
        "reason",
        "is_own_order",
        "outcome",
        "taken_at",
        "answered_at",
    )
    readonly_fields = ("actor_account_id",)


class TroubleInline(ReadOnlyInline):
    """What keeps an order from moving."""

    model = Trouble
    fields = ("code", "detail", "since")


class OutboxInline(ReadOnlyInline):
    """The messages of an order to its workflow."""

    model = OutboxMessage
    fields = ("name", "status", "attempts", "last_error", "created_at", "delivered_at")


class CurrencyFilter(admin.SimpleListFilter):
    """The currencies that orders are taken in, without reading all orders for theirs."""

    title = "currency"
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the currencies of the setting."""
        return [(code, code) for code in settings.ORDER_CURRENCIES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the orders in the chosen currency."""
        return queryset.filter(currency=self.value()) if self.value() else queryset


@admin.register(Order)
class OrderAdmin(OrderSearch):
    """Orders with all that belongs to them."""

    list_display = ("order_id", "customer_name", "status", "money", "reason_code", "submitted_by", "created_at")
    list_filter = ("status", "reason_code", CurrencyFilter, "created_at")
    order_lookup = "pk"
    search_fields = ("order_id",)
    inlines = (TroubleInline, LineInline, DecisionInline, PaymentInline, ShipmentInline, EventInline, OutboxInline)
    readonly_fields = ("money", "on_console", "submitter_account_id", "created_at", "updated_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "order_id",
                    "on_console",
                    "status",
                    "money",
                    "submitted_by",
                    "submitter_account_id",
                    "created_at",
                    "updated_at",
                )
            },
        ),
        (
            "Customer",
            {
                "fields": (
                    "customer_name",
                    "customer_company",
                    "customer_email",
                    "customer_phone",
                    "address_line",
                    "address_line2",
                    "address_postcode",
                    "address_city",
                    "address_state",
                    "address_country",
                )
            },
        ),
        (
            "Decision",
            {"fields": ("approval_deadline", "decision", "decided_by", "decided_at", "reason_code", "reason")},
        ),
        ("Keys", {"fields": ("payment_id", "idempotency_key", "contents_hash", "decision_id", "run_id", "version")}),
    )

    @admin.display(description="total")
    def money(self, order: Order) -> str:
        """Return the total with its currency."""
        return str(order.total_money)

    @admin.display(description="in the console")
    def on_console(self, order: Order) -> SafeString:
        """Return a link to the order's own page."""
        return format_html('<a href="{}">{}</a>', order.get_absolute_url(), order.order_id)


@admin.register(Payment)
class PaymentAdmin(OrderSearch):
    """Payments with their attempts."""

    class GatewayFilter(admin.SimpleListFilter):
        """The gateways that there are, without reading all payments for their names."""

        title = "gateway"
        parameter_name = "gateway"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            """Return the gateways' names."""
            return [(name, name) for name in GATEWAYS]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            """Return the payments of the chosen gateway."""
            return queryset.filter(gateway=self.value()) if self.value() else queryset

    class AttemptInline(ReadOnlyInline):
        """The calls to the gateway."""

        model = PaymentAttempt
        fields = ("kind", "outcome", "error", "started_at", "finished_at")

    class RefundInline(ReadOnlyInline):
        """What was given back, or is to be."""

        model = Refund
        fields = (
            *("status", "amount", "currency", "reason_code", "reason", "requested_by", "channel"),
            *("gateway_reference", "requested_at", "finished_at"),
        )

    list_display = ("payment_id", "order", "status", "money", "gateway", "gateway_reference", "created_at")
    list_filter = ("status", GatewayFilter, "created_at")
    list_select_related = ("order",)
    search_fields = ("payment_id",)
    inlines = (AttemptInline, RefundInline)
    exclude = ("amount",)
    readonly_fields = ("money",)

    @admin.display(description="amount")
    def money(self, payment: Payment) -> str:
        """Return the amount with its currency."""
        return str(payment.amount_money)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OrderSearch):
    """Messages to Temporal, newest first."""

    list_display = ("order", "name", "status", "attempts", "last_error", "created_at", "delivered_at")
    list_filter = ("status", "name")
    list_select_related = ("order",)
    search_fields = ("order",)
    ordering = ("-id",)


@admin.register(WorkerProcess)
class WorkerProcessAdmin(ReadOnlyAdmin):
    """The worker processes, as they last reported themselves."""

    list_display = ("process_id", "queues", "problems", "started_at", "seen_at")
    ordering = ("host", "pid")


@admin.register(GatewayMovement)
class GatewayMovementAdmin(ReadOnlyAdmin):
    """The simulated gateway's own books, for comparing with the payments."""

    list_display = ("reference", "kind", "amount", "currency", "merchant_reference", "idempotency_key", "at")
    list_filter = ("kind",)
    ordering = ("-id",)
