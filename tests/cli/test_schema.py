from __future__ import annotations

import argparse
import json

import pytest

from edgepi.cli import schema
from edgepi.testing.catalog import FakeCatalog


def test_schema_of_core_and_plugins_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    schema.add_arguments(parser)
    assert schema.run(parser.parse_args([]), FakeCatalog({"weather": None})) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed["properties"]) == ["node", "energy", "recorder", "http", "logging", "plugins"]
    assert list(printed["properties"]["plugins"]["properties"]) == ["weather"]
