"""What was there before is not new, what was never there is."""

from __future__ import annotations

import numpy as np
import pytest

from edgepi_camera.motion.background import Background, Tolerance
from edgepi_camera.motion.picture import Planes

from .making import textured

GRID = (120, 160)
PLACE = textured(*GRID, seed=10)
GREY = np.full(GRID, 128, np.uint8)
NOTHING = np.zeros(GRID, np.uint8)
STEP_S = 0.2


class Place:
    """The place with its noise, and what the background learnt of it."""

    def __init__(self, noise: float = 1.5) -> None:
        self._noise = noise
        self._rng = np.random.default_rng(11)
        self.background = Background(self.planes(), Tolerance(12.0, 6.0))

    def planes(self, *, luma: float = 0.0, u: float = 0.0) -> Planes:
        """A picture in which a square is brighter, or of another colour, by so much."""
        bright, colour = PLACE.astype(np.float32), GREY.astype(np.float32)
        bright[40:60, 50:70] += luma
        colour[40:60, 50:70] += u
        return Planes(self._noisy(bright), (self._noisy(colour), self._noisy(GREY.astype(np.float32))))

    def _noisy(self, plane: np.ndarray) -> np.ndarray:
        return np.rint(plane + self._rng.normal(0.0, self._noise, plane.shape)).clip(0, 255).astype(np.uint8)

    def learn(self, seconds: float, keep_out: np.ndarray = NOTHING, *, luma: float = 0.0) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.background.learn(self.planes(luma=luma), keep_out, STEP_S)

    def new(self, **changed: float) -> tuple[float, float]:
        """How much is new in the square and elsewhere."""
        found = self.background.foreground(self.planes(**changed)) > 0
        inside = found[42:58, 52:68]
        return float(inside.mean()), float((found.sum() - found[40:60, 50:70].sum()) / found.size)


def test_noise_is_not_new() -> None:
    place = Place()
    place.learn(6.0)
    assert max(place.new()) < 0.005


@pytest.mark.parametrize("changed", [{"luma": 40.0}, {"luma": -40.0}, {"u": 30.0}, {"u": -30.0}])
def test_another_brightness_or_colour_is_new(changed: dict[str, float]) -> None:
    place = Place()
    place.learn(6.0)
    inside, elsewhere = place.new(**changed)
    assert inside > 0.95
    assert elsewhere < 0.005


def test_much_noise_makes_small_changes_unseen_but_raises_no_alarm() -> None:
    place = Place(8.0)
    place.learn(12.0)
    inside, elsewhere = place.new(luma=10.0)
    assert inside < 0.5
    assert elsewhere < 0.05


def test_what_stays_becomes_part_of_the_place() -> None:
    place = Place()
    place.learn(6.0)
    place.learn(15.0, luma=40.0)
    assert place.new(luma=40.0)[0] < 0.02


def test_what_was_there_is_remembered_while_something_stands_before_it() -> None:
    place = Place()
    place.learn(12.0)
    place.learn(6.0, luma=40.0)
    assert place.new()[0] < 0.02


def test_what_is_kept_out_is_not_learnt() -> None:
    place = Place()
    place.learn(6.0)
    kept = NOTHING.copy()
    kept[38:62, 48:72] = 255
    place.learn(30.0, kept, luma=40.0)
    assert place.new(luma=40.0)[0] > 0.95
    assert place.new()[0] < 0.02


def test_what_is_accepted_is_the_place_at_once_and_only_there() -> None:
    place = Place()
    place.learn(6.0)
    square = NOTHING.copy()
    square[:, :60] = 255
    place.background.accept(place.planes(luma=40.0), square)
    found = place.background.foreground(place.planes(luma=40.0)) > 0
    assert found[42:58, 52:59].mean() < 0.05
    assert found[42:58, 61:68].mean() > 0.95


def test_where_the_place_is_restless_is_known() -> None:
    place = Place()
    rng = np.random.default_rng(12)
    for _ in range(60):
        place.background.learn(place.planes(luma=float(rng.choice([-40.0, 0.0, 40.0]))), NOTHING, STEP_S)
    busy = place.background.busy > 0
    assert busy[42:58, 52:68].mean() > 0.9
    assert busy[:30].mean() < 0.02


def test_pictures_without_colours_do_as_well() -> None:
    background = Background(Planes(PLACE), Tolerance(12.0, 6.0))
    for _ in range(20):
        background.learn(Planes(PLACE), NOTHING, STEP_S)
    brighter = PLACE.copy()
    brighter[40:60, 50:70] += 40
    found = background.foreground(Planes(brighter)) > 0
    assert found[40:60, 50:70].all()
    assert found.sum() == 400


def test_in_grain_a_faint_thing_is_seen_in_luma_and_colour_together() -> None:
    rng = np.random.default_rng(5)

    def grainy(faint: float = 0.0) -> Planes:
        planes = [60.0 + rng.normal(0.0, 2.5, GRID), *(128.0 + rng.normal(0.0, 1.2, GRID) for _ in range(2))]
        for plane, times in zip(planes, (2.5, 1.2, 1.2), strict=True):
            plane[40:60, 70:78] += faint * times
        luma, u, v = (plane.clip(0, 255).astype(np.uint8) for plane in planes)
        return Planes(luma, (u, v))

    background = Background(grainy(), Tolerance(luma=12.0, chroma=6.0))
    for _ in range(60):
        background.learn(grainy(), NOTHING, 0.2)
    picture = grainy(faint=3.0)
    new, faint = background.foreground(picture), background.faint(picture)
    assert np.mean(new[40:60, 70:78] > 0) < 0.2
    assert np.mean(faint[40:60, 70:78] > 0) > 0.8
    faint[40:60, 70:78] = 0
    assert np.mean(faint > 0) < 0.05
