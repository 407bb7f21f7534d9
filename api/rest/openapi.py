"""The OpenAPI 3.1 document, made from the table of routes and the types in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from api.rest.endpoint import JSON, Route, needs_body
from api.rest.problems import CONTENT_TYPE, Problem

REF = "#/components/schemas/{name}"
_STATUS = {200: "Done", 201: "Made", 202: "Under way", 204: "Done, nothing to say", 303: "Go there"}


def openapi(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document."""
    types = [kind for route in routes for kind in (route.body, route.query, route.answer) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template=REF)
    schema_of = dict(zip(map(str, [*types, Problem]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, schema_of, components)
        paths.setdefault(f"/api/v1{route.path}", {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hotline", "version": "1", "description": "Contact-centre middleware of a 12345 hotline."},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(route: Route, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "tags": [route.path.split("/")[1]],
        "parameters": [*_path_parameters(route), *_query_parameters(route, components)],
        "responses": {
            str(route.status): _content(_STATUS[route.status], JSON, schema_of.get(str(route.answer))),
            "default": _content("Refused or failed", CONTENT_TYPE, schema_of[str(Problem)]),
        },
    }
    if route.method != "GET" and route.repeats:
        operation["parameters"].append(
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
        )
    if route.audit is not None:
        operation["x-audited"] = route.audit.name or route.action
    if route.body is not None:
        operation["requestBody"] = {
            "required": needs_body(route),
            "content": {JSON: {"schema": schema_of[str(route.body)]}},
        }
    if route.roles is None:
        operation["security"] = []
    else:
        operation["x-roles"] = sorted(route.roles)
    return operation


def _content(text: str, kind: str, schema: Any) -> dict[str, Any]:
    return {"description": text} if schema is None else {"description": text, "content": {kind: {"schema": schema}}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route, components: dict[str, Any]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    properties = components[route.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
