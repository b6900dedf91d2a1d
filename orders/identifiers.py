"""Public identifiers: a prefix and random Crockford base32, short enough to read out on the telephone."""

import re
import secrets
from typing import Final

# https://www.crockford.com/base32.html: no I, L, O, U, so that nobody mistakes one sign for another.
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_SIGNS: Final = 12  # 60 bits
# An order_id is also a workflow id and part of a URL; one that is given from outside may be freer than ours.
ORDER_ID_PATTERN: Final = r"order-[A-Za-z0-9][A-Za-z0-9_-]{0,57}"
EXPORT_ID_PATTERN: Final = r"export-[0-9A-Z]{12}"
VIEW_ID_PATTERN: Final = r"view-[0-9A-Z]{12}"
SCHEDULE_ID_PATTERN: Final = r"schedule-[0-9A-Z]{12}"


def new_identifier(prefix: str) -> str:
    """Return `prefix`-XXXXXXXXXXXX with 60 random bits."""
    return f"{prefix}-{''.join(secrets.choice(CROCKFORD) for _ in range(RANDOM_SIGNS))}"


def is_view_id(text: str) -> bool:
    """Tell whether `text` could be the id of a saved view."""
    return re.fullmatch(VIEW_ID_PATTERN, text) is not None


def is_order_id(text: str) -> bool:
    """Tell whether `text` could be an order_id."""
    return re.fullmatch(ORDER_ID_PATTERN, text) is not None
