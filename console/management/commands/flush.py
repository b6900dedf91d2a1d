"""Django's own `flush` without limits: emptying the tables waits for whoever still reads them."""

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from orders.postgres.limits import UNLIMITED


class Command(flush.Command):
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
