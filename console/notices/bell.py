"""The bell on every page: how many notices are unread."""

from dataclasses import dataclass
from typing import Any

from orders.notifications.unread import MOST_COUNTED


@dataclass(frozen=True)
class Bell:
    """`count` is a text such as '3' or '99+', and empty where nothing is unread or nobody knows."""

    unread: int

    @classmethod
    def of(cls, user: Any) -> "Bell":
        """Return the bell of who is signed in; the number came along with their session."""
        return cls(getattr(user, "unread_notices", 0))

    @property
    def count(self) -> str:
        """The number in the bell."""
        if not self.unread:
            return ""
        return f"{MOST_COUNTED - 1}+" if self.unread >= MOST_COUNTED else str(self.unread)
