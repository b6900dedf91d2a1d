"""How gunicorn serves the console: by threads, because the views wait for PostgreSQL and, behind a guard, for Temporal.

BIND, WEB_PROCESSES and WEB_THREADS change what may differ between places; GUNICORN_CMD_ARGS changes everything else.
"""

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from console.bind import DEFAULT, is_bind
from console.environment import env, is_positive, load_settings, read
from orders.engine import temporal_client

# No page is worth more than ten seconds of PostgreSQL.
os.environ["DATABASE_STATEMENT_TIMEOUT"] = os.environ.get("DATABASE_STATEMENT_TIMEOUT") or "10"
load_settings()  # a wrong setting ends the server here, with a sentence, instead of one worker after the other

bind = read(env.str, "BIND", DEFAULT, check=is_bind)
worker_class = "gthread"
workers = read(env.int, "WEB_PROCESSES", 2, check=is_positive)
threads = read(env.int, "WEB_THREADS", 8, check=is_positive)
timeout = 30
graceful_timeout = 10
keepalive = 5
reload = settings.DEBUG
# The heartbeat file of a worker must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Its socket would have to fit into a path of 107 bytes, and nothing here speaks to it.
control_socket_disable = True
loglevel = "warning"
logger_class = "console.logs.GunicornLogger"


def worker_exit(server: Any, worker: Any) -> None:
    """Close the process's Temporal client, whose threads must end before the interpreter does."""
    temporal_client.close()
