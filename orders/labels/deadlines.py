"""The words for what becomes of a deadline."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _


def describe_extension(data: Mapping[str, Any]) -> str:
    """Return the old and the new deadline, and on a line of its own why."""
    span = _("From %(old)s to %(new)s") % {"old": _write(data["old"]), "new": _write(data["new"])}
    return f"{span}\n{data['reason']}"


def describe_reminder(data: Mapping[str, Any]) -> str:
    """Say what the approvers were reminded of."""
    return _("Half of the wait is over. The deadline is %(deadline)s.") % {"deadline": _write(data["deadline"])}


def describe_escalation(data: Mapping[str, Any]) -> str:
    """Say to whom, and until when somebody has to decide."""
    group = data.get("group", "")
    to = _("To %(group)s") % {"group": group} if group else _("To everybody who may approve it")
    return _("%(to)s. The deadline is %(deadline)s.") % {"to": to, "deadline": _write(data["deadline"])}


def _write(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone(UTC):%-d %b %Y, %H:%M} UTC"
