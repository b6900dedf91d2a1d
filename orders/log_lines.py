"""The shape of every line that our programs log: visible characters, and nothing that passes for another line."""

import logging
from typing import Final

from orders.texts import LONGEST_LOG_TRACEBACK, escape_for_log

INDENT: Final = "    "


class LineFormatter(logging.Formatter):
    """Writes a record in one line, and its traceback below, indented.

    What a record tells of may come from anybody: a control character would steer the terminal of whoever reads the
    log, and a line break would let a stranger write lines of their own.
    """

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        below = [record.exc_text, self.formatStack(record.stack_info) if record.stack_info else None]
        lines = "\n".join(text for text in below if text)[:LONGEST_LOG_TRACEBACK].split("\n")
        told = [INDENT + escape_for_log(line) for line in lines if line]
        return "\n".join([escape_for_log(self.formatMessage(record)), *told])
