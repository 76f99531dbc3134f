"""Pictures are made small, and smooth if they are noisy."""

from __future__ import annotations

import numpy as np
import pytest

from edgepi_camera.motion.picture import GRID_HEIGHT, GRID_WIDTH, Grain, Picture, Planes, grid_size, reduced

from .making import textured


@pytest.mark.parametrize(
    "size", [(480, 640), (1080, 1920), (1920, 1080), (240, 320), (2160, 3840), (90, 1600)]
)
def test_the_grid_has_the_form_of_the_picture_and_is_small(size: tuple[int, int]) -> None:
    height, width = grid_size(*size)
    assert height <= GRID_HEIGHT
    assert width <= GRID_WIDTH
    assert width == GRID_WIDTH or height == GRID_HEIGHT
    assert width / height == pytest.approx(size[1] / size[0], rel=0.1)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (60, 80)])
def test_a_small_picture_is_not_blown_up(size: tuple[int, int]) -> None:
    assert grid_size(*size) == size


@pytest.mark.parametrize("size", [(480, 640), (1080, 1920), (500, 700), (120, 160), (50, 70)])
def test_a_reduced_plane_has_the_same_mean(size: tuple[int, int]) -> None:
    plane = textured(*size, seed=4)
    small = reduced(plane, (120, 160))
    assert small.shape == (120, 160)
    assert small.mean() == pytest.approx(plane.mean(), abs=1.0)


def test_grey_pictures_have_no_chroma() -> None:
    luma = textured(120, 160, seed=4)
    assert len(tuple(Planes.of(Picture(luma), (120, 160)))) == 1
    colour = luma[:60, :80]
    assert len(tuple(Planes.of(Picture(luma, colour, colour), (120, 160)))) == 3


@pytest.mark.parametrize(("noise", "smoothed"), [(1.0, False), (12.0, True)])
def test_only_noisy_pictures_are_smoothed(noise: float, *, smoothed: bool) -> None:
    rng, place, grain = np.random.default_rng(5), textured(120, 160, seed=4), Grain()
    calm = Planes(place)
    for k in range(20):
        noisy = (place + rng.normal(0.0, noise, place.shape)).clip(0, 255).astype(np.uint8)
        calm = grain.calmed(Planes(noisy), float(k))
    left = float(np.std(calm.luma.astype(np.float32) - place))
    assert (left < 0.5 * noise) == smoothed


def grainy(rng: np.random.Generator, drop: int | None = None) -> Planes:
    luma = (60.0 + rng.normal(0.0, 8.0, (120, 160))).clip(0, 255).astype(np.uint8)
    if drop is not None:
        luma[:, drop : drop + 4] = 250
    return Planes(luma)


@pytest.mark.parametrize(("count", "remains"), [(2, 0.72), (3, 0.68), (5, 0.55)])
def test_coarse_grain_is_less_in_the_median_of_the_last_pictures(count: int, remains: float) -> None:
    rng = np.random.default_rng(7)
    one, several = Grain(), Grain()
    alone = together = grainy(rng)
    for k in range(20):
        for between in range(count - 1):
            several.gather(grainy(rng), k + 0.04 * between)
        alone = one.calmed(grainy(rng), k + 0.16)
        together = several.calmed(grainy(rng), k + 0.16)
    assert one.coarse
    # The pictures alone are smoothed over 5x5 at this grain, those together over 3x3.
    ratio = np.std(together.luma.astype(float)) / np.std(alone.luma.astype(float))
    smoothed = 5 / 3 if count > 2 else 1.0
    assert ratio == pytest.approx(remains * smoothed, rel=0.12)


def test_a_drop_that_passes_is_not_in_the_median() -> None:
    rng = np.random.default_rng(8)
    grain = Grain()
    for k in range(20):
        grain.calmed(grainy(rng), k + 0.0)
    for between in range(4):
        grain.gather(grainy(rng, drop=20 * between), 20.0 + 0.04 * between)
    calm = grain.calmed(grainy(rng, drop=80), 20.16)
    assert float(np.max(calm.luma)) < 110.0


def test_pictures_without_grain_are_left_as_they_are() -> None:
    flat = Planes(np.full((120, 160), 90, np.uint8))
    grain = Grain()
    for k in range(5):
        assert grain.calmed(flat, float(k)) is flat
    assert not grain.coarse


def test_what_waves_now_and_then_is_not_grain() -> None:
    rng, grain = np.random.default_rng(9), Grain()
    place = np.full((120, 160), 90.0)
    for k in range(60):
        noise = 12.0 if k % 8 == 7 else 1.0
        grain.calmed(Planes((place + rng.normal(0.0, noise, place.shape)).astype(np.uint8)), k * 0.2)
    assert not grain.coarse
