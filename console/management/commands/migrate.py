"""Django's own `migrate` without limits: a change of the tables takes what it takes."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from orders.postgres.limits import UNLIMITED


class Command(migrate.Command):
    """Does what Django's command does."""

    def handle(self, *args: Any, **options: Any) -> Any:
        """Take away this process's limits first."""
        connection: Any = connections[options["database"]]
        limits = connection.limits
        connection.limit(UNLIMITED)
        try:
            return super().handle(*args, **options)
        finally:
            connection.limit(limits)
