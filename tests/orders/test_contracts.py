"""orders.contracts: what crosses Temporal, through the SDK's own JSON converter."""

import dataclasses
import inspect
import json
from typing import Any

import pytest
from temporalio.converter import DataConverter

from orders import contracts

MESSAGES = [
    message
    for _, message in inspect.getmembers(contracts, dataclasses.is_dataclass)
    if message.__module__.startswith(contracts.__name__)
]
converter = DataConverter.default.payload_converter


def example(message: Any) -> Any:
    """Return a message whose required fields are filled by their types."""
    by_type: dict[Any, Any] = {str: "text", int: 3, bool: True}
    required = [field for field in dataclasses.fields(message) if field.default is dataclasses.MISSING]
    return message(**{field.name: by_type[field.type] for field in required})


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_a_message_arrives_as_it_was_sent(message: Any) -> None:
    sent = example(message)
    [payload] = converter.to_payloads([sent])
    assert converter.from_payloads([payload], [message]) == [sent]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_a_message_of_a_newer_release_is_understood(message: Any) -> None:
    sent = example(message)
    [payload] = converter.to_payloads([sent])
    payload.data = json.dumps(json.loads(payload.data) | {"field_of_tomorrow": 1}).encode()
    assert converter.from_payloads([payload], [message]) == [sent]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_messages_are_frozen(message: Any) -> None:
    sent = example(message)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(sent, dataclasses.fields(message)[0].name, "changed")


def test_an_order_can_be_started_with_its_id_alone() -> None:
    assert contracts.OrderInput("order-1").compensate_for == ""


def test_a_decision_may_be_empty() -> None:
    assert converter.from_payloads(converter.to_payloads([{}]), [contracts.Decision]) == [contracts.Decision()]
