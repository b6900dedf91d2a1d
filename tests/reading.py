"""How tests read the files that people download."""

import csv
import io
from typing import Any


def read_csv(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file, which has to begin with the mark that tells Excel its encoding."""
    text = content.decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def read_csv_answer(response: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV file that a page sends piece by piece."""
    assert response.status_code == 200
    return read_csv(b"".join(response.streaming_content))
