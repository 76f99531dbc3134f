"""What counts as motion, and why something does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgepi_camera.motion.blobs import Blob
from edgepi_camera.motion.clutter import Usual
from edgepi_camera.motion.track import Track
from edgepi_camera.motion.tracks import Tracker
from edgepi_camera.motion.verdict import FAINT_WAY, Limits, doubtful, judged, promising, score

from .making import STEP_S, blob

LIMITS = Limits(weight=20.0, shortest_s=0.25)
# Sizes, edges and ways like those of the walkers here, falling.
FLAKES = Usual(weight=90.0, edges=2.0, way=30.0, rate=3.3, speeds=((0.0, 15.0),) * 40)


def track_of(made: Callable[[int], Blob], count: int = 20) -> Track:
    tracker = Tracker()
    for k in range(count):
        tracker.follow([made(k)], k * STEP_S)
    return tracker.tracks[0]


def walker(**other: Any) -> Callable[[int], Blob]:
    return lambda k: blob(20.0 + 2.0 * k, 60.0, **other)


def test_what_goes_straight_on_moves() -> None:
    assert judged(track_of(walker()), LIMITS) == ""


@pytest.mark.parametrize(
    ("made", "limits", "why"),
    [
        (walker(), replace(LIMITS, weight=200.0), "small"),
        (walker(weight=5.0), LIMITS, "sway"),
        (walker(), replace(LIMITS, clutter=FLAKES), "sway"),
        (walker(), replace(LIMITS, shortest_s=5.0), "short"),
        (walker(edges=0.0), LIMITS, "light"),
        (lambda _k: blob(60.0, 60.0), LIMITS, "still"),
        (lambda k: blob(60.0 + 2 * (k % 2), 60.0), LIMITS, "still"),
    ],
)
def test_what_does_not_count_is_told_why(made: Callable[[int], Blob], limits: Limits, why: str) -> None:
    assert judged(track_of(made), limits) == why


@pytest.mark.parametrize(
    "made",
    [
        walker(weight=200.0),
        walker(edges=4.0),
        lambda k: blob(20.0 + 5.0 * k, 60.0),
    ],
)
def test_what_is_clearly_heavier_steeper_or_farther_come_than_the_false_things_here_moves(
    made: Callable[[int], Blob],
) -> None:
    assert judged(track_of(made), replace(LIMITS, clutter=FLAKES)) == ""


def test_what_falls_as_the_flakes_do_is_one_unless_it_is_much_heavier() -> None:
    limits = replace(LIMITS, clutter=FLAKES)
    assert judged(track_of(lambda k: blob(60.0, 20.0 + 2.0 * k, weight=200.0)), limits) == "sway"
    assert judged(track_of(lambda k: blob(60.0, 20.0 + 2.0 * k, weight=300.0)), limits) == ""


def test_in_grain_half_the_weight_is_enough_for_what_comes_far() -> None:
    grainy = replace(LIMITS, coarse=True)
    far = track_of(walker(weight=12.0))
    assert far.progress(2.5, 0.7) > FAINT_WAY
    assert judged(far, grainy) == ""
    assert judged(far, LIMITS) != ""
    assert judged(track_of(walker(weight=12.0), 5), grainy) != "", "not yet far"
    assert judged(track_of(walker(weight=9.0)), grainy) != ""


def test_what_stays_in_its_place_sways_though_each_swing_is_a_way() -> None:
    track = track_of(walker())
    track.stays = True
    assert judged(track, LIMITS) == "sway"


def test_two_sights_are_too_few() -> None:
    assert judged(track_of(walker(), 2), replace(LIMITS, shortest_s=0.0)) == "short"


def test_more_is_asked_of_what_moves_while_all_around_is_restless() -> None:
    short_way = track_of(walker(), 5)
    assert judged(short_way, LIMITS) == ""
    assert judged(short_way, LIMITS, around=5000.0) != ""
    assert judged(short_way, replace(LIMITS, learning=True)) != ""


def test_more_is_asked_where_the_place_sways() -> None:
    assert judged(track_of(walker(busy=0.0), 5), LIMITS) == ""
    assert judged(track_of(walker(busy=1.0), 5), LIMITS) == "still"


def test_what_goes_somewhere_is_promising_and_what_stays_is_doubtful() -> None:
    going, staying = track_of(walker(side="left"), 10), track_of(lambda _k: blob(60.0, 60.0), 10)
    assert promising(going)
    assert not doubtful(going)
    assert not promising(staying)
    assert doubtful(staying)


def test_the_score_is_half_for_the_way_and_half_for_the_size() -> None:
    far = track_of(walker())
    assert score(far, 5.0) == 1.0
    assert score(far, 1e6) == pytest.approx(0.5, abs=0.01)
    assert score(track_of(lambda _k: blob(60.0, 60.0)), 5.0) == pytest.approx(0.5, abs=0.01)
