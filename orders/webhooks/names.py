"""Looks up the addresses of a receiver's name, in a limited time.

The system's resolver cannot be given one, and may take half a minute for a name whose servers do not answer. So it is
asked in a thread that nobody waits for any longer than that, and there are never many of them.
"""

import socket
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Final

LOOK_UP_SECONDS: Final = 5.0
MOST_LOOK_UPS: Final = 32
_free = BoundedSemaphore(MOST_LOOK_UPS)


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the resolver's order. Raises OSError, TimeoutError among them."""
    # Look-ups that never end must not become ever more threads.
    if not _free.acquire(blocking=False):
        raise TimeoutError("the resolver does not answer")
    answers: SimpleQueue[list[str] | OSError | UnicodeError] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(each[4][0]) for each in found])
        except (OSError, UnicodeError) as error:
            answers.put(error)
        finally:
            _free.release()

    Thread(target=ask, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=LOOK_UP_SECONDS)
    except Empty as error:
        raise TimeoutError(f"{host} could not be looked up within {LOOK_UP_SECONDS:g} s") from error
    if isinstance(answer, list):
        return answer
    raise OSError(str(answer)) from answer
