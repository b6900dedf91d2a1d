"""The words for the codes of imports."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy

from orders.labels import Label
from orders.states import ImportResult, ImportState

IMPORT_STATE_LABELS: Final[Mapping[ImportState, Label]] = {
    ImportState.CHOOSING: gettext_lazy("Columns not confirmed"),
    ImportState.CHECKING: gettext_lazy("Checking"),
    ImportState.CHECKED: gettext_lazy("Checked, not imported"),
    ImportState.RUNNING: gettext_lazy("Importing"),
    ImportState.STOPPED: gettext_lazy("Stopped"),
    ImportState.DONE: gettext_lazy("Done"),
}

IMPORT_RESULT_LABELS: Final[Mapping[ImportResult, Label]] = {
    ImportResult.WRONG: gettext_lazy("Has errors"),
    ImportResult.CREATED: gettext_lazy("Submitted"),
    ImportResult.EXISTING: gettext_lazy("Submitted before"),
    ImportResult.REFUSED: gettext_lazy("Refused"),
}
