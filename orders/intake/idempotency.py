"""Whether a request that carries a known idempotency key asks for the same order again, or for another one."""

import hashlib
import json
from dataclasses import asdict, fields
from typing import Final

from orders.intake.drafts import LineDraft, OrderDraft
from orders.models import Order

# Stands before each hash. Whoever changes what is hashed, or how, gives it another value: hashes that were stored
# before are then compared by what the order holds.
VERSION: Final = "1"


def hash_contents(draft: OrderDraft) -> str:
    """Return what tells this order from another one: version, colon, and the SHA-256 of its canonical form in hex.

    The draft has to be tidy. Its canonical form is JSON with sorted names and without empty facts, so that an optional
    fact which orders get later leaves the hashes of those without it as they are.
    """
    facts = {name: value for name, value in asdict(draft).items() if value not in ("", {})}
    facts["lines"] = [{name: value for name, value in line.items() if value is not None} for line in facts["lines"]]
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{VERSION}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def asks_for(draft: OrderDraft, order: Order) -> bool:
    """Tell whether the tidy draft asks for just this order.

    Orders from before there were hashes, or with one of another version, are compared by what they hold.
    """
    stored = order.contents_hash
    if not stored.startswith(f"{VERSION}:"):
        stored = hash_contents(_read_draft(order))
    return stored == hash_contents(draft)


def _read_draft(order: Order) -> OrderDraft:
    lines = tuple(
        LineDraft(**{field.name: getattr(line, field.name) for field in fields(LineDraft)})
        for line in order.lines.all()
    )
    facts = {field.name: getattr(order, field.name) for field in fields(OrderDraft) if field.name != "lines"}
    return OrderDraft(**facts, lines=lines)
