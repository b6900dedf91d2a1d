"""Whether Temporal has the search attributes of orders, and what a run is started with where it has.

A server refuses to start a run with an attribute that its namespace does not have, or has with another type. So it is
asked for them first, once for many orders. Whatever goes wrong counts as a no: an order is started in any case.
A server that answers such questions to nobody, or not to this console, is asked every ten minutes.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from weakref import WeakKeyDictionary

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from orders import contracts
from orders.money import Money
from orders.states import Status

logger = logging.getLogger(__name__)

# A start that waits for the answer has to end within its own four seconds.
TIMEOUT: Final = timedelta(seconds=1)
# For how long an answer holds. Attributes are hardly ever removed, and added once.
KEPT_YES_SECONDS: Final = 600.0
KEPT_NO_SECONDS: Final = 60.0
KEPT_FAILURE_SECONDS: Final = 5.0
KEPT_REFUSAL_SECONDS: Final = 600.0
REFUSALS: Final = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED)
TYPES: Final[Mapping[str, int]] = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}
WANTED: Final[Mapping[str, int]] = {name: TYPES[word] for name, word in contracts.SEARCH_ATTRIBUTES.items()}


@dataclass
class _Answer:
    """What the server of one client said last, and until when that holds, by this machine's monotonic clock."""

    is_yes: bool = False
    until: float = float("-inf")
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def keep(self, *, is_yes: bool, seconds: float) -> None:
        self.is_yes, self.until = is_yes, time.monotonic() + seconds


# By client: a new one may be connected to another server, and has another loop.
_answers: "WeakKeyDictionary[Client, _Answer]" = WeakKeyDictionary()


async def has_search_attributes(client: Client) -> bool:
    """Tell whether the client's namespace has all attributes, on the client's loop. No failure leaves it."""
    answer = _answers.setdefault(client, _Answer())
    async with answer.asking:
        if time.monotonic() >= answer.until:
            await _ask(client, answer)
        return answer.is_yes


def doubt_search_attributes(client: Client) -> None:
    """Take it for a while that the namespace has no attributes, because it refused a start with them."""
    _answers.setdefault(client, _Answer()).keep(is_yes=False, seconds=KEPT_NO_SECONDS)


async def _ask(client: Client, answer: _Answer) -> None:
    try:
        request = ListSearchAttributesRequest(namespace=client.namespace)
        found = await client.operator_service.list_search_attributes(request, timeout=TIMEOUT)
    except RPCError as error:
        logger.warning("orders are started without search attributes, because Temporal says: %s", error)
        is_final = error.status in REFUSALS
        answer.keep(is_yes=False, seconds=KEPT_REFUSAL_SECONDS if is_final else KEPT_FAILURE_SECONDS)
        return
    except Exception:  # whatever it is, orders are started without attributes
        logger.warning("whether Temporal has the search attributes of orders cannot be told", exc_info=True)
        answer.keep(is_yes=False, seconds=KEPT_FAILURE_SECONDS)
        return
    missing = sorted(name for name, kind in WANTED.items() if found.custom_attributes.get(name) != kind)
    if missing:
        logger.info("orders are started without search attributes, because Temporal lacks %s", ", ".join(missing))
    answer.keep(is_yes=not missing, seconds=KEPT_NO_SECONDS if missing else KEPT_YES_SECONDS)


def describe_start(order: contracts.OrderInput) -> TypedSearchAttributes:
    """Return what is known of an order when its run begins: where that stands then, and the amount."""
    pairs = [
        SearchAttributePair(SearchAttributeKey.for_keyword(contracts.ORDER_STATUS), Status.CREATED.value),
        SearchAttributePair(
            SearchAttributeKey.for_keyword(contracts.WAITING_FOR), contracts.WaitingFor.VALIDATION.value
        ),
    ]
    if order.total is None:
        return TypedSearchAttributes(pairs)
    amount = float(Money(order.total, order.currency).amount)
    return TypedSearchAttributes(
        [
            *pairs,
            SearchAttributePair(SearchAttributeKey.for_float(contracts.TOTAL), amount),
            SearchAttributePair(SearchAttributeKey.for_keyword(contracts.CURRENCY), order.currency),
        ]
    )
