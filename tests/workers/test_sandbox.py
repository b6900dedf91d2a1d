"""workers.sandbox: what is sent over Temporal does not depend on whose it is, so nobody asks the workflow for that."""

from typing import Any

import pytest
from temporalio.converter import WithSerializationContext
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workers.payloads import DATA_CONVERTER, CarefulPayloadConverter
from workers.sandbox import Sandbox


def test_the_data_converter_depends_on_nobody() -> None:
    assert DATA_CONVERTER.payload_codec is None
    assert DATA_CONVERTER.external_storage is None
    parts: list[Any] = [*CarefulPayloadConverter().converters.values(), DATA_CONVERTER.failure_converter]
    assert [part for part in parts if isinstance(part, WithSerializationContext)] == []


def test_only_the_work_of_a_workflow_goes_into_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Noting:
        """Stands in the sandbox, and notes what is asked."""

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return lambda *arguments: name

    monkeypatch.setattr(SandboxedWorkflowRunner, "create_instance", lambda runner, details: Noting())
    details: Any = None
    instance = Sandbox().create_instance(details)
    assert instance.get_serialization_context(None) is None
    assert instance.get_external_store_context(None).target is None
    assert asked == []
    assert [instance.activate(details), instance.get_info(), instance.get_thread_id()] == asked
    assert asked == ["activate", "get_info", "get_thread_id"]
