"""Things keep their track while they go."""

from __future__ import annotations

import pytest

from edgepi_camera.motion.tracks import Tracker

from .making import STEP_S, blob, followed, going


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


def test_what_is_there_at_once_in_the_middle_is_sudden_and_what_comes_in_is_not() -> None:
    (middle,) = followed(Tracker(), [[blob(60.0, 60.0)]])
    (side,) = followed(Tracker(), [[blob(4.0, 60.0, side="left")]])
    assert middle.sudden
    assert not side.sudden
