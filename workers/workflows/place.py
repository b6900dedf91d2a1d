"""Where an order is, as its run knows it, and what Temporal shows of that and lists the run by.

No workflow stands here, so that the sandbox passes this module through and does not execute it again for every run.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from orders import contracts
from orders.contracts import OrderInput, WaitingFor
from orders.states import Status, check_transition
from workers.workflows.patches import LISTED, has_patch
from workers.workflows.waiting import Wait

Attributes: TypeAlias = Mapping[SearchAttributeKey[Any], str | datetime | None]

ORDER_STATUS: Final = SearchAttributeKey.for_keyword(contracts.ORDER_STATUS)
WAITING_FOR: Final = SearchAttributeKey.for_keyword(contracts.WAITING_FOR)
APPROVAL_DEADLINE: Final = SearchAttributeKey.for_datetime(contracts.APPROVAL_DEADLINE)

# What Temporal's Web UI shows of a run. A page of the console has words of its own, in its reader's language.
WAITS: Final[Mapping[WaitingFor, str]] = {
    WaitingFor.VALIDATION: "Being validated.",
    WaitingFor.APPROVAL: "Waiting for an approver to decide, or for the deadline.",
    WaitingFor.PAYMENT: "Waiting for the payment to be charged.",
    WaitingFor.SHIPPING: "Waiting for the warehouse and the carrier, see the shipping workflow.",
    WaitingFor.COMPLETION: "With the carrier, being completed.",
}


class Place:
    """Where one order is: its status, and what it waits for, which is None once it waits for nothing more."""

    def __init__(self, order: OrderInput, wait: Wait) -> None:
        self.status = Status.CREATED
        self.waiting_for: WaitingFor | None = WaitingFor.VALIDATION
        self._wait = wait
        # A run that began with code which sets no attributes goes on without them, whatever its input says.
        self._has_attributes = order.has_search_attributes and has_patch(LISTED)
        self._set = self._find_attributes()

    def move_to(self, status: Status, *, waiting_for: WaitingFor | None) -> None:
        """Go on to a status that may follow the present one."""
        check_transition(self.status, status)
        self.set_to(status, waiting_for=waiting_for)
        workflow.logger.info("%s", status)

    def set_to(self, status: Status, *, waiting_for: WaitingFor | None) -> None:
        """Take a status from the tables, which the order may have gone back to."""
        self.status, self.waiting_for = status, waiting_for
        _show_wait(status, waiting_for)

    def set_attributes(self) -> None:
        """Have Temporal list the run by where the order is now.

        Each time costs the run's history an event and Temporal some CPU time. So this is called where something begins
        that may take long, and at the end, and not wherever the status changes: a workflow task then does it once.
        """
        if not self._has_attributes:
            return
        attributes = self._find_attributes()
        changes = {key: value for key, value in attributes.items() if value != self._set[key]}
        self._set = attributes
        workflow.upsert_search_attributes([_write_update(key, value) for key, value in changes.items()])

    def _find_attributes(self) -> Attributes:
        is_awaiting = self.waiting_for == WaitingFor.APPROVAL
        return {
            ORDER_STATUS: self.status.value,
            WAITING_FOR: self.waiting_for.value if self.waiting_for else None,
            APPROVAL_DEADLINE: self._wait.deadline if is_awaiting else None,
        }


def _write_update(key: SearchAttributeKey[Any], value: str | datetime | None) -> SearchAttributeUpdate[Any]:
    return key.value_unset() if value is None else key.value_set(value)


def _show_wait(status: Status, waiting_for: WaitingFor | None) -> None:
    """Have Temporal's Web UI say in a sentence where the order is; that writes nothing into the run's history."""
    if status == Status.CANCELLING:
        sentence = "Being cancelled. Money that was taken is refunded first."
    else:
        sentence = f"{status.capitalize()}." if waiting_for is None else WAITS.get(waiting_for, "")
    workflow.set_current_details(sentence)
