"""The words for what becomes of a deadline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from orders.language import write_moment


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
    sentence = _("To everybody who may approve it. The deadline is %(deadline)s.")
    if group:
        sentence = _("To %(group)s. The deadline is %(deadline)s.")
    return sentence % {"group": group, "deadline": _write(data["deadline"])}


def _write(time: str) -> str:
    return write_moment(datetime.fromisoformat(time))
