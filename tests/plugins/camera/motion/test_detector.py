"""What moves is found, and only where the owner wants to know of it."""

from __future__ import annotations

from functools import cache
from itertools import chain

import numpy as np
import pytest

from edgepi_camera.model import MotionSettings, Sight, Zone
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.drawing import KINDS
from edgepi_camera.motion.picture import Picture

from .making import SIZE, STEP_S, Stage, ended

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
EVERYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
QUIET_S = 3.0


@cache
def walked(settings: MotionSettings | None = None, begin: float = 0.0, end: float = 1.0) -> list[Sight]:
    stage = Stage()
    detector = Detector(settings or MotionSettings())
    return ended(detector, chain(stage.still(QUIET_S), stage.walk(begin, end, 4.0), stage.still(1.0)))


def test_a_walker_is_found_where_it_is_and_from_when_it_came() -> None:
    sights = walked()
    moving = [sight for sight in sights if sight.moving]
    assert QUIET_S - STEP_S <= moving[0].time_s <= QUIET_S + 1.0
    assert moving[0].began_s == pytest.approx(QUIET_S, abs=0.4)
    middle = next(sight for sight in moving if sight.time_s >= QUIET_S + 2.0)
    (box,) = middle.boxes
    assert box.x < 0.5 < box.x + box.width
    assert box.y < 0.5 < box.y + box.height
    assert box.height == pytest.approx(0.25, abs=0.1)


def test_nothing_moves_before_and_after_the_walker() -> None:
    sights = walked()
    assert not any(sight.moving or sight.boxes for sight in sights if sight.time_s < QUIET_S)
    assert not sights[-1].moving


def test_the_score_grows_with_the_evidence_and_stays_within_0_and_1() -> None:
    small, large = (
        [sight for sight in walked(MotionSettings(smallest=smallest)) if sight.moving]
        for smallest in (0.001, 0.01)
    )
    assert all(0.0 < sight.score <= 1.0 for sight in small + large)
    assert small[10].score > large[10].score, "it is many times the smallest thing that counts"
    moving = large
    assert moving[15].score == max(box.score for box in moving[15].boxes)


def test_a_walker_is_one_track() -> None:
    assert len({box.track for sight in walked() for box in sight.boxes}) == 1


def test_motion_is_given_the_zones_it_touches() -> None:
    zones = (Zone("lawn", LEFT), Zone("drive", RIGHT))
    moving = [sight for sight in walked(MotionSettings(zones=zones)) if sight.moving]
    found = [sight.boxes[0].zones for sight in moving]
    assert found[0] == ("lawn",)
    assert ("lawn", "drive") in found
    assert ("drive",) in found


def test_with_zones_what_touches_none_does_not_count() -> None:
    drive = MotionSettings(zones=(Zone("drive", RIGHT),))
    assert not any(sight.moving or sight.suspect for sight in walked(drive, end=0.4))
    assert any(sight.moving for sight in walked(drive, begin=0.6))


def test_motion_begins_when_it_comes_into_a_zone() -> None:
    first = next(sight for sight in walked(MotionSettings(zones=(Zone("drive", RIGHT),))) if sight.moving)
    assert first.boxes[0].zones == ("drive",)
    assert first.began_s is not None
    assert first.began_s == pytest.approx(QUIET_S + 1.8, abs=0.4)


def test_nothing_is_seen_in_an_ignored_place() -> None:
    stage, detector = Stage(), Detector(MotionSettings(ignore=(LEFT,)))
    sights = ended(detector, chain(stage.still(QUIET_S), stage.walk(0.0, 0.4, 4.0)))
    assert not any(sight.moving or sight.suspect for sight in sights)
    assert max(sight.changed for sight in sights) < 0.001
    assert not detector.mask().any()


def test_what_comes_out_of_an_ignored_place_counts_by_what_lies_outside() -> None:
    moving = [sight for sight in walked(MotionSettings(ignore=(LEFT,))) if sight.moving]
    assert moving
    assert min(box.x for sight in moving for box in sight.boxes) >= 0.47


def test_where_all_is_ignored_nothing_ever_moves() -> None:
    assert not any(sight.moving for sight in walked(MotionSettings(ignore=(EVERYWHERE,))))


def test_light_in_an_ignored_place_changes_nothing_elsewhere() -> None:
    """A screen or a lamp of the neighbours fills more than half of the picture."""
    large = ((0.0, 0.0), (0.7, 0.0), (0.7, 1.0), (0.0, 1.0))
    stage, detector = Stage(), Detector(MotionSettings(ignore=(large,)))
    ended(detector, stage.still(QUIET_S))
    picture = stage.picture()
    picture.luma[:, : round(0.7 * SIZE[1])] //= 2
    sights = [detector.see(picture, QUIET_S + k * STEP_S) for k in range(10)]
    assert max(sight.changed for sight in sights) < 0.01


