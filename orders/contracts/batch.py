"""What crosses Temporal about batches: one decision on many orders."""

from dataclasses import dataclass
from typing import Final

BATCH_WORKFLOW: Final = "BatchWorkflow"
# Sent with each start: its row has changed, so that a batch that was paused asks it again.
WAKE_SIGNAL: Final = "wake"


@dataclass(frozen=True)
class BatchInput:
    """The argument of BatchWorkflow, whose workflow id is the same `batch_id`."""

    batch_id: str


@dataclass(frozen=True)
class DecideChunk:
    """The argument of decide_chunk."""

    batch_id: str


@dataclass(frozen=True)
class ChunkDecided:
    """The answer of decide_chunk: how many orders got a result, and the batch's state in its row after them."""

    state: str
    count: int = 0
