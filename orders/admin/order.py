"""Orders in the admin, with all that belongs to them."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext_lazy

from orders.admin.order_search import OrderSearch
from orders.admin.read_only import ReadOnlyInline, to_the_second
from orders.models import Decision, Order, OrderEvent, OrderLine, OutboxMessage, Payment, Shipment, Trouble
from orders.reading.querysets import SEARCH_COLUMNS


class LineInline(ReadOnlyInline):
    """The lines of an order."""

    model = OrderLine
    fields = ("position", "sku", "description", "quantity", "price", "line_total")
    readonly_fields = ("price", "line_total")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        """Bring the order along, whose currency each price is in."""
        rows: QuerySet[OrderLine] = super().get_queryset(request)
        return rows.select_related("order").defer(*(f"order__{name}" for name in SEARCH_COLUMNS))

    @admin.display(description=pgettext_lazy("column", "unit price"))
    def price(self, line: OrderLine) -> str:
        return str(line.unit_price_money)

    @admin.display(description=pgettext_lazy("column", "total"))
    def line_total(self, line: OrderLine) -> str:
        return str(line.total_money)


class PaymentInline(ReadOnlyInline):
    """The payment of an order."""

    model = Payment
    fields = ("payment_id", "status", "charged", "gateway", "gateway_reference", "created_at", "attempts")
    readonly_fields = ("charged", "created_at", "attempts")
    show_change_link = True

    @admin.display(description=pgettext_lazy("column", "amount"))
    def charged(self, payment: Payment) -> str:
        return str(payment.amount_money)

    @admin.display(description=pgettext_lazy("column", "attempts"))
    def attempts(self, payment: Payment) -> SafeString:
        """Return one line for each call to the gateway."""
        return format_html_join(
            "",
            "<div>{} {}: {} {}</div>",
            (
                (
                    to_the_second(attempt.started_at),
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

    @admin.display(description=pgettext_lazy("column", "at (UTC)"))
    def happened_at(self, event: OrderEvent) -> str:
        """Return the time to the second, for several things happen within a minute."""
        return to_the_second(event.at)

    @admin.display(description=pgettext_lazy("column", "title"))
    def title(self, event: OrderEvent) -> str:
        return event.title

    @admin.display(description=pgettext_lazy("column", "detail"))
    def detail(self, event: OrderEvent) -> str:
        return event.detail

    @admin.display(description=pgettext_lazy("column", "status"))
    def status(self, event: OrderEvent) -> str:
        return event.status


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

    title = pgettext_lazy("column", "currency")
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in settings.ORDER_CURRENCIES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(currency=self.value()) if self.value() else queryset


@admin.register(Order)
class OrderAdmin(OrderSearch):
    """Orders with all that belongs to them."""

    list_display = ("order_id", "customer_name", "status", "money", "reason_code", "submitted_by", "created_at")
    sortable_by = ("order_id", "created_at")
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
            gettext_lazy("Customer"),
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
            gettext_lazy("Decision"),
            {"fields": ("approval_deadline", "decision", "decided_by", "decided_at", "reason_code", "reason")},
        ),
        (
            gettext_lazy("Keys"),
            {"fields": ("payment_id", "idempotency_key", "contents_hash", "decision_id", "run_id", "version")},
        ),
    )

    @admin.display(description=pgettext_lazy("column", "total"))
    def money(self, order: Order) -> str:
        return str(order.total_money)

    @admin.display(description=pgettext_lazy("column", "in the console"))
    def on_console(self, order: Order) -> SafeString:
        return format_html('<a href="{}">{}</a>', order.get_absolute_url(), order.order_id)
