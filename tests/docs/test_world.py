from __future__ import annotations

import re
from pathlib import Path

from edgepi.sim.chips.boards import BOARDS, TITLES

PAGE = Path(__file__).parents[2] / "docs/explanation/world.md"


def test_every_power_board_of_the_world_and_no_other_is_described() -> None:
    _, _, part = PAGE.read_text().partition("## Power boards")
    section, _, _ = part.partition("\n## ")
    rows = dict(re.findall(r"^\| `([a-z0-9]+)` \| (.+) \|$", section, re.MULTILINE))
    assert set(rows) == set(BOARDS)
    assert all(rows[name].startswith(TITLES[name]) for name in rows)
