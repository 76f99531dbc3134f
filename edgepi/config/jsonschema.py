"""JSON Schema (2020-12) of the whole configuration, for editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import voluptuous as vol

from edgepi.config.catalog import PluginCatalog
from edgepi.config.keys import Blank, ListOf, MapOf, Section
from edgepi.config.sections import COMMON_KEYS, SECTIONS
from edgepi.config.settings import PluginSettings
from edgepi.errors import PluginError

__all__ = ["convert", "json_schema"]

_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}
_COMMON = Section(PluginSettings, COMMON_KEYS)


def json_schema(catalog: PluginCatalog) -> dict[str, Any]:
    """Describe the file with the keys of every installed plugin that can be imported."""
    sections = {name: _section(section) for name, section in SECTIONS.items()}
    plugins = {name: _plugin(catalog, name) for name in sorted(catalog.names())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "edgepi.yaml",
        "type": "object",
        "properties": {**sections, "plugins": {**_object(plugins), "type": ["object", "null"]}},
        "required": [n for n, s in SECTIONS.items() if any(s.required(key) for key in s.keys)],
        "additionalProperties": False,
    }


def convert(schema: Any) -> dict[str, Any]:
    """Describe one voluptuous schema; what has no counterpart allows anything."""
    own = getattr(schema, "json_schema", None)
    if own is not None:
        return dict(own)
    if isinstance(schema, Mapping):
        return _mapping(schema)
    if isinstance(schema, list):
        return {"type": "array", **({"items": _any_of(schema)} if schema else {})}
    if isinstance(schema, type):
        return {"type": _TYPES[schema]} if schema in _TYPES else {}
    if schema is None or isinstance(schema, str | int | float | bool):
        return {"const": schema}
    return _validator(schema)


def _validator(schema: Any) -> dict[str, Any]:
    return next((turn(schema) for kind, turn in _VALIDATORS if isinstance(schema, kind)), {})


def _all_of(schema: vol.All) -> dict[str, Any]:
    return {key: value for one in schema.validators for key, value in convert(one).items()}


def _length(schema: vol.Length) -> dict[str, Any]:
    return {k: v for k, v in (("minLength", schema.min), ("maxLength", schema.max)) if v is not None}


def _range(schema: vol.Range) -> dict[str, Any]:
    low = "minimum" if schema.min_included else "exclusiveMinimum"
    high = "maximum" if schema.max_included else "exclusiveMaximum"
    return {key: value for key, value in ((low, schema.min), (high, schema.max)) if value is not None}


def _any_of(schemas: Any) -> dict[str, Any]:
    options = [convert(one) for one in schemas]
    return options[0] if len(options) == 1 else {"anyOf": options}


_VALIDATORS: tuple[tuple[type | tuple[type, ...], Callable[[Any], dict[str, Any]]], ...] = (
    ((vol.Schema, Blank, MapOf, ListOf), lambda schema: convert(schema.schema)),
    (vol.Any, lambda schema: _any_of(schema.validators)),  # `Maybe` is one, too
    (vol.All, _all_of),
    (vol.Coerce, lambda schema: convert(schema.type)),
    (vol.In, lambda schema: {"enum": list(schema.container)}),
    (vol.Range, _range),
    (vol.Length, _length),
    (vol.Match, lambda schema: {"type": "string", "pattern": schema.pattern.pattern}),
)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _mapping(schema: Mapping[Any, Any]) -> dict[str, Any]:
    result = _object({})
    required = []
    for key, value in schema.items():
        name = key.schema if isinstance(key, vol.Marker) else key
        if not isinstance(name, str):
            result["additionalProperties"] = convert(value)
            continue
        result["properties"][name] = {**convert(value), **_notes(key)}
        if isinstance(key, vol.Required) and isinstance(key.default, vol.Undefined):
            required.append(name)
    return {**result, **({"required": required} if required else {})}


def _notes(key: Any) -> dict[str, Any]:
    notes: dict[str, Any] = {}
    if isinstance(key, vol.Marker) and key.description:
        notes["description"] = str(key.description)
    default = getattr(key, "default", vol.UNDEFINED)
    if callable(default) and not isinstance(default, vol.Undefined):
        value = default()
        if value is None or isinstance(value, str | int | float | bool | list | dict):
            notes["default"] = value
    return notes


def _section(section: Section) -> dict[str, Any]:
    return convert(section.schema())


def _plugin(catalog: PluginCatalog, name: str) -> dict[str, Any]:
    try:
        schema = catalog.schema(name)
    except PluginError as error:
        return {"description": f"cannot be described: {error}"}
    keys = convert({**(schema.fields if schema else {}), **_COMMON.schema()})
    listed = {**keys, "required": [*keys.get("required", ()), "name"]}
    return {"anyOf": [{"type": "null"}, keys, {"type": "array", "items": listed}]}
