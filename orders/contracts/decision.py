"""What a person decided, as it crosses Temporal."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """What a person decided; the argument of both signals. A repeated `decision_id` counts once."""

    decision_id: str = ""
    actor: str = ""
    reason: str = ""
