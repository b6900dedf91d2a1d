"""Django's own `migrate` without limits: a change of the tables takes what it takes."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from orders.postgres.limits import UNLIMITED


class Command(migrate.Command):
    """Does what Django's command does, and leaves a database alone that another version of the tables stands in."""

    def handle(self, *args: Any, **options: Any) -> Any:
        """Take away this process's limits first. Raises CommandError for a database that this version cannot take."""
        connection: Any = connections[options["database"]]
        limits = connection.limits
        connection.limit(UNLIMITED)
        try:
            unknown = find_unknown_migrations(connection)
            if unknown:
                raise CommandError(
                    f"This database has migrations that this version of the console does not know: "
                    f"{', '.join(unknown)}. It belongs to a newer version, or to one from before the first release, "
                    "whose tables cannot be taken over. Use the version that made it, or an empty database "
                    "(`make reset` empties the local stack's)."
                )
            return super().handle(*args, **options)
        finally:
            connection.limit(limits)


def find_unknown_migrations(connection: Any) -> list[str]:
    """Return the console's own migrations that were applied and that are not among the files."""
    loader = MigrationLoader(connection)
    applied = loader.applied_migrations or {}
    return sorted(
        f"{app}.{name}"
        for app, name in applied
        if app in {"console", "orders"} and (app, name) not in (loader.disk_migrations or {})
    )
