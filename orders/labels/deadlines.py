"""The words for what becomes of a deadline."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _


def describe_extension(data: Mapping[str, Any]) -> str:
    """Return the old and the new deadline, and on a line of its own why."""
    span = _("From %(old)s to %(new)s") % {"old": _write(data["old"]), "new": _write(data["new"])}
    return f"{span}\n{data['reason']}"


def _write(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone(UTC):%-d %b %Y, %H:%M} UTC"
