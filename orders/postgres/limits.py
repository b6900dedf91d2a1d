"""How long statements, locks and idle transactions may take."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

# The server ends a statement itself; only when nothing is heard for this much longer it is taken for silent.
GRACE_SECONDS: Final = 0.5
MOST_MILLISECONDS: Final = 2**31 - 1


@dataclass(frozen=True)
class Limits:
    """The bounds of every transaction, in seconds; 0 stands for any time.

    `statement` bounds one statement, `lock` the waiting for what another transaction holds, and
    `idle_in_transaction` how long a program that was stopped in the middle of a transaction can keep its locks.
    """

    statement: float = 0.0
    lock: float = 0.0
    idle_in_transaction: float = 0.0

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """The SQL that bounds the transaction it is sent in."""
        times = {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle_in_transaction,
        }
        return tuple(
            f"SET LOCAL {name} = {min(round(seconds * 1000), MOST_MILLISECONDS)}" for name, seconds in times.items()
        )

    @property
    def answer(self) -> float | None:
        """How long to wait for the answer to a statement, None for ever."""
        return self.statement + GRACE_SECONDS if self.statement else None


# For migrations and other work on the tables themselves, which takes what it takes.
UNLIMITED: Final = Limits()
