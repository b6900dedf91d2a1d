"""How lines of the log are shaped where Python's own shape would not do."""

import logging
from typing import Final

LONGEST: Final = 300


class OneLine(logging.Filter):
    """Turns a record into a warning of one line without a traceback.

    For what anybody can bring about by sending a request, such as a foreign Host header: where in Django it was noticed
    is of no use, and whoever sends a thousand must not fill the log with a thousand tracebacks.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Reshape `record`, and let it through."""
        text = " ".join(record.getMessage().split())
        record.msg = "".join(character if character.isprintable() else "?" for character in text)[:LONGEST]
        record.args = ()
        record.exc_info = record.exc_text = record.stack_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
