"""A worker that differs from today's: `python -m tests.faults.changed_worker`.

With HOLDS, it fails the step that an order's id names (`order-hold-prepare_package-…`), so that the order waits there;
a file of that name in the folder HOLDS says that it does. With TOMORROW, it has tomorrow's workflow.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import django
from django.core.management import execute_from_command_line

django.setup()

from orders import contracts  # noqa: E402 - models are imported only when Django is ready
from orders.decisions import closing  # noqa: E402
from orders.errors import OutsideWorldFailed  # noqa: E402
from orders.intake import receipt  # noqa: E402
from orders.payments import charge, refund  # noqa: E402
from orders.shipping import ship  # noqa: E402
from tests.faults.patched_workflow import PatchedWorkflow  # noqa: E402
from workers import worker  # noqa: E402

# Which step is done where; the activities call it by this name.
STEPS: Final[dict[str, ModuleType]] = {
    "receive_order": receipt,
    "validate_order": receipt,
    "charge_payment": charge,
    "refund_payment": refund,
    "prepare_package": ship,
    "dispatch_carrier": ship,
    "complete_order": closing,
    "process_cancellation": closing,
}


def hold(name: str, step: Callable[[Any], Any], folder: Path, command: Any) -> Any:
    """Do the step, unless the order is to wait there."""
    if command.order_id.startswith(f"order-hold-{name}-"):
        (folder / command.order_id).touch()
        raise OutsideWorldFailed("It does not answer.")
    return step(command)


if __name__ == "__main__":
    if os.environ.get("HOLDS"):
        for name, module in STEPS.items():
            setattr(module, name, partial(hold, name, getattr(module, name), Path(os.environ["HOLDS"])))
    if os.environ.get("TOMORROW"):
        worker.WORKFLOWS[contracts.ORDER_QUEUE] = (PatchedWorkflow,)
    execute_from_command_line(["manage.py", "runworkers"])
