"""The words for the codes of batches."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy

from orders.labels import Label
from orders.states import BatchResult, BatchState

BATCH_STATE_LABELS: Final[Mapping[BatchState, Label]] = {
    BatchState.RUNNING: gettext_lazy("Running"),
    BatchState.PAUSED: gettext_lazy("Paused"),
    BatchState.STOPPED: gettext_lazy("Stopped"),
    BatchState.DONE: gettext_lazy("Done"),
}

BATCH_RESULT_LABELS: Final[Mapping[BatchResult, Label]] = {
    BatchResult.DECIDED: gettext_lazy("Decided"),
    BatchResult.OWN_ORDER: gettext_lazy("Own order; someone else has to approve it"),
    BatchResult.REASON_MISSING: gettext_lazy("Own order; approving it needs a reason"),
    BatchResult.ALREADY_DECIDED: gettext_lazy("Decided before"),
    BatchResult.TOO_LATE: gettext_lazy("Too late"),
    BatchResult.POLICY: gettext_lazy("The policy has someone else approve it"),
    BatchResult.NOT_ALLOWED: gettext_lazy("Not allowed"),
    BatchResult.BUSY: gettext_lazy("Someone else was changing it"),
}
