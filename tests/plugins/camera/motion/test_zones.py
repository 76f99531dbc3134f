"""Where to look, where not to, and which zones a thing is in."""

from __future__ import annotations

import numpy as np
import pytest

from edgepi_camera.model import Zone
from edgepi_camera.motion.zones import Places, painted

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
TOP = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
GRID = (60, 80)
EVERYTHING = np.full(GRID, 255, np.uint8)


def square(x: int, y: int, label: int = 1) -> np.ndarray:
    labels = np.zeros(GRID, np.int32)
    labels[y : y + 10, x : x + 10] = label
    return labels


@pytest.mark.parametrize("size", [(60, 80), (120, 160), (240, 320), (33, 47)])
def test_a_polygon_covers_its_share_of_any_grid(size: tuple[int, int]) -> None:
    mask = painted([LEFT], size)
    assert mask.mean() / 255 == pytest.approx(0.5, abs=1.5 / size[1])
    assert mask[:, : size[1] // 2 - 1].all()
    assert not mask[:, size[1] // 2 + 2 :].any()


def test_several_polygons_are_painted_together_and_none_paints_nothing() -> None:
    assert painted([LEFT, TOP], GRID).mean() / 255 == pytest.approx(0.75, abs=0.02)
    assert not painted([], GRID).any()


def test_what_lies_in_an_ignored_place_is_not_seen_but_the_half_outside_is() -> None:
    places = Places.of((), [LEFT], GRID)
    seen = places.seen((square(35, 10) * 255).astype(np.uint8))
    columns = np.flatnonzero(seen.any(axis=0))
    assert np.min(columns) in {40, 41}
    assert np.max(columns) == 44
    assert places.share == pytest.approx(0.5, abs=0.02)


def test_all_is_seen_where_nothing_is_ignored() -> None:
    places = Places.of((), (), GRID)
    assert places.seen(EVERYTHING) is EVERYTHING
    assert places.share == 1.0


def test_a_thing_is_in_the_zones_that_its_cells_touch() -> None:
    places = Places.of([Zone("left", LEFT), Zone("top", TOP)], (), GRID)
    labels = square(5, 5, 1) + square(60, 5, 2) + square(60, 45, 3)
    assert places.touched(labels, EVERYTHING) == {1: ("left", "top"), 2: ("top",)}


def test_a_zone_counts_by_cells_and_not_by_the_box_around_them() -> None:
    corner = ((0.0, 0.0), (0.3, 0.0), (0.0, 0.3))
    places = Places.of([Zone("corner", corner)], (), GRID)
    diagonal = np.zeros(GRID, np.int32)
    for step in range(40):
        diagonal[40 - step, step + 2 : step + 6] = 1
    assert np.min(np.flatnonzero(diagonal.any(axis=0))) < 0.3 * 80
    assert np.min(np.flatnonzero(diagonal.any(axis=1))) < 0.3 * 60
    assert places.touched(diagonal, EVERYTHING) == {}
    assert places.touched(diagonal, np.zeros(GRID, np.uint8)) == {}


def test_with_zones_only_what_touches_one_counts() -> None:
    assert Places.of((), (), GRID).counts(())
    zoned = Places.of([Zone("left", LEFT)], (), GRID)
    assert zoned.counts(("left",))
    assert not zoned.counts(())
