"""Which lines of a program's log a person at the terminal has to see, and in which words."""

import re
from typing import Final

# A record of our own log and one of gunicorn's, each with its level.
RECORD: Final = re.compile(
    r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d{3} (?P<ours>[A-Z]+) |\[\d{4}-[^]]+\] \[\d+\] \[(?P<gunicorn>[A-Z]+)\] "
)
UNIMPORTANT: Final = frozenset({"DEBUG", "INFO"})
# How the Temporal SDK's core, which is written in Rust, tells of a connection that it could not make or keep.
RUST_ERROR: Final = re.compile(r"(?:tonic::|hyper::|Status \{|ConnectError\(|Os \{).*", re.DOTALL)
RUST_MESSAGE: Final = re.compile(r'(?:message: |error: |Error\()\\?"(?P<text>[^"\\]+)\\?"')


class NoticeFilter:
    """Picks what matters out of one program's lines, which have to be given in their order.

    A line that is no record is indented and belongs to the record above, or it is shown: a program that cannot start
    says why in its own words.
    """

    def __init__(self) -> None:
        self._is_shown = True

    def pick(self, line: str) -> str | None:
        """Return what to show of the line, None for nothing."""
        if record := RECORD.match(line):
            self._is_shown = (record["ours"] or record["gunicorn"]) not in UNIMPORTANT
        elif not line.startswith((" ", "\t")):
            self._is_shown = True
        return simplify(line) if self._is_shown else None


def simplify(line: str) -> str:
    """Return the line with an error of Rust's in the words of the operating system, such as "Connection refused"."""
    if not (error := RUST_ERROR.search(line)):
        return line
    messages = RUST_MESSAGE.findall(error[0])
    return line[: error.start()] + messages[-1] if messages else line
