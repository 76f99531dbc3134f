"""The commented ``edgepi.yaml`` that ``edgepi init`` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from edgepi.cli.init_chips import Chip
from edgepi.energy.battery import CHEMISTRIES, Chemistry

__all__ = ["config_text"]

_HEAD = """\
# The configuration of this node. `edgepi check-config` says what is wrong in it,
# `edgepi schema` prints every key there is.

node:
  name: {name}
  # Where the node stands: the sun is computed from it.
  latitude: {latitude}
  longitude: {longitude}
  elevation: {elevation}  # metres above the sea
  time_zone: {time_zone}

energy:
  panel:
    peak_w: {panel_w}  # rated power
    # tilt: 40         # degrees from the horizontal; left out, it follows from the latitude
    # azimuth: 180     # degrees from north over east, 180 is south
  battery:
    chemistry: {chemistry}  # lifepo4, li-ion or lead-acid
    capacity_wh: {capacity_wh}  # what it really gives, not what is printed on it
{cells}  board:
    model: {board}  # sets what the computer draws with nothing to do
  # Halting this machine is allowed once a power board is found that can switch it on again.
  # allow_halt: true

# The page and the API. 127.0.0.1 is this machine only; 0.0.0.0 opens them to the network.
http:
  host: 127.0.0.1
  port: 8321

# A commit each minute is what a power cut may lose; fewer commits spare the SD card.
recorder:
  commit_interval: 60s

"""

_NO_CHIPS = """\
# No chip was found. `edgepi plugins list` says what there is to put here, such as:
#   weather:
#     address: 0x76
plugins: {}
"""


_OFFERED = """\
# {what} was found. Without the `#`, and below `plugins:`, these lines watch with it:
"""


def config_text(answers: Mapping[str, Any], chips: Sequence[Chip], offered: Sequence[Chip] = ()) -> str:
    """Write the answers and what was found as YAML with comments; what is only *offered* stays a comment."""
    values = {key.replace("-", "_"): _scalar(value) for key, value in answers.items()}
    cells = next((chip.cells for chip in chips if chip.cells), None)
    line = f"    series_cells: {cells}  # all that the power board takes\n" if cells else ""
    plugins = _plugins(chips, answers, cells) if chips else _NO_CHIPS
    return _HEAD.format(**values, cells=line) + plugins + _comments(offered)


def _comments(offered: Sequence[Chip]) -> str:
    if not offered:
        return ""
    what = " and ".join(f"{chip.title} at {chip.value}" for chip in offered)
    lines = _plugin(offered[0].plugin, offered, [])
    return _OFFERED.format(what=what) + "".join(f"#{line}\n" for line in lines)


def _plugins(chips: Iterable[Chip], answers: Mapping[str, Any], cells: int | None) -> str:
    lines = ["plugins:"]
    more = {"wittypi": _low_voltage(CHEMISTRIES[answers["chemistry"]], cells)}
    for plugin, found in groupby(sorted(chips, key=lambda c: (c.plugin, c.address or 0)), lambda c: c.plugin):
        lines += _plugin(plugin, list(found), more.get(plugin, []))
    return "\n".join(lines) + "\n"


def _low_voltage(cell: Chemistry, cells: int | None) -> list[str]:
    battery = "a battery of 12 V" if cells is None else f"{cells} cell{'s'[: cells > 1]}"
    return [
        f"# The board's own last cut-off, for {battery}; waking on voltage needs it.",
        f"low_voltage: {cell.cut_v * (cells or cell.cells_for_12_v):.1f}",
    ]


def _plugin(name: str, chips: Sequence[Chip], more: Sequence[str]) -> list[str]:
    head = f"  {name}:  # {chips[0].title}"
    if len(chips) == 1:
        keys = [*_keys(chips[0]), *more]
        return [head, *(f"    {line}" for line in keys)] if keys else [head.replace(":", ": {}", 1)]
    lines = [head]
    for number, chip in enumerate(chips, 1):
        lines.append(f"    - name: {name}_{number}")
        lines += [f"      {line}" for line in (*_keys(chip), *more)]
    return lines


def _keys(chip: Chip) -> list[str]:
    if chip.value is not None:
        return [f"{chip.key}: {chip.value}"]
    bus = [f"bus: {chip.bus}"] if chip.bus != 1 else []
    return bus if chip.address is None else [*bus, f"{chip.key}: 0x{chip.address:02x}"]


def _scalar(value: Any) -> str:
    """Write a number plainly and a text as YAML reads it back."""
    if isinstance(value, float):
        return format(value, ".10g")
    return json.dumps(value, ensure_ascii=False) if _needs_quotes(value) else str(value)


def _needs_quotes(text: str) -> bool:
    plain = text.replace("-", "").replace("_", "").replace("/", "").isalnum() and text[0].isalpha()
    return not plain or text.lower() in {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
