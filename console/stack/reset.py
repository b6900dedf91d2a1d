"""Throws the local stack's data away: `python -m console.stack.reset`. A stack that runs keeps it."""

import os
import shutil
import sys

from console.stack.errors import StackError
from console.stack.folder import StackFolder


def main() -> None:
    """Remove the folder, or end with a sentence and exit code 1."""
    folder = StackFolder(os.environ)
    if not folder.path.exists():
        return
    try:
        folder.make()
        with folder.locked():
            shutil.rmtree(folder.path)
    except StackError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename} cannot be removed ({error.strerror}). Do it as the user who ran the stack.")


if __name__ == "__main__":
    main()
