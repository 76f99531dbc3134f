"""Things keep their track while they go, and how far they came is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from edgepi_camera.motion.blobs import Blob
from edgepi_camera.motion.tracks import CLUTTER_S, Gone, Track, Tracker

from .making import STEP_S, blob


def followed(tracker: Tracker, blobs: list[list[Blob]], begin_s: float = 0.0) -> list[Track]:
    seen: list[Track] = []
    for k, now in enumerate(blobs):
        seen = tracker.follow(now, begin_s + k * STEP_S)
    return seen


def going(columns: float, count: int = 15) -> list[list[Blob]]:
    return [[blob(20.0 + columns * k, 60.0)] for k in range(count)]


def test_a_thing_that_goes_keeps_its_track() -> None:
    tracker = Tracker()
    (track,) = followed(tracker, going(2.0))
    assert len(track.past) == 15
    assert tracker.tracks == [track]
    assert track.speed()[0] == pytest.approx(2.0 / STEP_S)


def test_two_that_cross_each_other_keep_their_tracks() -> None:
    blobs = [[blob(20.0 + 3.0 * k, 40.0), blob(80.0 - 3.0 * k, 70.0)] for k in range(20)]
    first, second = followed(Tracker(), blobs)
    assert first.blob.cy != second.blob.cy
    assert len({seen.blob.cy for seen in first.past}) == 1
    assert len({seen.blob.cy for seen in second.past}) == 1


def test_what_is_not_seen_for_a_while_is_forgotten_and_another_when_it_comes_back() -> None:
    tracker = Tracker()
    (before,) = followed(tracker, going(0.0))
    assert followed(tracker, [[]] * 10, 1.5) == []
    assert tracker.tracks == []
    (after,) = followed(tracker, [[blob(20.0, 60.0)]], 3.0)
    assert after.number != before.number


def test_one_picture_without_it_does_not_break_a_track() -> None:
    blobs = going(1.0)
    blobs[7] = []
    (track,) = followed(Tracker(), blobs)
    assert track.began_s == 0.0


@pytest.mark.parametrize("columns", [0.5, 2.0, -2.0])
def test_progress_is_how_far_it_came(columns: float) -> None:
    (track,) = followed(Tracker(), going(columns))
    assert track.progress(100.0, 0.9) == pytest.approx(14 * abs(columns))
    assert track.progress(5 * STEP_S + 0.01, 0.9) == pytest.approx(5 * abs(columns))


def test_to_and_fro_is_no_progress_on_a_straight_way() -> None:
    blobs = [[blob(20.0 + (k % 2), 60.0)] for k in range(15)]
    (track,) = followed(Tracker(), blobs)
    assert track.progress(100.0, 0.7) <= 1.0


def test_a_thing_that_comes_nearer_makes_progress_by_growing() -> None:
    blobs = [[blob(60.0, 60.0, 10 + k, 14 + k)] for k in range(15)]
    (track,) = followed(Tracker(), blobs)
    assert track.progress(100.0, 0.6) > 4.0


def test_a_single_sight_is_no_progress() -> None:
    (track,) = followed(Tracker(), going(2.0, 1))
    assert track.progress(100.0, 0.5) == 0.0


def test_what_is_there_at_once_in_the_middle_is_sudden_and_what_comes_in_is_not() -> None:
    (middle,) = followed(Tracker(), [[blob(60.0, 60.0)]])
    (side,) = followed(Tracker(), [[blob(4.0, 60.0, side="left")]])
    assert middle.sudden
    assert not side.sudden


def test_only_the_past_that_counts_is_kept() -> None:
    (track,) = followed(Tracker(), going(0.3, 200))
    assert track.age_s() == pytest.approx(199 * STEP_S)
    assert len(track.past) * STEP_S < 4.0


def test_what_comes_and_goes_all_the_time_is_known_as_clutter() -> None:
    tracker = Tracker()
    tracker.clutter.open = True
    for k in range(40):
        tracker.follow([blob(20.0 + 7.0 * (k % 12), 30.0 + 40.0 * (k % 2))] if k % 6 == 0 else [], 0.2 * k)
    assert tracker.clutter.known(8.0) == (), "a few are none"
    for k in range(40, 160):
        tracker.follow([blob(20.0 + 7.0 * (k % 12), 30.0 + 40.0 * (k % 2))] if k % 3 == 0 else [], 0.2 * k)
    assert len(tracker.clutter.known(32.0)) > 0.5 * CLUTTER_S
    assert {gone.weight for gone in tracker.clutter.known(32.0)} == {blob(0.0, 0.0).weight}
    assert tracker.clutter.known(100.0) == (), "it is over"


def test_a_false_thing_is_remembered_with_its_edges_its_way_and_its_speed() -> None:
    (track,) = followed(Tracker(), [[blob(20.0, 30.0 + 2.0 * k, edges=0.4)] for k in range(11)])
    gone = Gone.of(track)
    assert gone.edges == 0.4
    assert gone.way == pytest.approx(20.0)
    assert gone.velocity == pytest.approx((0.0, 2.0 / STEP_S))


def test_what_fades_away_on_one_side_goes_nowhere() -> None:
    fading = [
        [replace(blob(60.0 + k, 60.0), x=40 + 2 * k, width=40 - 2 * k, area=800 - 40 * k)] for k in range(12)
    ]
    (track,) = followed(Tracker(), fading)
    assert track.progress(2.5, 0.7) == 0.0


def approaching(k: int) -> Blob:
    """One who comes straight on: twice a second legs part, and the way of the middle is crooked."""
    apart = 3 * (k // 2 % 2)
    return replace(
        blob(60.0, 60.0 + k / 2), y=40, width=8 + apart, height=20 + k, area=160 + 8 * k + 25 * apart
    )


def test_one_who_comes_straight_on_advances_though_the_way_is_crooked() -> None:
    (track,) = followed(Tracker(), [[approaching(k)] for k in range(26)])
    assert track.advance(2.5, 0.8) == pytest.approx(25.0, abs=1.0)


@pytest.mark.parametrize(
    "made",
    [
        lambda _k: blob(60.0, 60.0),
        lambda k: blob(60.0 + 4 * math.sin(2 * math.pi * k / 12), 60.0),
        lambda k: replace(blob(60.0, 60.0), x=40 + k, width=40 - k),
    ],
)
def test_what_stands_sways_or_fades_does_not_advance(made: Callable[[int], Blob]) -> None:
    (track,) = followed(Tracker(), [[made(k)] for k in range(26)])
    assert track.advance(2.5, 0.8) < 1.0


def test_a_short_while_says_nothing_of_an_advance() -> None:
    (track,) = followed(Tracker(), [[approaching(k)] for k in range(10)])
    assert track.advance(2.5, 0.8) == 0.0


def test_what_swings_in_and_out_at_the_border_comes_no_nearer() -> None:
    def branch(k: int) -> Blob:
        width = 8 + 2 * (k % 4 if k % 8 < 4 else 4 - k % 4)
        return replace(
            blob(160.0 - width / 2, 60.0), x=160 - width, width=width, area=10 * width, side="right"
        )

    (track,) = followed(Tracker(), [[branch(k)] for k in range(26)])
    assert abs(sum(seen.step[0] for seen in track.past)) <= 8.0
