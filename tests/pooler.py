"""PgBouncer on the loopback address, before the tests' PostgreSQL, in either of its modes."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.stack.postgres import SYSTEM_USER
from tests.programs import free_port
from tests.waiting import listens, wait_until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
needs_pooler = pytest.mark.skipif(
    PROGRAM is None, reason="PgBouncer is not installed: apt-get install pgbouncer, as .ci/run does"
)

# Few sessions for many clients, so that whatever is left behind in one meets somebody else.
CONFIGURATION = """
[databases]
* = host={host} port={port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {pool_size}
max_client_conn = 300
logfile = {folder}/pgbouncer.log
pidfile =
"""


@contextlib.contextmanager
def started_pooler(host: str, port: str, *, mode: str, pool_size: int) -> Iterator[int]:
    """Start PgBouncer in front of the PostgreSQL in the socket folder `host`, yield its port, and stop it."""
    assert PROGRAM is not None
    listen_port = free_port()
    with tempfile.TemporaryDirectory(prefix="console-bouncer-") as path:
        folder = Path(path)
        folder.chmod(0o777)
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            CONFIGURATION.format(
                host=host, port=port, listen_port=listen_port, mode=mode, pool_size=pool_size, folder=folder
            )
        )
        as_user = ["--user", SYSTEM_USER] if os.geteuid() == 0 else []  # it refuses to be root, as PostgreSQL does
        process = subprocess.Popen([PROGRAM, "--quiet", *as_user, str(configuration)])
        try:
            wait_until(lambda: listens(listen_port), what="the start of PgBouncer")
            yield listen_port
        finally:
            process.terminate()  # an immediate shutdown
            process.wait(60)
