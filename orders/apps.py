"""The domain application: orders, their payments and shipments, and the door to Temporal."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Orders and what happens to them."""

    name = "orders"
    verbose_name = "Orders"
