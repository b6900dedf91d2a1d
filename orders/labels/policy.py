"""The words for changes of the approval policy."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orders.states import PolicyAction, PolicySubject

POLICY_SUBJECT_LABELS: Final[Mapping[PolicySubject, Promise]] = {
    PolicySubject.RULE: gettext_lazy("Rule"),
    PolicySubject.LIMIT: gettext_lazy("Approval limit"),
}

POLICY_ACTION_LABELS: Final[Mapping[PolicyAction, Promise]] = {
    PolicyAction.ADDED: gettext_lazy("Added"),
    PolicyAction.CHANGED: gettext_lazy("Changed"),
    PolicyAction.REMOVED: gettext_lazy("Removed"),
}
