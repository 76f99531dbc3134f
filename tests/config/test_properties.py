"""Whatever stands in the file: settings, or findings with a place in it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgepi.config import Report, check, masked
from edgepi.config.source import Source
from edgepi.testing.catalog import FakeCatalog

VALID = """\
node:
  name: garden
  latitude: 48.85
  longitude: 2.35
  time_zone: Europe/Paris
energy:
  battery: {chemistry: lifepo4, capacity_wh: 154}
  board: &board
    model: pi4
recorder:
  keep_raw: 30d
  exclude: ['*.rssi']
plugins:
  weather:
    importance: normal
  camera:
    - name: front
      address: 0x10
      password: !secret camera
      readings: {brightness: {offset: 1.5, max: 100}}
      zones: [{x: 1, label: gate}]
    - name: back
      interval: !env_var INTERVAL 2min
"""
PIECES = [
    *("\t", "\n", ": ", "- ", "{", "]", "'", "\x00", "\xe9", "  ", "~", "#", "%", "---\n", "\u2028", "1e999"),
    *("!include edgepi.yaml", "!secret x", "*board", "&board ", "<<: *board"),
]
relaxed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
words = st.sampled_from(
    ["node", "name", "latitude", "energy", "battery", "plugins", "camera", "weather", "readings", "enabled"]
)
trees = st.recursive(
    plain | words,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=25,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "secrets.yaml").write_text("camera: hunter2\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    return tmp_path / "edgepi.yaml"


def examine(path: Path, content: bytes, catalog: FakeCatalog) -> Report:
    path.write_bytes(content)
    report = check(path, catalog, {})
    assert (report.settings is None) == bool(report.errors)
    for finding in report.findings:
        lines = _lines(finding.path)
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.message
        assert "hunter2" not in finding.render()
    if report.settings is not None:
        assert "hunter2" not in str(masked(report.settings))
    return report


def _lines(path: Path) -> tuple[str, ...]:
    return Source.of(path, path.read_bytes().decode("utf-8-sig", "replace")).lines


def test_the_valid_file_is_valid(path: Path, catalog: FakeCatalog) -> None:
    assert examine(path, VALID.encode(), catalog).settings is not None


@relaxed
@given(content=st.binary(max_size=300))
def test_any_bytes(path: Path, catalog: FakeCatalog, content: bytes) -> None:
    examine(path, content, catalog)


@relaxed
@given(content=st.text(alphabet=":-{}[]&*!|>'\"%@`?,# \n\tab1é", max_size=80))
def test_any_punctuation(path: Path, catalog: FakeCatalog, content: str) -> None:
    examine(path, content.encode(), catalog)


@relaxed
@given(tree=trees)
def test_any_structure(path: Path, catalog: FakeCatalog, tree: object) -> None:
    examine(path, yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"), catalog)


@relaxed
@given(tree=trees, name=st.sampled_from(["node", "energy", "recorder", "http", "logging", "plugins"]))
def test_any_section(path: Path, catalog: FakeCatalog, tree: object, name: str) -> None:
    content = yaml.safe_dump({**_base(), name: tree}, allow_unicode=True)
    examine(path, content.encode("utf-8", "surrogatepass"), catalog)


@relaxed
@given(
    tree=st.dictionaries(st.sampled_from(["name", "address", "zones", "readings", "password"]) | words, trees)
)
def test_any_keys_of_a_plugin(path: Path, catalog: FakeCatalog, tree: object) -> None:
    content = yaml.safe_dump({**_base(), "plugins": {"camera": tree}}, allow_unicode=True)
    examine(path, content.encode("utf-8", "surrogatepass"), catalog)


@relaxed
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_valid_file_with_small_edits(path: Path, catalog: FakeCatalog, seed: int, edits: int) -> None:
    chance, text = random.Random(seed), VALID
    for _ in range(edits):
        start = chance.randrange(len(text))
        end = start + chance.choice([0, 0, 1, 5])
        text = text[:start] + chance.choice([*PIECES, "", text[end : end + 20]]) + text[end:]
    examine(path, text.encode("utf-8", "surrogatepass"), catalog)


def _base() -> dict[str, object]:
    return {"node": {"name": "n", "latitude": 1.0, "longitude": 2.0}}
