"""The reference page against the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
import yaml

from edgepi.config import Report
from edgepi.config.boards import BOARDS
from edgepi.config.keys import Key, Section
from edgepi.config.sections import COMMON_KEYS, READING, SECTIONS
from edgepi.config.settings import BoardSettings

PAGE = (Path(__file__).parents[2] / "docs/reference/configuration.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells
    for line in PAGE.splitlines()
    if line.startswith("| `") and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 5
}


def documented() -> Iterator[tuple[str, Key, Section | None]]:
    for name, section in SECTIONS.items():
        yield from section.walk(f"{name}.")
    for key in COMMON_KEYS:
        yield f"plugins.*.{key.name}", key, None
    yield from READING.walk("plugins.*.readings.*.")


def test_every_key_is_documented_and_no_other() -> None:
    assert sorted(ROWS) == sorted(name for name, _, _ in documented())


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, key, _ in documented()])
def test_meaning_is_that_of_the_schema_and_the_example_is_valid(name: str, key: Key) -> None:
    _, _, _, meaning, example = ROWS[name]
    assert meaning == key.meaning
    assert example == (f"`{key.example}`" if key.example else "")
    if key.example:
        vol.Schema(key.check)(yaml.safe_load(key.example))


@pytest.mark.parametrize(
    ("name", "key", "section"),
    [(n, k, s) for n, k, s in documented() if s is not None and not isinstance(k.check, Section)],
)
def test_default_is_that_of_the_dataclass(name: str, key: Key, section: Section) -> None:
    shown = ROWS[name][2].strip("`")
    default = _default(section, key)
    if section.required(key):
        assert shown == "required"
    elif section.kind is BoardSettings and key.name != "model":
        assert shown == "by model"
    elif default is None and shown == "-":
        assert "left out" in key.meaning or name.startswith("plugins.")
    elif shown == "empty":
        assert not default
    else:
        assert vol.Schema(key.check)(yaml.safe_load(shown)) == default


def _default(section: Section, key: Key) -> Any:
    field = next(f for f in fields(section.kind) if f.name == key.target)
    return field.default_factory() if field.default_factory is not MISSING else field.default


def test_board_table_is_that_of_the_code() -> None:
    shown = re.findall(r"^\| `([\w+]+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert shown == [
        (b.model, f"{b.idle_w:g}", f"{b.standby_w:g}", f"{b.boot_wh:g}") for b in BOARDS.values()
    ]


def test_examples_of_whole_files_are_valid(checked: Callable[..., Report]) -> None:
    examples = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "node:" in block]
    assert len(examples) == 2
    for example in examples:
        report = checked(example)
        assert report.settings is not None, report.findings
        assert isinstance(yaml.safe_load(example), Mapping)
