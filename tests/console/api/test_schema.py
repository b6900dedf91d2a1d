"""The served schema is true: what fits it never fails or gets another shape, and what does not fit is refused."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import schemathesis
from django.test import Client
from django.test.client import ClientHandler
from hypothesis import HealthCheck, given, settings, strategies
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi import checks

from orders.states import Status
from tests.console.api.calling import Program
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
SCHEMA: Final = "/api/v1/openapi.json"
CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
# Enough to meet each parameter; `make test` has many other things to do.
EXAMPLES: Final = settings(max_examples=8, suppress_health_check=list(HealthCheck))


def serve(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """Be the project, in the test's own transaction: Django's server would close the connection after each call."""
    response: Any = ClientHandler()(environ | {"HTTP_ACCEPT_ENCODING": "identity"})
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]


def test_every_call_keeps_to_the_schema(make_order: MakeOrder) -> None:
    program = Program()
    type(program.key).objects.update(limit_per_minute=1_000_000)
    order_ids = [make_order(status).order_id for status in (Status.PENDING_MANUAL_APPROVAL, Status.COMPLETED)]
    schema = schemathesis.openapi.from_wsgi(SCHEMA, serve)
    found: list[Any] = list(schema.get_all_operations())
    for operation in (each.ok() for each in found):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not may_be_wrong(operation):
                continue
            check_calls(program, operation.as_strategy(generation_mode=mode), order_ids)


def may_be_wrong(operation: Any) -> bool:
    """Tell whether a call has a body to break the schema with; a filter that says nothing is none, as in a form."""
    return bool(operation.body)


def check_calls(program: Program, cases: Any, order_ids: list[str]) -> None:
    @EXAMPLES
    @given(cases, strategies.sampled_from([*order_ids, ""]))
    def check(case: Any, order_id: str) -> None:
        if order_id and "order_id" in (case.path_parameters or {}):
            case.path_parameters["order_id"] = order_id
        case.headers["Authorization"] = f"Bearer {program.text}"
        case.validate_response(case.call(), checks=CHECKS)

    check()


def read_references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (part["$ref"],) if "$ref" in part else ()
        for each in part.values():
            yield from read_references(each)
    if isinstance(part, list):
        for each in part:
            yield from read_references(each)


def test_the_schema_is_of_openapi_3_1_and_public(client: Client) -> None:
    response = client.get(SCHEMA)
    schema = response.json()
    assert (response.status_code, schema["openapi"]) == (200, "3.1.0")
    assert {ref.rpartition("/")[2] for ref in read_references(schema)} <= set(schema["components"]["schemas"])
    parameters = {each["name"] for each in schema["paths"]["/api/v1/orders"]["get"]["parameters"]}
    assert {"q", "status", "waits_for", "cursor", "sort", "total_min"} <= parameters


def test_the_page_shows_each_call_and_each_shape(client: Client) -> None:
    response = client.get("/api/v1/docs")
    page = response.content.decode()
    assert response.status_code == 200
    schema = client.get(SCHEMA).json()
    for path in schema["paths"]:
        assert path in page
    for shape in schema["components"]["schemas"]:
        assert f'id="shape-{shape}"' in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script>" not in page
    assert client.post("/api/v1/docs").status_code == 405
