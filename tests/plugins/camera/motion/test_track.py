"""How far a thing came is known, and whether it left its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from edgepi_camera.motion.blobs import Blob
from edgepi_camera.motion.tracks import Tracker

from .making import STEP_S, blob, followed, going


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


def test_only_the_past_that_counts_is_kept() -> None:
    (track,) = followed(Tracker(), going(0.3, 200))
    assert track.age_s() == pytest.approx(199 * STEP_S)
    assert len(track.past) * STEP_S < 4.0


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


@pytest.mark.parametrize(
    ("made", "stays"),
    [
        (lambda k: blob(60.0 + 3.0 * math.sin(k / 5), 60.0), True),
        (lambda k: blob(20.0 + k, 60.0), False),
        (approaching, False),
    ],
)
def test_what_did_not_leave_its_place_for_long_stays(made: Callable[[int], Blob], *, stays: bool) -> None:
    tracker = Tracker()
    for k in range(70):
        tracker.follow([made(k)], k * STEP_S)
    assert tracker.tracks[0].stays is stays


def test_what_goes_on_after_long_no_longer_stays() -> None:
    tracker = Tracker()
    for k in range(140):
        tracker.follow([blob(60.0 + max(0, k - 70), 60.0)], k * STEP_S)
    assert not tracker.tracks[0].stays


def test_what_moved_and_then_fades_away_on_one_side_goes_nowhere() -> None:
    tracker = Tracker()
    fading = [
        [replace(blob(60.0 + k, 60.0), x=40 + 2 * k, width=40 - 2 * k, area=800 - 40 * k)] for k in range(12)
    ]
    followed(tracker, fading[:1])
    tracker.tracks[0].confirmed = True
    (track,) = followed(tracker, fading[1:], STEP_S)
    assert track.progress(2.5, 0.7) < 8.0
