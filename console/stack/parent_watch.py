"""Runs a program that ends when its parent does: `python parent_watch.py PARENT SIGNAL USER PROGRAM ARGUMENT…`.

A stack that is killed with no chance to clean up must leave nothing behind. Linux sends a process SIGNAL when the
thread that started it ends (prctl(2), PR_SET_PDEATHSIG); elsewhere the next start stops what is left. The change to
USER, a name or empty, comes first, because it clears that setting. It uses only the standard library, because it runs
as a script of its own.
"""

import ctypes
import os
import pwd
import signal
import sys
from typing import Final, NoReturn

PR_SET_PDEATHSIG: Final = 1


def become(user: str) -> None:
    """Give up this process's rights for those of `user`."""
    account = pwd.getpwnam(user)
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def end_with_parent(parent: int, number: int) -> None:
    """Have this process get the signal `number` when `parent`, which started it, ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before this could be asked for
            sys.exit(1)


def main(parent: int, number: int, user: str, command: list[str]) -> NoReturn:
    """Tie this process to `parent` and turn it into `command`."""
    try:
        if user:
            become(user)
        end_with_parent(parent, number)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and programs would inherit that
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}.")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
