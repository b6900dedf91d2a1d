"""What the reconciler reads in each round: all open orders, and those that should have moved by now."""

from collections.abc import Mapping
from typing import Final

from orders.engine import reconcile
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.filling import MOST_AWAITING
from tests.benchmark.two_sizes import Read, compare_sizes, fill_both

# So many orders that as many are open as among the most.
FEW: Final = 3 * MOST_AWAITING


def measure(scale: Scale) -> list[Figure]:
    """Fill the tables and compare: 11,000 open orders among 30,000 and among many."""
    fill_both(FEW, scale.orders)
    return compare_sizes(reads, scale.rounds)


def reads() -> Mapping[str, Read]:
    """Return the reads of a round."""
    return {
        "all open orders": lambda: dict(reconcile.started_orders().values_list("order_id", "updated_at").iterator()),
        "the first stale orders": lambda: list(reconcile._stale().order_by("pk")[: reconcile.STALE_BATCH]),
        "stale orders, from the middle": lambda: list(
            reconcile._stale().filter(pk__gt=FEW // 2).order_by("pk")[: reconcile.STALE_BATCH]
        ),
    }
