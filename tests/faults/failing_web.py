"""The web server's application, which kills its process between a commit and the message to Temporal.

As often as the file DIE_TIMES says: the count stands there, because each process that dies counts one down.
"""

import fcntl
import os
import signal
from pathlib import Path

from console.wsgi import application
from orders.engine import outbox
from orders.models import OutboxMessage

__all__ = ["application"]


def _die_or_deliver(message: OutboxMessage, *, is_kept: bool) -> None:
    with Path(os.environ["DIE_TIMES"]).open("r+") as times:
        fcntl.flock(times, fcntl.LOCK_EX)  # two processes may die at once
        left = int(times.read())
        if left:
            times.seek(0)
            times.write(str(left - 1))
            times.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    deliver(message, is_kept=is_kept)


deliver = outbox._deliver_after_commit
outbox._deliver_after_commit = _die_or_deliver
