"""How lines of the log are shaped where Python's own shape would not do."""

import logging
import re
import traceback
from collections.abc import Iterator
from typing import Any, Final

from gunicorn.glogging import Logger

from orders.log_lines import LineFormatter

LONGEST: Final = 300
# Where the message of an error of PostgreSQL ends, and what it repeats of the row or the statement begins.
REPEATED: Final = re.compile(r"\n(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+):.*", re.DOTALL)


class GunicornLogger(Logger):  # type: ignore[misc]
    """Gunicorn's own log, of errors and, where it is turned on, of requests, in lines that nobody can forge."""

    def setup(self, cfg: Any) -> None:
        """Shape the lines of gunicorn's own handlers, which it makes here."""
        super().setup(cfg)
        for log, shape in ((self.error_log, self.error_fmt), (self.access_log, self.access_fmt)):
            for handler in log.handlers:
                handler.setFormatter(LineFormatter(shape, self.datefmt))


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


class WithoutRows(logging.Filter):
    """Takes out what PostgreSQL repeats of a row or a statement in an error, such as "Failing row contains (…)".

    psycopg puts that after the message, on lines that begin with DETAIL and the like. What went wrong, and with which
    constraint, is in the message itself.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Reshape `record` where it tells of such an error, and let it through."""
        if REPEATED.search(message := record.getMessage()):
            record.msg, record.args = REPEATED.sub("", message), ()
        if record.exc_info and record.exc_info[1] is not None:
            texts = {text for error in chain_of(record.exc_info[1]) if REPEATED.search(text := str(error))}
            if texts:
                told = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
                for text in sorted(texts, key=len, reverse=True):
                    told = told.replace(text, REPEATED.sub("", text))
                record.exc_text = told
        return True


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and those that it came from, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            waiting += [each.__cause__, each.__context__]
            yield each
