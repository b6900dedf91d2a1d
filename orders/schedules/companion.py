"""The companion that makes files of lists: those that people ask for, and those that are due by schedule."""

import threading
from time import monotonic
from typing import Final

from orders.engine.companions import Seldom, run_companion
from orders.listing import exports
from orders.listing.workbook_exports import make_workbook
from orders.schedules import sending

# How often is looked for what is due, and for files that another worker left ready.
LOOK_SECONDS: Final = 10.0
TIDY_SECONDS: Final = 60.0


class _Rounds:
    """One round after another; only some of them look for what is due, unless the one before found more."""

    def __init__(self) -> None:
        self._look_at = float("-inf")

    def make(self) -> bool:
        """Do one piece of each work, and tell whether there may be more."""
        is_time = monotonic() >= self._look_at
        has_more = is_time and sending.begin_due()
        has_made = any([exports.make_piece(), make_workbook()])
        if has_made or is_time:
            has_more |= sending.hand_over()
        if is_time and not has_more:
            self._look_at = monotonic() + LOOK_SECONDS
        return has_made or has_more


def run_exports(stop: threading.Event, *, interval_seconds: float = 2.0) -> None:
    """Make what was asked for or is due until `stop` is set, and delete what is old."""
    tidying = Seldom(_tidy, TIDY_SECONDS)
    run_companion("exports", _Rounds().make, stop, interval_seconds=interval_seconds, seldom=tidying)


def _tidy() -> None:
    exports.forget_old()
    sending.forget_old()
