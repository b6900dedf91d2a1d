"""The face of the project: pages, accounts and the local stack."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The pages; an application for its commands, its template tags and its migrations."""

    name = "console"

    def ready(self) -> None:
        from console.accounts import access_log, sessions  # noqa: PLC0415 - there are no models any earlier

        access_log.connect()
        sessions.connect()
