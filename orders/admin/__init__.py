"""The Django admin: orders and payments to look at, because the workflow owns the facts; the policy to edit."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from orders.admin import (
    batch,
    engine,
    imports,
    notices,
    order,
    payment,
    policy,
    reasons,
    schedules,
    shops,
    webhooks,
)

__all__ = [
    "batch",
    "engine",
    "imports",
    "notices",
    "order",
    "payment",
    "policy",
    "reasons",
    "schedules",
    "shops",
    "webhooks",
]

admin.site.site_header = gettext_lazy("Order console: tables")
admin.site.site_title = gettext_lazy("Order console")
admin.site.index_title = gettext_lazy("Tables")
