"""Words are made when they are shown: for every code there are some, and nothing else is needed for them than data."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.utils.translation import override
from pytest_django import Settings

from orders.causes import CAUSE_TEXTS, ENDING_CAUSES, Cause
from orders.contracts import CANCEL_REQUEST_ACTOR, EARLIER_RUN_ACTOR, POLICY_ACTOR, UNNAMED_ACTOR
from orders.engine.temporal import Ending
from orders.events import DECISION_KINDS, STATUS_KINDS, STATUSES, EventKind, Reach
from orders.labels import (
    ACTIVITY_LABELS,
    CHANNEL_LABELS,
    DECISION_LABELS,
    OUTCOME_LABELS,
    REASON_LABELS,
    REFUSAL_LABELS,
    STATUS_LABELS,
    TROUBLE_LABELS,
    describe_activity,
    describe_actor,
    describe_cause,
    describe_event,
)
from orders.labels.losses import REACH_LABELS, STEP_REACH_LABELS, describe_loss
from orders.labels.reasons import DECISION_REASON_LABELS
from orders.labels.statuses import name_status
from orders.models import OrderEvent
from orders.states import Channel, DecisionKind, DecisionReason, Outcome, ReasonCode, RefusalCode, Status, TroubleCode
from tests.making import MakeOrder
from workers.activities import ORDER_ACTIVITIES, SHIPPING_ACTIVITIES, give_back_refund

MONEY = {"amount": 123456, "currency": "EUR", "gateway_reference": "ch_1"}
CANCELLED = {"reason_code": "PAYMENT_DECLINED", "cause": "", "reason": ""}
PARCEL = {"carrier": "Swift", "tracking_number": "T-1"}
DECISION = {"decision_id": "1", "channel": "CONSOLE", "reason": "Looks right"}
STEP = {"activity": "charge_payment", "channel": "CONSOLE"}

# Every kind with data as it is written, and the words that people read.
WORDS: Final[dict[EventKind, tuple[dict[str, Any], str, str]]] = {
    EventKind.SUBMITTED: ({}, "Submitted", ""),
    EventKind.VALIDATED: ({}, "Validated", ""),
    EventKind.AWAITING_APPROVAL: ({"deadline": "2026-11-25T20:00:00+00:00"}, "Awaiting approval", ""),
    EventKind.CHARGING: ({}, "Charging payment", ""),
    EventKind.PAID: ({}, "Paid", ""),
    EventKind.PACKAGE_PREPARED: ({"package_reference": "P-1"}, "Package prepared", "P-1"),
    EventKind.DISPATCHED: (PARCEL, "Dispatched", "Swift, tracking number T-1"),
    EventKind.COMPLETED: ({}, "Completed", ""),
    EventKind.CANCELLING: (CANCELLED, "Cancelling", "Payment declined"),
    EventKind.CANCELLED: (CANCELLED | {"reason": "Card expired"}, "Cancelled", "Card expired"),
    EventKind.APPROVED: (DECISION, "Approved", "Looks right"),
    EventKind.COMMENTED: ({"channel": "API", "text": "Gift wrap"}, "Comment", "Gift wrap"),
    EventKind.COMMENT_EDITED: ({"channel": "CONSOLE", "text": "In red", "comment": 1}, "Comment edited", "In red"),
    EventKind.CANCELLATION_REQUESTED: (DECISION, "Cancellation requested", "Looks right"),
    EventKind.DECISION_TOO_LATE: (
        {"decision_id": "1", "decision": "approve", "decided_by": "bob"},
        "A decision came too late",
        "The approval by bob had no effect.",
    ),
    EventKind.WITHDRAWN: (
        {"decision_id": "1", "channel": "CONSOLE", "reason_code": "WITHDRAWN", "reason": "Typed twice"},
        "Withdrawn by the submitter",
        "Typed twice",
    ),
    EventKind.DECISION_REFUSED: (
        {"decision_id": "1", "channel": "TEMPORAL", "code": "OUTSIDE", "reason": "Do it."},
        "An approval through Temporal was not accepted",
        "Approvals sent straight through Temporal do not count here. Do it.",
    ),
    EventKind.DEADLINE_EXTENDED: (
        {
            "channel": "CONSOLE",
            "old": "2026-11-27T14:00:00+00:00",
            "new": "2026-11-28T14:00:00+01:00",
            "reason": "The customer answers tomorrow",
        },
        "Deadline extended",
        "From 27 Nov 2026, 14:00 UTC to 28 Nov 2026, 13:00 UTC\nThe customer answers tomorrow",
    ),
    EventKind.REMINDED: (
        {"deadline": "2026-11-27T14:00:00+00:00"},
        "Approvers reminded",
        "Half of the wait is over. The deadline is 27 Nov 2026, 14:00 UTC.",
    ),
    EventKind.ESCALATED: (
        {"deadline": "2026-11-27T14:00:00+00:00", "group": "supervisors"},
        "Escalated",
        "To supervisors. The deadline is 27 Nov 2026, 14:00 UTC.",
    ),
    EventKind.ADDRESS_CORRECTED: (
        {
            "channel": "CONSOLE",
            "old": {"address_line": "Long Street 1", "address_postcode": "10115", "address_city": "Berlin"},
            "new": {"address_line": "Long Street 11", "address_line2": "", "address_city": "Berlin"},
            "reason": "Customer called",
        },
        "Address corrected",
        "Before: Long Street 1, Berlin, 10115\nNow: Long Street 11, Berlin\nCustomer called",
    ),
    EventKind.TAGGED: ({"channel": "CONSOLE", "tag": "gift-wrap"}, "Tag added", "gift-wrap"),
    EventKind.UNTAGGED: ({"channel": "CONSOLE", "tag": "gift-wrap"}, "Tag removed", "gift-wrap"),
    EventKind.AUTHORISED: (MONEY, "Authorised 1,234.56 EUR", "ch_1"),
    EventKind.RELEASED: ({}, "Authorisation released, nothing was charged", ""),
    EventKind.CHARGED: (MONEY, "Charged 1,234.56 EUR", "ch_1"),
    EventKind.CHARGE_DECLINED: ({"error": "No funds."}, "Payment declined", "No funds."),
    EventKind.CHARGE_FOUND: ({}, "The gateway had already charged the payment", ""),
    EventKind.NOTHING_TO_CHARGE: ({}, "Nothing to charge", "The order total is zero."),
    EventKind.REFUND_REQUESTED: (
        MONEY | {"reason_code": "WRONG_PRICE", "reason": "10 % off"},
        "Refund of 1,234.56 EUR requested",
        "Wrong price: 10 % off",
    ),
    EventKind.REFUND_UNRESOLVED: (
        {"amount": 123456, "currency": "EUR", "error": "No answer."},
        "The gateway has not confirmed the refund of 1,234.56 EUR",
        "No answer.",
    ),
    EventKind.REFUND_REFUSED: (
        MONEY | {"code": "exceeds_charge", "error": "Too much."},
        "The gateway refused to refund 1,234.56 EUR",
        "The refund is more than is left of the charge.",
    ),
    EventKind.REFUNDED: (MONEY, "Refunded 1,234.56 EUR", "ch_1"),
    EventKind.REFUND_SETTLED: (
        {"amount": 500, "currency": "EUR", "reason": "By bank transfer"},
        "Refund of 5.00 EUR settled outside the console",
        "By bank transfer",
    ),
    EventKind.CLOSED_UNCHARGED: ({}, "Payment closed before it was charged", ""),
    EventKind.NOTHING_TO_REFUND: ({}, "Nothing to refund", "The order total is zero."),
    EventKind.PARCEL_DELIVERED: (PARCEL, "The parcel was delivered", "Swift, tracking number T-1"),
    EventKind.PARCEL_RETURNED: (PARCEL, "The parcel was returned to the sender", "Swift, tracking number T-1"),
    EventKind.PARCEL_FAILED: (PARCEL, "The parcel could not be delivered", "Swift, tracking number T-1"),
    EventKind.PARCEL_FOUND: (PARCEL, "The carrier already had the parcel", "Swift, tracking number T-1"),
    EventKind.RUN_STARTED: ({"run_id": "r"}, "Workflow started", ""),
    EventKind.RUN_REPLACED: (
        {"run_id": "r", "ending": "TERMINATED", "goes_on": False},
        "Workflow restarted",
        "The order's workflow run was terminated. The order is being cancelled.",
    ),
    EventKind.RUN_REFUSED: (
        {"run_id": "r", "activity": "charge_payment"},
        "An extra workflow run was stopped",
        "Charge the payment: nothing was done.",
    ),
    EventKind.STEP_FAILED: (
        {"activity": "charge_payment", "attempt": 2, "error": "100 % broken"},
        "Charge the payment: attempt 2 failed",
        "100 % broken",
    ),
    EventKind.STEP_LOST: (
        {"activity": "charge_payment", "attempt": 1, "reach": "MAY_HAVE_ASKED", "seconds": 6},
        "Contact with a worker was lost",
        "Charge the payment: resumed after 6 s. By then the gateway may have taken the money, so it is asked about that"
        " before anything is charged.",
    ),
    EventKind.STEP_RETRIED: (STEP, "Charge the payment: retried at once", ""),
    EventKind.STEP_PAUSED: (STEP, "Charge the payment: paused", ""),
    EventKind.STEP_RESUMED: (STEP, "Charge the payment: resumed", ""),
    EventKind.TROUBLE_BEGAN: (
        {"code": "CHARGE_UNRESOLVED", "detail": "It hangs."},
        "The payment gateway is not responding",
        "It hangs.",
    ),
    EventKind.TROUBLE_ENDED: ({"code": "CHARGE_UNRESOLVED"}, "Resolved: The payment gateway is not responding", ""),
}


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_has_its_words(kind: EventKind) -> None:
    data, title, detail = WORDS[kind]
    assert describe_event(kind, data) == (title, detail)


@pytest.mark.parametrize("activity", [*ACTIVITY_LABELS, "step_of_another_release"])
@pytest.mark.parametrize("reach", Reach)
def test_a_loss_has_words_for_every_step(activity: str, reach: Reach) -> None:
    data = {"activity": activity, "attempt": 1, "reach": reach.value}
    step = describe_activity(activity)
    assert describe_loss(data).startswith(f"{step}: resumed. ")
    assert describe_loss(data | {"seconds": 3606}).startswith(f"{step}: resumed after 1 h. ")
    assert {activity for activity, _ in STEP_REACH_LABELS} <= set(ACTIVITY_LABELS)


def test_every_status_has_words_within_a_sentence() -> None:
    assert [name_status(status) for status in STATUS_LABELS] == [str(label).lower() for label in STATUS_LABELS.values()]


def test_every_code_has_its_words() -> None:
    assert set(REACH_LABELS) == set(Reach)
    assert set(STATUS_LABELS) == set(STATUS_KINDS) == set(STATUSES.values()) == set(Status)
    assert set(REASON_LABELS) == set(ReasonCode)
    assert set(DECISION_LABELS) == set(DECISION_KINDS) == set(DecisionKind)
    assert set(OUTCOME_LABELS) == set(Outcome)
    assert set(DECISION_REASON_LABELS) == set(DecisionReason)
    assert set(TROUBLE_LABELS) == set(TroubleCode)
    assert set(CHANNEL_LABELS) == set(Channel)
    assert set(REFUSAL_LABELS) == set(RefusalCode)
    assert set(ENDING_CAUSES) == {"", *Ending}
    assert set(CAUSE_TEXTS) == set(Cause)
    activities = [*ORDER_ACTIVITIES, give_back_refund, *SHIPPING_ACTIVITIES]
    assert set(ACTIVITY_LABELS) == {activity.__name__ for activity in activities}


@pytest.mark.parametrize(
    ("name", "channel", "terminal_user", "words"),
    [
        ("bob", Channel.CONSOLE, "", "bob"),
        ("bob", "", "", "bob"),
        ("bob", Channel.TEMPORAL, "", "someone using Temporal, who claims to be bob"),
        (UNNAMED_ACTOR, Channel.TEMPORAL, "", "someone using Temporal"),
        (CANCEL_REQUEST_ACTOR, Channel.TEMPORAL, "", "a cancel request in Temporal"),
        (EARLIER_RUN_ACTOR, Channel.TEMPORAL, "", "someone, according to an earlier workflow run"),
        ("bob", Channel.TERMINAL, "root", "bob, according to root at the terminal"),
        ("root", Channel.TERMINAL, "root", "root at the terminal"),
        ("bob", Channel.TERMINAL, "", "bob at the terminal"),
        (POLICY_ACTOR, Channel.POLICY, "", "the policy"),
    ],
)
def test_a_claim_is_said_to_be_one(name: str, channel: str, terminal_user: str, words: str) -> None:
    assert describe_actor(name, channel, terminal_user) == words


@pytest.mark.parametrize(
    ("cause", "text", "words"),
    [
        (Cause.NO_LINES, "", "The order has no lines."),
        (Cause.NO_SUCCESS, "Broken pipe.", "It did not succeed in time. Broken pipe."),
        ("", "Customer called", "Customer called"),
        ("", "", ""),
        ("OF_ANOTHER_RELEASE", "", "OF_ANOTHER_RELEASE"),
    ],
)
def test_a_cause_is_said_before_what_others_said(cause: str, text: str, words: str) -> None:
    assert describe_cause(cause, text) == words


def test_an_own_approval_says_so() -> None:
    assert describe_event(EventKind.APPROVED, DECISION | {"is_own_order": True})[0] == "Approved by the submitter"


def test_an_escalation_to_no_group_is_to_all_approvers() -> None:
    told = describe_event(EventKind.ESCALATED, {"deadline": "2026-11-27T14:00:00+00:00"})[1]
    assert told == "To everybody who may approve it. The deadline is 27 Nov 2026, 14:00 UTC."


def test_an_approval_that_is_not_enough_says_so() -> None:
    data = DECISION | {"approvals": 1, "approvals_needed": 2}
    assert describe_event(EventKind.APPROVED, data)[0] == "Approved, 1 of 2"


def test_an_approval_by_the_policy_says_so() -> None:
    assert describe_event(EventKind.APPROVED, DECISION | {"channel": "POLICY"})[0] == "Approved by the policy"


def test_an_approval_that_the_policy_does_not_count_says_so() -> None:
    data = {"decision_id": "1", "channel": "CONSOLE", "code": "POLICY", "reason": ""}
    assert describe_event(EventKind.DECISION_REFUSED, data) == (
        "An approval was not accepted",
        "The policy asks for an approval by somebody else, with an account of the console.",
    )


def test_a_run_that_was_refused_before_any_step_says_so() -> None:
    assert describe_event(EventKind.RUN_REFUSED, {"run_id": "r", "activity": ""})[1] == "Nothing was done."


def test_a_kind_of_another_release_is_shown_by_its_code() -> None:
    assert describe_event("order.fragrant", {"smell": "roses"}) == ("order.fragrant", "smell: roses")


def test_words_are_made_in_the_language_of_the_reader(tmp_path: Path, settings: Settings) -> None:
    catalogue = Catalog(locale="de")
    catalogue.add("Paid", "Bezahlt")
    catalogue.add("%(carrier)s, tracking number %(tracking_number)s", "%(carrier)s, Sendung %(tracking_number)s")
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalogue)
    settings.LOCALE_PATHS = [tmp_path]
    with override("de"):
        assert describe_event(EventKind.PAID, {}) == ("Bezahlt", "")
        assert describe_event(EventKind.DISPATCHED, PARCEL)[1] == "Swift, Sendung T-1"


@pytest.mark.django_db
def test_no_event_stores_words(make_order: MakeOrder) -> None:
    """Whatever an order goes through, its events hold codes, numbers, ids and what the outside world said."""
    words = {str(label) for label in [*STATUS_LABELS.values(), *DECISION_LABELS.values(), *ACTIVITY_LABELS.values()]}
    make_order("COMPLETED")
    make_order("CANCELLED")
    stored = [json.dumps(event.data) for event in OrderEvent.objects.all()]
    assert stored
    assert not [text for text in stored for word in words if word in text]
    assert {"title", "detail"}.isdisjoint(field.name for field in OrderEvent._meta.get_fields())
