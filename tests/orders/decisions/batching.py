"""A batch as its workflow carries it out, and what came of it."""

from orders import contracts
from orders.decisions import chunks
from orders.models import Batch


def carry_out(batch: Batch) -> str:
    """Decide one chunk of the batch, as its workflow does."""
    return chunks.decide_chunk(contracts.DecideChunk(batch.batch_id)).state


def results(batch: Batch) -> list[str]:
    return list(batch.items.order_by("id").values_list("result", flat=True))
