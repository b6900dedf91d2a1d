"""Long texts that are sent while they are made."""

from collections.abc import Iterable, Iterator
from typing import Final

LINES: Final = 200


def encode_lines(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield pieces of some kilobytes: each line alone would be a packet."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == LINES:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode()
