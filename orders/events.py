"""The kinds of events in an order's history, each with its data. `orders.labels` has the words.

Each kind names its data. Amounts are in the currency's minor unit.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from orders.states import DecisionKind, Status

Fact = str | int | bool | list[int] | list[str] | dict[str, str]

# The number of the attempt of a step that is made at once, within the workflow task, before those that Temporal counts.
IMMEDIATE: Final = 0


class Reach(StrEnum):
    """How far a step had come when contact with its worker was lost, as the tables have it."""

    NOT_ASKED = "NOT_ASKED"  # nobody outside had been asked for what it does
    MAY_HAVE_ASKED = "MAY_HAVE_ASKED"  # the gateway, the warehouse or the carrier may have been, with an unknown answer
    DONE = "DONE"  # its work was written down; Temporal did not hear of that


class EventKind(StrEnum):
    """What happened. Kinds that begin a status are named after it and listed in the usual order."""

    SUBMITTED = "order.submitted"
    VALIDATED = "order.validated"
    AWAITING_APPROVAL = "order.awaiting_approval"  # deadline; approvals_needed, rule where the policy applied
    CHARGING = "order.charging"
    PAID = "order.paid"
    PACKAGE_PREPARED = "order.package_prepared"  # package_reference
    DISPATCHED = "order.dispatched"  # carrier, tracking_number
    COMPLETED = "order.completed"
    CANCELLING = "order.cancelling"  # reason_code, cause, reason
    CANCELLED = "order.cancelled"  # reason_code, cause, reason

    # decision_id, channel, reason, is_own_order, terminal_user; approvals, approvals_needed where one is not enough
    APPROVED = "decision.approved"
    CANCELLATION_REQUESTED = "decision.cancellation_requested"  # ... the same, reason_code, reason_words, customer_text
    WITHDRAWN = "decision.withdrawn"  # decision_id, channel, reason_code, reason
    DECISION_TOO_LATE = "decision.too_late"  # decision_id, decision, decided_by
    DECISION_REFUSED = "decision.refused"  # decision_id, channel, code, reason
    COMMENTED = "order.commented"  # channel, text, account_id; mentions (account ids) and mentioned (their names)
    COMMENT_EDITED = "order.comment_edited"  # comment (the event's id), and the same; mentions are those who are new
    ADDRESS_CORRECTED = "order.address_corrected"  # channel, old and new (parts by their columns), reason
    DEADLINE_EXTENDED = "order.deadline_extended"  # channel, old, new, reason, terminal_user
    REMINDED = "order.reminded"  # deadline
    ESCALATED = "order.escalated"  # deadline, group (its name, where the policy names one)
    TAGGED = "order.tagged"  # channel, tag
    UNTAGGED = "order.untagged"  # channel, tag

    AUTHORISED = "payment.authorised"  # amount, currency, gateway_reference
    RELEASED = "payment.released"
    CHARGED = "payment.charged"  # amount, currency, gateway_reference
    CHARGE_DECLINED = "payment.declined"  # error, code
    CHARGE_FOUND = "payment.charge_found"
    NOTHING_TO_CHARGE = "payment.nothing_to_charge"
    REFUND_REQUESTED = "payment.refund_requested"  # amount, currency, reason_code, reason_words, reason
    REFUNDED = "payment.refunded"  # amount, currency, gateway_reference
    REFUND_UNRESOLVED = "payment.refund_unresolved"  # amount, currency, error
    REFUND_REFUSED = "payment.refund_refused"  # amount, currency, code, error
    REFUND_SETTLED = "payment.refund_settled"  # amount, currency, reason
    CLOSED_UNCHARGED = "payment.closed_uncharged"
    NOTHING_TO_REFUND = "payment.nothing_to_refund"
    PARCEL_DELIVERED = "shipment.delivered"  # carrier, tracking_number
    PARCEL_RETURNED = "shipment.returned"  # carrier, tracking_number
    PARCEL_FAILED = "shipment.failed"  # carrier, tracking_number
    PARCEL_FOUND = "shipment.parcel_found"  # carrier, tracking_number

    RUN_STARTED = "run.started"  # run_id
    RUN_REPLACED = "run.replaced"  # run_id, ending, goes_on
    RUN_REFUSED = "run.refused"  # run_id, activity
    STEP_FAILED = "step.failed"  # activity, attempt (or IMMEDIATE), error; refund_key
    STEP_LOST = "step.lost"  # activity, attempt, reach, seconds until it was resumed where known; refund_key
    STEP_RETRIED = "step.retried"  # activity, channel
    STEP_PAUSED = "step.paused"  # activity, channel
    STEP_RESUMED = "step.resumed"  # activity, channel
    TROUBLE_BEGAN = "trouble.began"  # code, detail
    TROUBLE_ENDED = "trouble.ended"  # code


# The event with which each status begins.
STATUS_KINDS: Final[Mapping[Status, EventKind]] = {
    Status.CREATED: EventKind.SUBMITTED,
    Status.VALIDATED: EventKind.VALIDATED,
    Status.PENDING_MANUAL_APPROVAL: EventKind.AWAITING_APPROVAL,
    Status.CHARGING_PAYMENT: EventKind.CHARGING,
    Status.PAID: EventKind.PAID,
    Status.PACKAGE_PREPARED: EventKind.PACKAGE_PREPARED,
    Status.DISPATCHED: EventKind.DISPATCHED,
    Status.COMPLETED: EventKind.COMPLETED,
    Status.CANCELLING: EventKind.CANCELLING,
    Status.CANCELLED: EventKind.CANCELLED,
}
STATUSES: Final[Mapping[str, Status]] = {kind.value: status for status, kind in STATUS_KINDS.items()}
# The event with which each kind of decision is written down.
DECISION_KINDS: Final[Mapping[DecisionKind, EventKind]] = {
    DecisionKind.APPROVE: EventKind.APPROVED,
    DecisionKind.CANCEL: EventKind.CANCELLATION_REQUESTED,
}
