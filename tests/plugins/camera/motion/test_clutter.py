"""What comes and goes without counting is remembered."""

from __future__ import annotations

import pytest

from edgepi_camera.motion.clutter import CLUTTER_S, Gone
from edgepi_camera.motion.tracks import Tracker

from .making import STEP_S, blob, followed


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
