"""The domain application: orders, their payments and shipments, and the Temporal client."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from orders.labels.tables import translate_names
from orders.language import speak_by


class OrdersConfig(AppConfig):
    """Orders and what happens to them."""

    name = "orders"
    verbose_name = gettext_lazy("Orders")

    def ready(self) -> None:
        """Load the gateways and carriers of the settings, so that a wrong one stops the start; speak by Django."""
        speak_by(import_module("orders.translation").SPEAKER)
        translate_names(self.get_models())
        import_module("orders.payments.gateways.registry").check_capture()
        partners = import_module("orders.shipping.partners.registry")
        partners.list_carriers()
        partners.find_warehouse()
