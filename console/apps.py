"""The face of the project: pages, accounts and the local stack."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from orders.labels.tables import translate_names


class ConsoleConfig(AppConfig):
    """The pages; an application for its commands, its template tags and its migrations."""

    name = "console"
    verbose_name = gettext_lazy("Console")

    def ready(self) -> None:
        from console.accounts import access_log, sessions  # noqa: PLC0415 - there are no models any earlier

        translate_names(self.get_models())
        access_log.connect()
        sessions.connect()
