"""The light of a picture is found whatever moves in it, and taken out."""

from __future__ import annotations

import numpy as np
import pytest

from edgepi_camera.motion.light import Reference, corrected, measured
from edgepi_camera.motion.picture import Planes

from .making import textured

PLACE = textured(120, 160, seed=6, lowest=40, highest=160)
COLOURS = (
    textured(120, 160, seed=7, lowest=100, highest=150),
    textured(120, 160, seed=8, lowest=100, highest=150),
)
BEFORE = Reference.of((PLACE, *COLOURS))


def lit(gain: float, offset: float = 0.0) -> np.ndarray:
    return (PLACE * gain + offset).clip(0, 255).astype(np.uint8)


def off(luma: np.ndarray) -> float:
    """By how much luma still differs from the place, where nothing was put in."""
    return float(np.abs(luma[:, :80].astype(np.float32) - PLACE[:, :80]).mean())


@pytest.mark.parametrize(("gain", "offset"), [(0.4, 0.0), (0.7, 0.0), (1.4, 0.0), (1.0, 20.0), (0.8, 15.0)])
def test_gain_and_offset_are_found_and_taken_out(gain: float, offset: float) -> None:
    planes = Planes(lit(gain, offset), COLOURS)
    found = measured(planes, BEFORE)
    assert found.gains[0] == pytest.approx(gain, rel=0.05)
    assert found.offsets[0] == pytest.approx(offset, abs=3.0)
    assert off(corrected(planes, found).luma) < 2.5


def test_a_large_thing_does_not_count_for_light() -> None:
    luma = lit(0.7)
    luma[:, 95:] = 250
    planes = Planes(luma, COLOURS)
    found = measured(planes, BEFORE)
    assert found.gains[0] == pytest.approx(0.7, rel=0.05)
    assert off(corrected(planes, found).luma) < 2.5


def test_in_the_same_light_a_picture_is_left_as_it_is() -> None:
    rng = np.random.default_rng(9)
    noisy = np.rint(PLACE + rng.normal(0.0, 2.0, PLACE.shape)).clip(0, 255).astype(np.uint8)
    planes = Planes(noisy, COLOURS)
    same = corrected(planes, measured(planes, BEFORE))
    assert (same.luma == noisy).all()
    assert all((now == was).all() for now, was in zip(same.chroma, COLOURS, strict=True))
    assert same.clipped is None


def test_a_tint_of_the_light_is_taken_out() -> None:
    tinted = tuple((plane.astype(np.int16) + 6).astype(np.uint8) for plane in COLOURS)
    planes = Planes(PLACE, tinted)
    clear = corrected(planes, measured(planes, BEFORE))
    for now, was in zip(clear.chroma, COLOURS, strict=True):
        assert np.abs(now.astype(np.float32) - was).mean() < 1.0


def test_bands_of_a_lamp_on_the_mains_are_taken_out() -> None:
    bands = 1.0 + 0.15 * np.sin(np.arange(120) / 9.0)
    planes = Planes((PLACE * bands[:, None]).clip(0, 255).astype(np.uint8), COLOURS)
    assert off(planes.luma) > 6.0
    assert off(corrected(planes, measured(planes, BEFORE)).luma) < 4.0


def test_what_the_sensor_could_not_tell_from_white_is_marked() -> None:
    planes = Planes(lit(1.8), COLOURS)
    clipped = corrected(planes, measured(planes, BEFORE)).clipped
    assert clipped is not None
    assert (clipped[lit(1.8) == 255] == 255).all()
    assert not clipped[lit(1.8) < 200].any()


def test_of_a_wall_without_contrast_no_gain_is_made_up_beside_an_offset() -> None:
    y, x = np.mgrid[0:120, 0:160]
    wall = 52.0 + x / 10.0 + np.random.default_rng(4).normal(0.0, 1.0, (120, 160))
    lamp = wall * (1.0 + np.exp(-((x - 48.0) ** 2 + (y - 48.0) ** 2) / (2 * 30.0**2)))
    before = Reference.of((wall.astype(np.uint8),))
    assert measured(Planes(lamp.astype(np.uint8)), before).gains[0] > 0.7
