"""What an invariant is: a sentence that is always true, and the query that finds where it is not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """A sentence about all orders. `query` selects the id of whatever breaks it: an order_id, or another's own id.

    `%(settled)s` in the query is the moment before which a thing that is under way should have come to its end.
    """

    code: str
    sentence: str
    query: str
