"""The OpenAPI document, made from the tables that serve the requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgepi.plugin import Route
from edgepi.web.endpoint import Endpoint
from edgepi.web.fields import object_schema, parameters

__all__ = ["openapi"]

_ERROR = {
    "description": "Refused or failed",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["result", "message", "hint", "key"],
                "properties": {
                    "result": {"const": "error"},
                    "message": {"type": "string"},
                    "hint": {"type": ["string", "null"]},
                    "key": {"type": "string"},
                },
            }
        }
    },
}


def openapi(
    version: str, endpoints: Sequence[Endpoint], plugins: Mapping[str, Sequence[Route]]
) -> dict[str, Any]:
    """OpenAPI 3.1 of the node's own routes and of those that running plugins brought."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(f"/{endpoint.path}", {})[endpoint.method.lower()] = _operation(endpoint)
    for instance, routes in plugins.items():
        for route in routes:
            path = f"/plugins/{instance}/{route.path.strip('/')}"
            paths.setdefault(path, {})[route.method.lower()] = _plugin_operation(instance, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "EdgePi", "version": version, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/api/v1"}],
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "edgepi_session"},
            }
        },
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": _name(endpoint.method, endpoint.path),
        "parameters": _path_parameters(endpoint.path) + parameters(endpoint.query),
        "responses": {"200": _ok(endpoint.returns), "default": _ERROR},
    }
    if endpoint.scope is None:
        operation["security"] = []
    else:
        operation["x-scope"] = endpoint.scope.value
    if endpoint.body is not None:
        schema = object_schema(endpoint.body)
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _plugin_operation(instance: str, route: Route) -> dict[str, Any]:
    return {
        "summary": route.summary,
        "operationId": _name(route.method, f"plugins/{instance}/{route.path}"),
        "tags": [instance],
        "parameters": _path_parameters(route.path),
        "responses": {"200": {"description": "As the plugin says"}, "default": _ERROR},
        "x-scope": "control" if route.writes else "read",
    }


def _ok(returns: Mapping[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["result", "data"],
        "properties": {"result": {"const": "ok"}, "data": dict(returns)},
    }
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _name(method: str, path: str) -> str:
    words = re.findall(r"\w+", path)
    return "_".join([method.lower(), *words])
