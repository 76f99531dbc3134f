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
    for _ in range(20):
        noisy = (place + rng.normal(0.0, noise, place.shape)).clip(0, 255).astype(np.uint8)
        calm = grain.calmed(Planes(noisy))
    left = float(np.std(calm.luma.astype(np.float32) - place))
    assert (left < 0.5 * noise) == smoothed