@pytest.mark.parametrize("light", [0.6, 1.3])
def test_another_light_is_not_motion(light: float) -> None:
    stage, detector = Stage(), Detector(MotionSettings())
    sights = ended(detector, chain(stage.still(QUIET_S), stage.still(3.0, light)))
    assert not any(sight.moving for sight in sights)


def test_the_first_pictures_are_noted_as_learning() -> None:
    sights = ended(Detector(MotionSettings()), Stage().still(QUIET_S))
    assert sights[0].note == "learning"
    assert sights[-1].note == ""


@pytest.mark.parametrize("jump_s", [-100.0, 3600.0])
def test_a_jump_of_the_clock_starts_anew(jump_s: float) -> None:
    stage, detector = Stage(), Detector(MotionSettings())
    ended(detector, chain(stage.still(QUIET_S), stage.walk(0.0, 0.5, 2.0)))
    sight = detector.see(stage.picture((0.6, 0.5)), QUIET_S + jump_s)
    assert (sight.moving, sight.note) == (False, "learning")


def test_pictures_of_another_size_or_without_colours_start_anew() -> None:
    detector = Detector(MotionSettings())
    ended(detector, Stage().still(QUIET_S))
    for k, size in enumerate([(480, 640), (90, 160), (16, 16), (2, 2)]):
        assert detector.see(Stage(size).picture(), QUIET_S + k * STEP_S).note == "learning"
    grey = Picture(np.full((2, 2), 100, np.uint8))
    assert detector.see(grey, QUIET_S + 1.0).note == "learning"
    assert not detector.see(grey, QUIET_S + 1.1).moving


def test_the_least_size_and_the_least_duration_are_the_owners() -> None:
    assert not any(sight.moving for sight in walked(MotionSettings(smallest=0.2)))
    first = {
        shortest_s: next(s.time_s for s in walked(MotionSettings(shortest_s=shortest_s)) if s.moving)
        for shortest_s in (0.25, 2.0)
    }
    assert first[2.0] >= QUIET_S + 2.0 - STEP_S
    assert first[0.25] < first[2.0]


def test_the_mask_covers_the_walker_and_little_else() -> None:
    stage, detector = Stage(), Detector(MotionSettings())
    ended(detector, chain(stage.still(QUIET_S), stage.walk(0.2, 0.5, 2.0)))
    mask = detector.mask()
    rows, columns = mask.shape
    inside = mask[round(0.4 * rows) : round(0.6 * rows), round(0.47 * columns) : round(0.53 * columns)]
    assert inside.mean() > 0.8
    assert mask.mean() < 0.05


def test_the_tuning_view_can_be_drawn_at_any_time_and_shows_what_moves() -> None:
    stage, detector = Stage(), Detector(MotionSettings(zones=(Zone("lawn", LEFT),), ignore=(RIGHT,)))
    base = np.full((240, 320, 3), 100, np.uint8)
    assert detector.drawn(base).shape == base.shape
    ended(detector, stage.still(QUIET_S))
    quiet = detector.drawn(base)
    ended(detector, stage.walk(0.0, 0.3, 2.0), QUIET_S)
    assert (detector.drawn(base) != quiet)[80:160, :130].any()
    assert (base == 100).all()


def test_the_tuning_view_calls_outside_what_touches_no_zone() -> None:
    stage, detector = Stage(), Detector(MotionSettings(zones=(Zone("drive", RIGHT),)))
    base = np.full((240, 320, 3), 100, np.uint8)
    ended(detector, chain(stage.still(QUIET_S), stage.walk(0.0, 0.3, 2.0)))
    drawn = detector.drawn(base)[30:220]
    assert (drawn == KINDS["outside"]).all(axis=2).any()
    assert not (drawn == KINDS["moving"]).all(axis=2).any()


def test_a_soft_shadow_that_goes_over_the_place_is_not_motion() -> None:
    stage, detector = Stage(), Detector(MotionSettings())
    sights = ended(detector, chain(stage.still(QUIET_S), stage.shaded(6.0)))
    assert max(sight.changed for sight in sights) > 0.05, "it is seen"
    assert not any(sight.moving for sight in sights)


def test_what_seems_to_move_for_one_look_only_is_not_said_to() -> None:
    stage, detector = Stage(), Detector(MotionSettings())
    quiet = ended(detector, (stage.picture() for _ in range(30)), 0.0)
    assert not quiet[-1].suspect
    begin_s = 30 * STEP_S
    sights = ended(detector, (stage.picture((0.05 + 0.02 * k, 0.5)) for k in range(20)), begin_s)
    first = next(k for k, sight in enumerate(sights) if sight.moving)
    assert sights[first - 1].suspect
    # One look earlier it was thought to move, and looked at again.
    assert sights[first].began_s == pytest.approx(begin_s, abs=2.5 * STEP_S)
    assert (first + 0.5) * STEP_S > 0.12 + 0.25
