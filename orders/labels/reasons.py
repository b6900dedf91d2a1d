"""The words for what a list of reasons is for."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orders.states import ReasonKind

REASON_KIND_LABELS: Final[Mapping[ReasonKind, Promise]] = {
    ReasonKind.CANCEL: gettext_lazy("Cancelling"),
    ReasonKind.REFUND: gettext_lazy("Refunding"),
}
