"""The picture of the house shows the house."""

from __future__ import annotations

import re
import tomllib

from tests.docs.pages import ROOT, code_blocks, text_of

PAGE = text_of("architecture.md")


def test_every_floor_is_drawn_in_its_order() -> None:
    (house,) = [code for _, code in code_blocks(PAGE) if code.startswith("edgepi/")]
    drawn = re.findall(r"^  (\w+)/", house, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if "layers" in contract
    )
    floors = [layer.partition(".")[2] for layer in layers]
    assert drawn == [floor for floor in floors if (ROOT / "edgepi" / floor).is_dir()]


def test_every_plugin_of_ours_is_drawn() -> None:
    ours = {path.parent.name for path in (ROOT / "plugins").glob("*/plugin.py")}
    assert set(re.findall(r"edgepi_\w+", PAGE)) == ours
