"""The tuning view shows what is seen, where to look, and why something does not count."""

from __future__ import annotations

import numpy as np
import pytest

from edgepi_camera.model import Zone
from edgepi_camera.motion.drawing import KINDS, ZONE, Thing, View, drawn

MIDDLE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def grey(width: int = 640, height: int = 480) -> np.ndarray:
    return np.full((height, width, 3), 100, np.uint8)


def blot() -> np.ndarray:
    mask = np.zeros((120, 160), np.uint8)
    mask[40:80, 60:100] = 255
    return mask


def rows_of(colour: tuple[int, int, int], picture: np.ndarray) -> np.ndarray:
    return np.flatnonzero((picture == colour).all(axis=2).any(axis=1))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_seen_is_tinted_in_the_colour_of_its_kind(kind: str) -> None:
    picture = drawn(grey(), View(masks={kind: blot()}))
    assert np.abs(picture[240, 320] - (0.55 * 100 + 0.45 * np.array(KINDS[kind]))).max() <= 1
    assert (picture[240, 100] == 100).all(), "and nothing else"


def test_the_picture_handed_in_stays_as_it_is() -> None:
    base = grey()
    drawn(base, View(masks={"moving": blot()}, zones=(Zone("door", MIDDLE),), ignore=(MIDDLE,)))
    assert (base == 100).all()


def test_what_moves_has_a_box_in_its_colour_with_its_words_above() -> None:
    thing = Thing(0.4, 0.4, 0.2, 0.2, number=3, score=0.8, zones=("door",))
    rows = rows_of(KINDS["moving"], drawn(grey(), View(things=(thing,)))[:440])
    assert rows.max() == pytest.approx(0.6 * 480, abs=2)
    assert 10 < 0.4 * 480 - rows.min() < 40


def test_a_thing_that_does_not_count_has_the_box_of_its_kind() -> None:
    thing = Thing(0.4, 0.4, 0.2, 0.2, number=3, why="sway")
    picture = drawn(grey(), View(things=(thing,)))[:440]
    assert rows_of(KINDS["sway"], picture).size
    assert not rows_of(KINDS["moving"], picture).size


def test_zones_are_outlined_and_named() -> None:
    plain = drawn(grey(), View(zones=(Zone("", MIDDLE),)))
    named = drawn(grey(), View(zones=(Zone("door", MIDDLE),)))
    assert rows_of(ZONE, plain[:440]).min() == pytest.approx(0.25 * 480, abs=2)
    assert (named != plain).any()


def test_ignored_places_are_dark_and_hatched() -> None:
    inside = drawn(grey(), View(ignore=(MIDDLE,)))[200:340, 200:440]
    assert np.median(inside) < 80
    assert np.max(inside) > 90


@pytest.mark.parametrize("note", ["learning", "light", "Tür 門"])
def test_the_status_line_tells_the_note_whatever_letters_it_has(note: str) -> None:
    silent, said = drawn(grey(), View()), drawn(grey(), View(note=note))
    changed = np.flatnonzero((silent != said).any(axis=(1, 2)))
    assert changed.size
    assert np.max(changed) < 30


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720), (1920, 1080), (64, 48), (16, 8)])
def test_any_size_of_picture_keeps_its_size(size: tuple[int, int]) -> None:
    things = (
        Thing(0.9, 0.0, 0.1, 0.05, 1, 1.0, zones=("a long name of a zone",)),
        Thing(0.0, 0.9, 0.2, 0.2, 2, why="small"),
    )
    view = View(masks={"moving": blot()}, things=things, zones=(Zone("z", MIDDLE),), ignore=(MIDDLE,))
    assert drawn(grey(*size), view).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("width", [320, 640, 1920])
def test_the_legend_names_every_kind(width: int) -> None:
    picture = drawn(grey(width, width * 3 // 4), View())
    lowest = picture[-picture.shape[0] // 6 :]
    for kind, colour in KINDS.items():
        assert rows_of(colour, lowest).size, kind
