"""Describe the service as OpenAPI: committed as `api/openapi.json`, compared in a test."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import InvalidPart, Problem

REFERENCE = "#/components/schemas/{model}"


def describe(app: FastAPI) -> None:
    """Give `app` an OpenAPI description in which every problem is RFC 9457's."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for model in (Problem, InvalidPart):
        definition = model.model_json_schema(ref_template=REFERENCE)
        definition.pop("$defs", None)
        components[model.__name__] = definition
    # FastAPI's own 422, which would echo the input, is never sent.
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    for operations in schema["paths"].values():
        for operation in operations.values():
            _keep_problems_only(operation["responses"])
    return schema


def _keep_problems_only(responses: dict[str, Any]) -> None:
    for status in [status for status in responses if not status.startswith("2")]:
        content = responses[status].get("content", {})
        if "application/json" in content:
            content.pop("application/json")
        if not content and "headers" not in responses[status] and status != "304":
            responses.pop(status)
