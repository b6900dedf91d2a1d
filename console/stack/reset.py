"""Throws the local stack's data away, after a question: `python -m console.stack.reset`. A stack that runs keeps it."""

import os
import shutil
import sys

from console.stack.errors import StackError
from console.stack.folder import StackFolder
from console.stack.options import is_yes


def main() -> None:
    """Remove the folder, or end with a sentence and exit code 1."""
    folder = StackFolder(os.environ)
    if not folder.path.exists():
        return
    try:
        folder.make()
        with folder.locked():
            confirm(folder)
            shutil.rmtree(folder.path)
    except StackError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename} cannot be removed ({error.strerror}). Remove it as the user who ran the stack.")


def confirm(folder: StackFolder) -> None:
    """Ask the person at the terminal, unless YES=1 has answered already. Raises StackError when the answer is no."""
    if is_yes(os.environ.get("YES", "")):
        return
    if not sys.stdin.isatty():
        raise StackError(
            f"Nothing was removed: there is no terminal to confirm that all data in {folder} should be deleted. "
            "To delete it without confirmation, run make reset YES=1."
        )
    try:
        answer = input(f"This deletes all orders, accounts and logs in {folder}. Type yes to continue:  ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        raise StackError(f"Nothing was removed from {folder}.")


if __name__ == "__main__":
    main()
