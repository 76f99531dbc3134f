"""What comes and goes without counting is remembered."""

from __future__ import annotations

import pytest

from edgepi_camera.motion.clutter import Gone, Usual
from edgepi_camera.motion.tracks import Tracker

from .making import STEP_S, blob, followed


def test_what_comes_and_goes_all_the_time_is_known_as_clutter() -> None:
    tracker = Tracker()
    tracker.clutter.open = True
    for k in range(40):
        tracker.follow([blob(20.0 + 7.0 * (k % 12), 30.0 + 40.0 * (k % 2))] if k % 6 == 0 else [], 0.2 * k)
    assert tracker.clutter.usual(8.0) is None, "a few are none"
    for k in range(40, 160):
        tracker.follow([blob(20.0 + 7.0 * (k % 12), 30.0 + 40.0 * (k % 2))] if k % 3 == 0 else [], 0.2 * k)
    usual = tracker.clutter.usual(32.0)
    assert usual is not None
    assert usual.rate > 0.5
    assert usual.weight == blob(0.0, 0.0).weight
    assert tracker.clutter.usual(100.0) is None, "it is over"


def test_a_false_thing_is_remembered_with_its_edges_its_way_and_its_speed() -> None:
    (track,) = followed(Tracker(), [[blob(20.0, 30.0 + 2.0 * k, edges=0.4)] for k in range(11)])
    gone = Gone.of(track)
    assert gone.edges == 0.4
    assert gone.way == pytest.approx(20.0)
    assert gone.velocity == pytest.approx((0.0, 2.0 / STEP_S))


def test_what_is_usual_is_what_nearly_all_stay_below_and_where_those_go_that_go_somewhere() -> None:
    flakes = [Gone(0.0, weight=float(k), edges=0.5, way=20.0, velocity=(0.0, 80.0)) for k in range(100)]
    leaves = [Gone(0.0, weight=1.0, edges=0.1, way=2.0, velocity=(3.0, 0.0)) for _ in range(20)]
    usual = Usual.of(flakes + leaves)
    assert 92.0 <= usual.weight <= 95.0
    assert usual.edges == 0.5
    assert usual.way == 20.0
    assert usual.rate == pytest.approx(10.0)
    assert usual.speeds == ((0.0, 80.0),) * 100
