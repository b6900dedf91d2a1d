"""Whom a notice is for: people by what they may do, each with what they chose; read once a round, and when needed."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.db.models import QuerySet

from orders import permissions
from orders.notifications.choices import Choices, read_choices
from orders.permissions import Actor
from orders.states import DecisionKind, NoticeKind, NoticeWay

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and how they want to be told."""

    account_id: int
    username: str
    has_address: bool
    choices: Choices

    def wants(self, kind: NoticeKind) -> bool:
        """Tell whether the person wants to be told of this kind at all."""
        return self.choices.way_of(kind) != NoticeWay.OFF


class People:
    """Everybody who may be told of something."""

    @cached_property
    def approvers(self) -> list[Person]:
        """Those who may approve orders, if not every order."""
        return _list(_who_may(permissions.APPROVE))

    @cached_property
    def refunders(self) -> list[Person]:
        """Those who may give money back."""
        return _list(_who_may(permissions.REFUND))

    @cached_property
    def administrators(self) -> list[Person]:
        """Those who may change webhooks."""
        return _list(User.objects.filter(is_superuser=True, is_active=True))

    def find_viewers(self, account_ids: Collection[int]) -> list[Person]:
        """Return those of these accounts who may look at orders."""
        return _list(_who_may(permissions.VIEW).filter(pk__in=account_ids)) if account_ids else []

    def find_members(self, group: str) -> list[Person]:
        """Return the members of a group who may look at orders."""
        return _list(_who_may(permissions.VIEW).filter(groups__name=group))

    def find(self, account_ids: Collection[int]) -> list[Person]:
        """Return those of these accounts that are active."""
        return _list(User.objects.filter(pk__in=account_ids, is_active=True)) if account_ids else []


def list_kinds(actor: Actor) -> list[NoticeKind]:
    """Return the kinds of notices that somebody can get, by what they may do."""
    may_approve = permissions.may_decide(actor, DecisionKind.APPROVE)
    may_get = {
        NoticeKind.NEEDS_APPROVAL: may_approve,
        NoticeKind.EXPIRING: may_approve,
        NoticeKind.ESCALATED: may_approve,
        NoticeKind.MENTIONED: permissions.may_view(actor),
        NoticeKind.BATCH_ENDED: any(permissions.may_decide(actor, kind) for kind in DecisionKind),
        NoticeKind.REFUND_FAILED: permissions.may_refund(actor),
        NoticeKind.WEBHOOK_PAUSED: actor.is_superuser,
    }
    return [kind for kind in NoticeKind if may_get[kind]]


def _who_may(permission: str) -> QuerySet[User]:
    return User.objects.with_perm(permission, backend=BACKEND)


def _list(users: QuerySet[User]) -> list[Person]:
    # A program's account has no password, and nobody who would read what it is told.
    users = users.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    found = list(users.order_by("pk").values_list("pk", "username", "email").distinct())
    choices = read_choices(pk for pk, _, _ in found)
    return [Person(pk, username, bool(email), choices.get(pk, Choices())) for pk, username, email in found]
