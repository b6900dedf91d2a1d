"""Workflows, activities and the command that runs them."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Temporal workers; an application only for its `runworkers` command."""

    name = "workers"
