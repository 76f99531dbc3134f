"""Things in one picture, and the clues that speak for or against them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgepi_camera.motion.blobs import (
    MOST_BLOBS,
    Blob,
    Clues,
    around,
    changed,
    cleaned,
    found,
    steep,
    structure,
    unusual,
)
from edgepi_camera.motion.picture import Planes

from .making import textured

GRID = (120, 160)


def clues(**planes: np.ndarray) -> Clues:
    nothing = np.zeros(GRID, np.uint8)
    return Clues(
        usual=planes.get("usual", np.zeros(GRID, np.float32)),
        edges=planes.get("edges", nothing),
        change=planes.get("change", nothing),
        busy=planes.get("busy", nothing),
    )


def mask(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    plane = np.zeros(GRID, np.uint8)
    for x, y, width, height in boxes:
        plane[y : y + height, x : x + width] = 255
    return plane


def test_specks_go_and_holes_are_closed() -> None:
    plane = mask((40, 40, 20, 20))
    plane[50, 50] = 0
    plane[10, 10] = 255
    clean = cleaned(plane)
    assert clean[50, 50] == 255
    assert clean[10, 10] == 0
    assert abs(int((clean > 0).sum()) - 400) < 30


def test_a_thing_has_its_place_and_its_size() -> None:
    (thing,), labels = found(mask((40, 50, 10, 20)), clues(), 10.0)
    assert thing.area == 200
    assert thing.weight == pytest.approx(200.0)
    assert thing.cx == pytest.approx(44.5)
    assert thing.cy == pytest.approx(59.5)
    assert labels[60, 45] == thing.label
    assert labels[10, 10] == 0


def test_things_too_small_to_matter_are_left_out_and_the_largest_come_first() -> None:
    things, _labels = found(mask((10, 10, 2, 2), (40, 50, 10, 20), (90, 50, 20, 20)), clues(), 10.0)
    assert [thing.area for thing in things] == [400, 200]


def test_nothing_is_found_where_nothing_differs() -> None:
    things, labels = found(mask(), clues(), 10.0)
    assert things == []
    assert not labels.any()


def test_more_than_can_be_followed_are_not_told() -> None:
    many = [(2 + 8 * (k % 19), 2 + 8 * (k // 19), 4, 4) for k in range(150)]
    things, _labels = found(mask(*many), clues(), 3.0)
    assert len(things) == MOST_BLOBS


def test_what_is_usual_at_a_place_weighs_nothing() -> None:
    usual = np.zeros(GRID, np.float32)
    usual[:, :45] = 0.5
    (thing,), _labels = found(mask((40, 50, 10, 20)), clues(usual=usual), 10.0)
    assert thing.area == 200
    assert thing.weight == pytest.approx(100.0)


def test_the_weight_falls_with_the_share_of_time_in_which_a_cell_differs() -> None:
    weights = unusual(np.array([0.0, 0.005, 0.03, 0.08, 0.2, 1.0], np.float32)).tolist()
    assert weights == sorted(weights, reverse=True)
    assert (weights[0], weights[-1]) == (1.0, 0.0)


def test_edges_and_restlessness_are_shares_of_the_thing() -> None:
    left, whole = mask((40, 50, 5, 20)), mask((40, 50, 10, 20))
    (thing,), _labels = found(whole, clues(edges=left, busy=left, change=whole), 10.0)
    assert thing.busy == pytest.approx(0.5)
    assert thing.edges == pytest.approx(100 / 60, abs=0.3)


@pytest.mark.parametrize(
    ("box", "side"),
    [
        ((0, 50, 10, 20), "left"),
        ((150, 50, 10, 20), "right"),
        ((60, 0, 10, 20), "top"),
        ((60, 100, 10, 20), "bottom"),
        ((60, 50, 10, 20), ""),
    ],
)
def test_a_thing_knows_the_border_it_is_at(box: tuple[int, int, int, int], side: str) -> None:
    (thing,), _labels = found(mask(box), clues(), 10.0)
    assert thing.side == side


def lit(mean: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return np.asarray((mean * gain).clip(0, 255), np.uint8)


def steepest(luma: np.ndarray, mean: np.ndarray) -> int:
    return int(np.max(structure(luma, mean, changed(Planes(luma), (mean,)), noise=2.0)))


def test_light_that_comes_softly_has_no_edges_but_a_thing_has() -> None:
    mean = textured(*GRID, seed=1)
    across = np.linspace(-3.0, 3.0, GRID[1], dtype=np.float32)
    cloud = 1.0 - 0.4 * np.exp(-(across**2))[None, :]
    thing = mean.copy()
    thing[40:80, 60:80] = 20
    assert steepest(lit(mean, cloud), mean) < 10
    assert steepest(thing, mean) > 40


def test_where_light_turns_from_brighter_to_darker_there_is_no_edge() -> None:
    mean = np.full(GRID, 120, np.uint8)
    turning = lit(mean, np.linspace(0.6, 1.4, GRID[1], dtype=np.float32)[None, :])
    assert steepest(turning, mean) <= 2


def test_only_what_is_near_edges_is_kept_of_drifting_light() -> None:
    edges, change = np.zeros(GRID, np.uint8), np.full(GRID, 50, np.uint8)
    edges[50, 50] = 40
    kept = steep(mask((20, 20, 100, 80)), clues(edges=edges, change=change))
    assert kept[52, 52] == 255
    assert kept[90, 100] == 0


def test_of_a_part_of_the_grid_the_same_is_found_as_of_all_of_it() -> None:
    mean, luma = textured(*GRID, seed=11), textured(*GRID, seed=11)
    box = slice(60, 84), slice(130, 160)
    luma[box] = textured(24, 30, seed=12)
    planes, differs = Planes(luma), mask((130, 60, 30, 24), (118, 70, 5, 5))

    def things(rows: slice, columns: slice) -> list[Blob]:
        place = rows, columns
        change = changed(planes.part(place), (mean[place],))
        edges = structure(luma[place], mean[place], change, 2.0)
        nothing = np.zeros_like(edges)
        known = Clues(nothing.astype(np.float32), edges, change[0], nothing)
        near = steep(differs[place], known)
        return found(near, known, 3.0, (rows.start, columns.start), GRID)[0]

    rows, columns = around(differs)
    assert rows.stop - rows.start < 60
    part, whole = things(rows, columns), things(slice(0, GRID[0]), slice(0, GRID[1]))
    assert part
    for one, other in zip(part, whole, strict=True):
        assert replace(one, side="", cx=0.0, cy=0.0) == replace(other, side="", cx=0.0, cy=0.0)
        assert one.side == other.side
        assert (one.cx, one.cy) == pytest.approx((other.cx, other.cy))
