from __future__ import annotations

import json

import pytest
import voluptuous as vol

from edgepi.config import json_schema
from edgepi.config.jsonschema import convert
from edgepi.errors import RequirementMissingError
from edgepi.plugin.fields import Flag, Integer, Number, Text, TimeSpan
from edgepi.testing.catalog import FakeCatalog


def test_whole_file_is_described_with_every_installed_plugin(catalog: FakeCatalog) -> None:
    schema = json.loads(json.dumps(json_schema(catalog)))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["node"]
    node = schema["properties"]["node"]
    assert node["required"] == ["name", "latitude", "longitude"]
    assert node["properties"]["latitude"]["maximum"] == 90
    assert node["additionalProperties"] is False
    assert schema["properties"]["recorder"]["properties"]["keep"]["additionalProperties"]["anyOf"]
    plugins = schema["properties"]["plugins"]["properties"]
    assert sorted(plugins) == ["camera", "weather"]
    nothing, keys, several = plugins["camera"]["anyOf"]
    assert nothing == {"type": "null"}
    assert keys["properties"]["address"]["enum"] == [0x10, 0x11]
    assert keys["properties"]["importance"]["anyOf"][0] == {"enum": ["vital", "high", "normal", "low"]}
    assert several["items"]["required"] == ["name"]


def test_plugin_that_cannot_be_imported_allows_anything() -> None:
    schema = json_schema(FakeCatalog({"weather": RequirementMissingError("smbus2 is missing")}))
    weather = schema["properties"]["plugins"]["properties"]["weather"]
    assert weather == {"description": "cannot be described: smbus2 is missing"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (None, {"const": None}),
        ([int], {"type": "array", "items": {"type": "integer"}}),
        ([], {"type": "array"}),
        (vol.Any(int, str), {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (vol.All(vol.Coerce(float), vol.Range(min=1)), {"type": "number", "minimum": 1}),
        (vol.Range(min=0, min_included=False), {"exclusiveMinimum": 0}),
        (vol.All(str, vol.Length(min=2)), {"type": "string", "minLength": 2}),
        (vol.Match("a+"), {"type": "string", "pattern": "a+"}),
        (vol.In(("a", "b")), {"enum": ["a", "b"]}),
        (vol.Schema(int), {"type": "integer"}),
        (len, {}),
        (Flag(), {"type": "boolean"}),
        (Number(above=0), {"type": "number", "exclusiveMinimum": 0}),
        (Integer(1, 2), {"type": "integer", "minimum": 1, "maximum": 2}),
        (Text("a|b"), {"type": "string", "minLength": 1, "pattern": "^(?:a|b)$"}),
    ],
)
def test_conversion_of_single_checks(schema: object, expected: object) -> None:
    assert convert(schema) == expected


def test_mapping_keeps_required_keys_defaults_and_descriptions() -> None:
    schema = convert(
        {vol.Required("a"): int, vol.Optional("b", default=3, description="B"): int, str: TimeSpan()}
    )
    assert schema["required"] == ["a"]
    assert schema["properties"]["b"] == {"type": "integer", "description": "B", "default": 3}
    assert schema["additionalProperties"] == TimeSpan().json_schema
