"""Draws a night: where, when, with what panel, battery and charge, and what befalls it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from wake_faults import FAULTS
from wake_night import Spec
from wake_verdict import MARGIN_V
from wake_world import Place

__all__ = ["BOARDS", "draw"]

# What the owner of each board writes: its driver and keys, cells in series, volts of cut-off and recovery.
LOW_V, RECOVERY_V = {4: 11.6, 1: 2.9}, {4: 13.0, 1: 3.25}
BOARDS: Mapping[str, int] = {
    "wittypi4": 4,
    "wittypi4mini": 4,
    "wittypi4l3v7": 1,
    "wittypi3": 4,
    "wittypi5": 4,
    "pi5": 4,
}


def draw(seed: int, number: int, board: str, faults: tuple[str, ...] = ()) -> Spec:
    """Night *number* of a *seed*, the same each time; *faults* instead of drawn ones."""
    dice = random.Random(f"{seed} {number}")
    cells = BOARDS[board]
    drawn = _faults(dice)
    faults = faults or drawn
    low_v = LOW_V[cells] if dice.random() < 0.85 else None
    wake_in_s = dice.uniform(2.0, 14.0) * 3600.0 if dice.random() < 0.7 else None
    return Spec(
        number=number,
        seed=seed,
        board=board,
        place=_place(dice, cells, dark="two_dark_days" in faults),
        config=_config(board, low_v),
        low_v=low_v,
        recovery_v=RECOVERY_V[cells],
        margin_v=MARGIN_V * cells,
        sleep_s=dice.uniform(0.3, 1.5) * 3600.0,
        wake_in_s=wake_in_s,
        network=dice.random() < 0.75,
        watchdog=dice.random() < 0.85,
        old_firmware=board.startswith("wittypi4") and dice.random() < 0.1,
        faults=faults,
    )


def _faults(dice: random.Random) -> tuple[str, ...]:
    many = dice.choices((1, 2, 3), (0.6, 0.3, 0.1))[0]
    return tuple(dice.sample(sorted(FAULTS), many))


def _place(dice: random.Random, cells: int, *, dark: bool) -> Place:
    latitude = dice.choice((-34.0, 10.0, 28.0, 40.0, 48.0, 53.0))
    longitude = dice.uniform(-120.0, 20.0)
    day = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=dice.randrange(365))
    begins = day + timedelta(hours=15.0 - longitude / 15.0)
    first = 0.03 if dark else dice.uniform(0.05, 1.0)
    second = 0.03 if dark else dice.uniform(0.05, 1.0)
    low = dark or dice.random() < 0.5
    return Place(
        latitude=latitude,
        longitude=longitude,
        begins_utc=begins,
        panel_w=dice.choice((10.0, 20.0, 40.0, 80.0)) * (0.5 if cells == 1 else 1.0),
        capacity_wh=dice.choice((38.0, 77.0, 154.0)) * (0.5 if cells == 1 else 1.0),
        start_soc=dice.uniform(0.1, 0.3) if low else dice.uniform(0.3, 1.0),
        cells=cells,
        clear=(first, second, dice.uniform(0.4, 1.0), dice.uniform(0.6, 1.0)),
        computer="zero2w" if cells == 1 else "pi4",
    )


def _config(board: str, low_v: float | None) -> Any:
    if board == "pi5":
        from edgepi_pi5.config import Pi5Config

        return Pi5Config()
    from edgepi_wittypi.config import WittyPiConfig

    return WittyPiConfig(low_voltage=low_v)
