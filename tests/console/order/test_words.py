"""console.labels, orders.labels.spans: times and roles in plain words."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from console import labels
from orders.contracts import WaitingFor
from orders.labels import describe_activity
from orders.labels.spans import describe_span
from orders.states import Status
from tests.making import make_user

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=8.9), "8 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=3, minutes=20, seconds=59), "3 h 20 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=2, hours=4, minutes=5), "2 d 4 h"),
        (timedelta(days=400, hours=4), "400 d"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(span: timedelta, said: str) -> None:
    assert describe_span(span) == said


def test_an_age_below_a_minute_is_just_now() -> None:
    assert labels.describe_age(NOW - timedelta(seconds=59), NOW) == "just now"
    assert labels.describe_age(NOW - timedelta(minutes=5), NOW) == "5 min ago"
    assert labels.describe_age(NOW + timedelta(minutes=5), NOW) == "just now"  # clocks of two machines


def test_a_deadline_is_ahead_or_over() -> None:
    assert labels.describe_deadline(NOW + timedelta(hours=3, minutes=20), NOW) == "in 3 h 20 min"
    assert labels.describe_deadline(NOW, NOW) == "overdue"


def test_an_exact_time_says_its_zone() -> None:
    assert labels.describe_moment(NOW) == "23 Nov 2026, 12:00:00 UTC"


def test_an_unknown_activity_is_said_as_it_is_named() -> None:
    assert describe_activity("charge_payment") == "Charge the payment"
    assert describe_activity("feed_the_cat") == "Feed the cat"


def test_every_status_has_a_tone_an_icon_and_a_next_step() -> None:
    assert set(labels.STATUS_TONES) == set(labels.STATUS_ICONS) == set(labels.STATUS_SENTENCES) == set(Status)
    assert len(set(labels.STATUS_ICONS.values())) == len(Status), "each status has a shape of its own"


def test_everything_a_workflow_waits_for_has_words() -> None:
    assert set(labels.WAITING_SENTENCES) == set(WaitingFor)


def test_a_role_is_what_a_person_may_do(alice: User, bob: User, charlie: User, admin_user: User) -> None:
    people = (alice, bob, charlie, admin_user, make_user("nobody"))
    roles = [labels.describe_role(person) for person in people]
    assert roles == ["clerk", "approver", "viewer", "administrator", "no role yet"]
