"""From the address of a PostgreSQL to Django's description of the database."""

from typing import Any

import dj_database_url

from orders.postgres.limits import Limits


def database_from_url(url: str, *, with_pool: bool, limits: Limits) -> dict[str, Any]:
    """Return Django's description of the PostgreSQL at `url`; a `host` in its query may name a socket folder."""
    database: dict[str, Any] = dict(
        dj_database_url.parse(
            url, engine="orders.postgres", conn_max_age=0 if with_pool else 60, conn_health_checks=True
        )
    )
    options: dict[str, Any] = {
        "application_name": "order-console",
        "connect_timeout": 3,
        # A peer that vanished without a word, by TCP: noticed after about ten seconds.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "limits": limits,
    }
    if with_pool:
        options["pool"] = {"min_size": 1, "max_size": 40, "timeout": 4}
    database["OPTIONS"] = {**options, **database.get("OPTIONS", {})}
    # Where it belongs: `dbshell` looks for a socket's folder among the options in vain.
    database["HOST"] = database["OPTIONS"].pop("host", database["HOST"])
    return database
