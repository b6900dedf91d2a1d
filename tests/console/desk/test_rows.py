"""console.desk.rows: which rows have a box to tick."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User

from console.access import CurrentUser
from console.desk.rows import RowFacts
from tests.making import make_user

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def row(status: str, decision: str = "", *, hours_left: int = 3) -> RowFacts:
    deadline = NOW + timedelta(hours=hours_left)
    return RowFacts("order-1", 1, status, decision, deadline, False, False, NOW)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "decision", "is_tickable"),
    [
        ("PENDING_MANUAL_APPROVAL", "", True),
        ("PENDING_MANUAL_APPROVAL", "approve", True),  # it may still be cancelled
        ("PENDING_MANUAL_APPROVAL", "cancel", False),
        ("PAID", "approve", True),
        ("CANCELLING", "", False),
        ("COMPLETED", "approve", False),
    ],
)
def test_an_approver_ticks_what_can_be_decided(bob: User, status: str, decision: str, is_tickable: bool) -> None:
    assert row(status, decision).is_tickable(CurrentUser.of(bob)) is is_tickable


@pytest.mark.django_db
def test_nobody_ticks_what_others_decide(charlie: User) -> None:
    assert not row("PENDING_MANUAL_APPROVAL").is_tickable(CurrentUser.of(charlie))


@pytest.mark.django_db
def test_who_only_approves_ticks_nothing_that_is_approved_or_over() -> None:
    eve = make_user("eve")
    eve.user_permissions.set(Permission.objects.filter(codename__in=["view_order", "approve_order"]))
    current_user = CurrentUser.of(eve)

    assert row("PENDING_MANUAL_APPROVAL").is_tickable(current_user)
    assert not row("PENDING_MANUAL_APPROVAL", "approve").is_tickable(current_user)
    assert not row("PENDING_MANUAL_APPROVAL", hours_left=0).is_tickable(current_user)
