"""Who looks at an order just now: told by the polls of open pages, and forgotten soon after the last one.

Nothing is locked and nothing is promised: two people may look, and decide, at the same time.
"""

from time import monotonic
from typing import Final

# A page that polls is written down so often, and gone when it has not been for so long.
NOTED_EVERY: Final = 8.0
GONE_AFTER: Final = "16 seconds"
MOST_REMEMBERED: Final = 10_000

# The names of those who look at the order of a statement, as an expression of it.
PRESENT: Final = (
    "ARRAY(SELECT username FROM orders_presence WHERE order_id = orders_order.id"  # noqa: S608 - a constant of ours
    f" AND seen_at > statement_timestamp() - interval '{GONE_AFTER}' ORDER BY username)"
)
# Notes that an account looks at an order, before a statement that reads it; what the account looked at before goes.
NOTE: Final = """
WITH looked_at AS (
    SELECT id FROM orders_order WHERE order_id = %(order_id)s
), gone AS (
    DELETE FROM orders_presence
    WHERE account_id = %(account_id)s AND order_id NOT IN (SELECT id FROM looked_at)
        AND seen_at < statement_timestamp() - interval '1 minute'
), noted AS (
    INSERT INTO orders_presence (order_id, account_id, username, seen_at)
    SELECT id, %(account_id)s, %(username)s, statement_timestamp() FROM looked_at
    ON CONFLICT (account_id, order_id) DO UPDATE SET seen_at = EXCLUDED.seen_at, username = EXCLUDED.username
)
"""

_noted: dict[tuple[int, str], float] = {}


def is_due(account_id: int, order_id: str) -> bool:
    """Tell, once every few seconds, whether this process should note that the account looks at the order."""
    now = monotonic()
    if now - _noted.get((account_id, order_id), float("-inf")) < NOTED_EVERY:
        return False
    if len(_noted) >= MOST_REMEMBERED:
        _noted.clear()
    _noted[account_id, order_id] = now
    return True


def forget() -> None:
    """Forget what was noted, as in a new process."""
    _noted.clear()
