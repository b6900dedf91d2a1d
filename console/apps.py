"""The face of the project: pages, forms and the local stack."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The pages; an application for its `runstack` command and its template tags."""

    name = "console"
