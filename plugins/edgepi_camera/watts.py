"""What each level of a camera needs, and what it is worth beside the whole."""

from __future__ import annotations

from collections.abc import Sequence

from edgepi.model import Importance, Level
from edgepi_camera.address import Kind
from edgepi_camera.config import CameraConfig

__all__ = ["levels_of"]

# A camera module draws 250 mA at 5 V (Raspberry Pi's documentation, power supply); USB cameras are like it.
SENSOR_W = 1.25
# Reading, decoding and looking: keyframes or a few small pictures a second, and all 25.
SAVER_W, FULL_W = 0.1, 0.35
# For a still the camera is on for as long as its exposure takes to settle.
STILL_S = 5.0

SNAPSHOT_SHARE, SAVER_SHARE = 0.15, 0.8
# How much more each watt brings up to a level than the next ones do. Above 1 the governor uses them all; so
# much because powers turn out other than stated, and prices of energy differ widely from noon to night.
BEND = 3.0


def levels_of(config: CameraConfig, points_per_h: float = Importance.NORMAL.points_per_h) -> Sequence[Level]:
    """Return off, snapshot, saver and full; *points_per_h* is what full is worth."""
    powers = _powers(config)
    shares = _shares(*powers)
    named = zip(("snapshot", "saver", "full"), powers, shares, strict=True)
    return (
        Level("off", 0.0, 0.0),
        *(Level(name, power_w, share * points_per_h) for name, power_w, share in named),
    )


def _powers(config: CameraConfig) -> tuple[float, float, float]:
    sensor_w = SENSOR_W if config.source.kind in {Kind.DEVICE, Kind.PICAMERA} else 0.0
    said = config.power
    full_w = sensor_w + FULL_W if said.full is None else said.full
    saver_w = min(sensor_w + SAVER_W, full_w) if said.saver is None else said.saver
    still_w = full_w * min(1.0, STILL_S / config.snapshot_every)
    snapshot_w = min(still_w, saver_w) if said.snapshot is None else said.snapshot
    saver_w = max(saver_w, snapshot_w)
    return snapshot_w, saver_w, max(full_w, saver_w)


def _shares(snapshot_w: float, saver_w: float, full_w: float) -> tuple[float, float, float]:
    """Return what of the whole a level brings: a still now and then little, most of all that moves a lot.

    Where the camera itself needs most of the power, a few pictures a second cost nearly as much as all; then
    they must be worth nearly as much too, or no price of energy would ever choose them.
    """
    to_saver_w, to_full_w = saver_w - snapshot_w, full_w - saver_w
    above_snapshot = _bent(SNAPSHOT_SHARE, 1.0, to_saver_w, to_full_w)
    above_off = _bent(0.0, 1.0, BEND * snapshot_w + to_saver_w, to_full_w)
    saver = max(SAVER_SHARE, above_snapshot, above_off)
    return max(SNAPSHOT_SHARE, _bent(0.0, saver, snapshot_w, to_saver_w)), saver, 1.0


def _bent(low: float, high: float, first_w: float, second_w: float) -> float:
    """Return the worth between two others at which a watt of the first step brings `BEND` of the second's."""
    slope = BEND * first_w
    return (low * second_w + high * slope) / (second_w + slope) if second_w + slope > 0.0 else high
