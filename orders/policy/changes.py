"""Writes rules and limits, and with each change who made it, and what stood there before and after."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from orders.errors import PolicyInvalid
from orders.models import ApprovalLimit, PolicyChange, PolicyRule
from orders.permissions import Actor
from orders.states import PolicyAction, PolicySubject

Row = PolicyRule | ApprovalLimit

# What is no part of a rule or a limit itself.
_LEFT_OUT: Final = frozenset({"id", "created_at", "updated_at"})
# What is said only where it is set, as earlier releases did not know it; PostgreSQL does the same.
_SAID_WHERE_SET: Final = frozenset({"escalate_to"})


def save_rule(rule: PolicyRule, *, actor: Actor) -> PolicyRule:
    """Write a rule, new or changed. Raises PolicyInvalid for one that cannot be meant."""
    _save(rule, PolicySubject.RULE, actor)
    return rule


def remove_rule(rule: PolicyRule, *, actor: Actor) -> None:
    """Remove a rule; orders to which it applied keep what it asked for."""
    _remove(rule, PolicySubject.RULE, actor)


def save_limit(limit: ApprovalLimit, *, actor: Actor) -> ApprovalLimit:
    """Write a limit, new or changed. Raises PolicyInvalid for one that cannot be meant."""
    _save(limit, PolicySubject.LIMIT, actor)
    return limit


def remove_limit(limit: ApprovalLimit, *, actor: Actor) -> None:
    """Remove a limit."""
    _remove(limit, PolicySubject.LIMIT, actor)


def describe(row: Row) -> dict[str, Any]:
    """Return what a rule or a limit says, as it is kept with a change; groups and accounts by their names."""
    facts: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name not in _LEFT_OUT:
            value = getattr(row, field.name)
            if value is None and field.name in _SAID_WHERE_SET:
                continue
            facts[field.name] = str(value) if field.is_relation and value is not None else value
    return facts


@transaction.atomic
def _save(row: Row, subject: PolicySubject, actor: Actor) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        sentences = error.message_dict.items() if hasattr(error, "error_dict") else [("", error.messages)]
        said = (
            f"{name}: {text}" if name not in {"", "__all__"} else text for name, texts in sentences for text in texts
        )
        raise PolicyInvalid(" ".join(said)) from error
    model = type(row)
    old = model._default_manager.select_for_update(of=("self",)).filter(pk=row.pk).first()
    before = describe(old) if old is not None else None
    row.save()
    after = describe(row)
    if before != after:
        action = PolicyAction.ADDED if before is None else PolicyAction.CHANGED
        _write(row, subject, action, actor, before=before, after=after)


@transaction.atomic
def _remove(row: Row, subject: PolicySubject, actor: Actor) -> None:
    _write(row, subject, PolicyAction.REMOVED, actor, before=describe(row), after=None)
    row.delete()


def _write(
    row: Row,
    subject: PolicySubject,
    action: PolicyAction,
    actor: Actor,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    PolicyChange.objects.create(
        actor=actor.get_username(),
        actor_account_id=actor.pk,
        subject=subject,
        subject_id=row.pk,
        name=str(row)[:200],
        action=action,
        before=before,
        after=after,
    )
