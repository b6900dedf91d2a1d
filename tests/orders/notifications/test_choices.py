"""How somebody wants to be told: what is usual, quiet hours in their zone, and the next full hour."""

from datetime import UTC, datetime, time

import pytest
from django.contrib.auth.models import User

from orders.errors import OrderInvalid
from orders.models import NoticeSettings
from orders.notifications.choices import DEFAULT_WAYS, Choices, read_own_choices, save_choices
from orders.notifications.people import list_kinds
from orders.states import NoticeKind, NoticeWay

MENTIONED = NoticeKind.MENTIONED


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00").replace(tzinfo=UTC)


def choose(way: NoticeWay, zone: str = "UTC", quiet: tuple[int, int] | None = None) -> Choices:
    hours = [time(hour) for hour in quiet] if quiet else [None, None]
    return Choices({MENTIONED: way}, zone, *hours)


@pytest.mark.parametrize(
    ("choices", "now", "due"),
    [
        (choose(NoticeWay.OFF), "11-27T10:20", None),
        (choose(NoticeWay.CONSOLE), "11-27T10:20", None),
        (choose(NoticeWay.AT_ONCE), "11-27T10:20", "11-27T10:20"),
        (choose(NoticeWay.DIGEST), "11-27T10:20", "11-27T11:00"),
        (choose(NoticeWay.DIGEST), "11-27T23:59", "11-28T00:00"),
        # Half an hour beside the others
        (choose(NoticeWay.DIGEST, "Asia/Kolkata"), "11-27T10:20", "11-27T10:30"),
        # Quiet over midnight
        (choose(NoticeWay.AT_ONCE, quiet=(22, 7)), "11-27T21:59", "11-27T21:59"),
        (choose(NoticeWay.AT_ONCE, quiet=(22, 7)), "11-27T22:00", "11-28T07:00"),
        (choose(NoticeWay.AT_ONCE, quiet=(22, 7)), "11-28T06:59", "11-28T07:00"),
        (choose(NoticeWay.AT_ONCE, quiet=(22, 7)), "11-28T07:00", "11-28T07:00"),
        # By day
        (choose(NoticeWay.AT_ONCE, quiet=(12, 13)), "11-27T12:30", "11-27T13:00"),
        (choose(NoticeWay.AT_ONCE, quiet=(12, 12)), "11-27T12:00", "11-27T12:00"),
        # In the person's zone, an hour ahead in winter and two in summer
        (choose(NoticeWay.AT_ONCE, "Europe/Berlin", (22, 7)), "11-27T21:30", "11-28T06:00"),
        (choose(NoticeWay.AT_ONCE, "Europe/Berlin", (22, 7)), "07-27T20:30", "07-28T05:00"),
        # The night in which the clocks go back
        (choose(NoticeWay.AT_ONCE, "Europe/Berlin", (22, 7)), "10-24T21:30", "10-25T06:00"),
        (choose(NoticeWay.DIGEST, quiet=(11, 12)), "11-27T10:20", "11-27T12:00"),
    ],
)
def test_when_an_email_comes(choices: Choices, now: str, due: str | None) -> None:
    assert choices.find_mail_time(MENTIONED, at(now)) == (at(due) if due else None)


def test_a_zone_that_is_gone_counts_as_utc() -> None:
    choices = Choices({MENTIONED: NoticeWay.DIGEST}, "Mars/Olympus")
    assert choices.find_mail_time(MENTIONED, at("11-27T10:20")) == at("11-27T11:00")


def test_there_is_a_usual_way_for_each_kind() -> None:
    assert set(DEFAULT_WAYS) == set(NoticeKind)


@pytest.mark.django_db
def test_what_somebody_chose_is_kept(bob: User) -> None:
    assert read_own_choices(bob.pk) == Choices()
    chosen = Choices({MENTIONED: NoticeWay.OFF}, "Europe/Berlin", time(22), time(7))
    save_choices(bob.pk, chosen)
    assert read_own_choices(bob.pk) == chosen


@pytest.mark.django_db
def test_what_a_later_release_wrote_counts_as_not_chosen(bob: User) -> None:
    NoticeSettings.objects.create(account=bob, ways={"SOMETHING": "OFF", "MENTIONED": "BY_PIGEON"})
    assert read_own_choices(bob.pk) == Choices()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("choices", "field"),
    [
        (Choices(time_zone="Mars/Olympus"), "time_zone"),
        (Choices(quiet_from=time(22)), "quiet_until"),
        (Choices(quiet_until=time(7)), "quiet_from"),
    ],
)
def test_what_cannot_be_meant_is_refused(bob: User, choices: Choices, field: str) -> None:
    with pytest.raises(OrderInvalid) as refusal:
        save_choices(bob.pk, choices)
    assert list(refusal.value.fields) == [field]


@pytest.mark.django_db
def test_somebody_can_get_what_concerns_them(alice: User, bob: User, charlie: User, admin_user: User) -> None:
    assert list_kinds(charlie) == list_kinds(alice) == [MENTIONED]
    assert set(NoticeKind) - set(list_kinds(bob)) == {NoticeKind.WEBHOOK_PAUSED}
    assert list_kinds(admin_user) == list(NoticeKind)
