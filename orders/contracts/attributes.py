"""The search attributes by which Temporal lists the runs of orders, and their types; used as `orders.contracts`.

A Temporal server refuses what it does not have. So they are only set where its namespace has all of them, and an
order's input says whether it has.
"""

from collections.abc import Mapping
from typing import Final

ORDER_STATUS: Final = "OrderStatus"
WAITING_FOR: Final = "WaitingFor"
APPROVAL_DEADLINE: Final = "ApprovalDeadline"
TOTAL: Final = "Total"
CURRENCY: Final = "Currency"
# As Temporal's command line names the types.
SEARCH_ATTRIBUTES: Final[Mapping[str, str]] = {
    ORDER_STATUS: "Keyword",
    WAITING_FOR: "Keyword",
    APPROVAL_DEADLINE: "Datetime",
    TOTAL: "Double",
    CURRENCY: "Keyword",
}
