"""Payments in the admin, with what their gateway says, and the simulated gateway's own books."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, pgettext_lazy

from orders.admin.order_search import OrderSearch
from orders.admin.read_only import ReadOnlyAdmin, ReadOnlyInline
from orders.errors import OutsideWorldFailed
from orders.models import GatewayEvent, GatewayMovement, Payment, PaymentAttempt, Refund
from orders.money import Money
from orders.payments.attempts import describe_payment
from orders.payments.gateways.registry import find_gateway, list_gateways


@admin.register(Payment)
class PaymentAdmin(OrderSearch):
    """Payments with their attempts."""

    class GatewayFilter(admin.SimpleListFilter):
        """The gateways that there are, without reading all payments for their names."""

        title = pgettext_lazy("column", "gateway")
        parameter_name = "gateway"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(name, name) for name in list_gateways()]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
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
    sortable_by = ("payment_id", "created_at")
    list_filter = ("status", GatewayFilter, "created_at")
    list_select_related = ("order",)
    search_fields = ("payment_id",)
    inlines = (AttemptInline, RefundInline)
    exclude = ("amount",)
    readonly_fields = ("money", "record")

    @admin.display(description=pgettext_lazy("column", "amount"))
    def money(self, payment: Payment) -> str:
        return str(payment.amount_money)

    @admin.display(description=pgettext_lazy("column", "the gateway's own record"))
    def record(self, payment: Payment) -> str:
        """Ask the gateway; this page is for people who compare."""
        if not payment.gateway:
            return "-"
        try:
            gateway = find_gateway(payment.gateway)
            charge = gateway.find(describe_payment(payment.order, payment), payment.gateway_reference)
        except OutsideWorldFailed as error:
            return str(error)
        if charge is None:
            return gettext("It knows nothing of this payment.")
        charged, refunded = (Money(minor, payment.currency) for minor in (charge.charged, charge.refunded))
        facts = {"outcome": charge.outcome, "charged": charged, "refunded": refunded}
        return gettext("%(outcome)s, %(charged)s charged, %(refunded)s refunded") % facts


@admin.register(GatewayMovement)
class GatewayMovementAdmin(ReadOnlyAdmin):
    """The simulated gateway's own books, for comparing with the payments."""

    list_display = ("reference", "kind", "amount", "currency", "merchant_reference", "idempotency_key", "at")
    sortable_by = ("reference",)
    list_filter = ("kind",)
    ordering = ("-id",)


@admin.register(GatewayEvent)
class GatewayEventAdmin(ReadOnlyAdmin):
    """What gateways sent, newest first, and what came of it."""

    list_display = ("gateway", "event_id", "kind", "payment", "outcome", "received_at", "handled_at")
    list_filter = (PaymentAdmin.GatewayFilter,)
    ordering = ("-id",)
