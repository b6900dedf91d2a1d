"""The words for a corrected address."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from orders.intake.addresses import WRITTEN


def describe_correction(data: Mapping[str, Any]) -> str:
    """Return the old and the new address, each in one line, and why."""
    lines = [_("Before: %(address)s"), _("Now: %(address)s")]
    texts = [line % {"address": _write(data[name])} for line, name in zip(lines, ("old", "new"), strict=True)]
    return "\n".join([*texts, *filter(None, [data.get("reason", "")])])


def _write(parts: Mapping[str, str]) -> str:
    return ", ".join(parts[name] for name in WRITTEN if parts.get(name))
