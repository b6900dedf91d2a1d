"""The schema of the API, and a page that shows it: rendered here, without scripts and without a CDN."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.api.problems import MEDIA_TYPE
from console.api.routes import api

ROOT = "/api/v1/"


@dataclass(frozen=True)
class Field:
    """A parameter of a call, or a field of a shape."""

    name: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Call:
    """One call, as the page shows it; `body` and `answers` name shapes."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: str
    status: str
    answer: str


@dataclass(frozen=True)
class Shape:
    """One shape of JSON."""

    name: str
    fields: tuple[Field, ...]


@lru_cache(maxsize=1)
def read_schema() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, with errors under their own media type and the headers of answers."""
    schema: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=ROOT)))
    for operations in schema["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {})
                if int(status) >= 400 and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return schema


@login_not_required
@require_safe
def show_schema(request: HttpRequest) -> HttpResponse:
    """Show the OpenAPI document; it holds nothing that is secret."""
    return HttpResponse(json.dumps(read_schema()), content_type="application/json")


@login_not_required
@require_safe
def show_docs(request: HttpRequest) -> HttpResponse:
    """Show the calls and the shapes of the schema on one page."""
    schema = read_schema()
    context = {"calls": list(_find_calls(schema)), "shapes": list(_find_shapes(schema)), "info": schema["info"]}
    return render(request, "api/docs.html", context)


def _find_calls(schema: dict[str, Any]) -> Iterator[Call]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            status = next(iter(operation["responses"]))
            answer = operation["responses"][status].get("content", {}).get("application/json", {}).get("schema", {})
            yield Call(
                method=method.upper(),
                path=path,
                summary=operation["summary"],
                description=operation.get("description", ""),
                parameters=tuple(
                    Field(each["name"], each["in"], each["required"], each.get("description", ""))
                    for each in operation["parameters"]
                ),
                body=_name_kind(body) if body else "",
                status=status,
                answer=_name_kind(answer) if answer else "",
            )


def _find_shapes(schema: dict[str, Any]) -> Iterator[Shape]:
    for name, shape in sorted(schema["components"]["schemas"].items()):
        required = shape.get("required", [])
        fields = (
            Field(field, _name_kind(facts), field in required, facts.get("description", ""))
            for field, facts in shape.get("properties", {}).items()
        )
        yield Shape(name, tuple(fields))


def _name_kind(facts: dict[str, Any]) -> str:
    """Return the kind of a field in a few words."""
    if "$ref" in facts:
        return str(facts["$ref"]).rpartition("/")[2]
    if "anyOf" in facts:
        return " or ".join(_name_kind(each) for each in facts["anyOf"])
    if facts.get("type") == "array":
        return f"list of {_name_kind(facts.get('items', {}))}"
    return str(facts.get("format") or facts.get("type") or "anything")
