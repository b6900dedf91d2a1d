"""The sandbox in which workflows run, without a detour that the SDK takes for each payload.

A data converter may depend on whose payload it is, so the SDK asks the workflow, inside of its sandbox, four times for
each. Ours does not (`payloads`), so the answer is always the same. Entering the sandbox for it took a sixth of a
worker's CPU time.
"""

from typing import Any, Final

from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info

NO_CONTEXT: Final = StorageDriverStoreContext(target=None)


class _PlainInstance(WorkflowInstance):
    """An instance in the sandbox, of which only its work is asked."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: Any) -> Any:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        return None

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        return NO_CONTEXT

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


class Sandbox(SandboxedWorkflowRunner):
    """The SDK's own sandbox, with all its restrictions."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Return the instance of a run."""
        return _PlainInstance(super().create_instance(det))
