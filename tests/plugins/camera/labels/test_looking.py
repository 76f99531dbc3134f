"""Looks are seldom, and one that fails ends labels and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgepi.clock import SystemClock
from edgepi_camera.labels.labeller import Labels, open_labeller
from edgepi_camera.labels.looking import Looking, Pace, counts
from edgepi_camera.labels.net import LabelsError
from edgepi_camera.model import Box
from edgepi_camera.motion.picture import Bytes

BLACK: Bytes = np.zeros((240, 320, 3), np.uint8)


class Namer:
    def __init__(self) -> None:
        self.looks = 0

    def look(self, bgr: Bytes, boxes: Sequence[Box]) -> Labels:
        self.looks += 1
        return (("cat", 0.9), ("dog", 0.4))


def test_pace_looks_at_once_and_then_each_second() -> None:
    pace = Pace(every_s=1.0)
    looks = []
    for tenth in range(35):
        if pace.due("a", tenth / 10):
            looks.append(tenth)
            pace.looked("a", tenth / 10, 0.01)
    assert looks == [0, 10, 20, 30]


def test_slow_looks_take_no_more_than_their_share_also_over_events() -> None:
    pace = Pace(every_s=1.0, share=0.05)
    pace.looked("a", 0.0, 2.0)
    assert not pace.due("a", 38.0)
    assert not pace.due("b", 38.0)
    assert pace.due("a", 40.0)


def test_a_new_event_is_looked_at_at_once() -> None:
    pace = Pace(every_s=1.0)
    pace.looked("a", 0.0, 0.001)
    assert not pace.due("a", 0.1)
    assert pace.due("b", 0.1)


def test_labels_are_names_and_no_model_means_none() -> None:
    namer = Namer()
    looking = Looking("m", (), SystemClock(), make=lambda *_: namer)
    assert looking.look("a", [], lambda: BLACK) is None  # not yet open
    looking.open()
    assert looking.look("a", [], lambda: BLACK) == ("cat", "dog")
    assert looking.look("a", [], lambda: BLACK) is None  # not yet due again
    assert namer.looks == 1
    none = Looking(None, (), SystemClock())
    none.open()
    assert none.look("a", [], lambda: BLACK) is None
    assert none.trouble == ""


def test_a_model_that_cannot_be_had_is_said() -> None:
    def fail(_model: str, _names: Sequence[str]) -> Namer:
        raise LabelsError("no model file", hint="put one there")

    looking = Looking("m", (), SystemClock(), make=fail)
    looking.open()
    assert looking.trouble == "no labels: no model file (put one there)"
    assert looking.look("a", [], lambda: BLACK) is None


def test_whatever_a_model_raises_the_camera_goes_on() -> None:
    class Bad(Namer):
        def look(self, bgr: Bytes, boxes: Sequence[Box]) -> Labels:
            self.looks += 1
            raise ZeroDivisionError("odd")

    bad = Bad()
    looking = Looking("m", (), SystemClock(), make=lambda *_: bad)
    looking.open()
    for event in "abc":
        assert looking.look(event, [], lambda: BLACK) is None
    assert looking.trouble == "no labels: odd"
    assert bad.looks == 1


def test_wishes_decide_which_events_count() -> None:
    assert counts((), ())
    assert counts(("Cat", "car"), ("cat", "dog"))
    assert not counts(("car",), ("cat", "dog"))
    assert not counts((), ("cat",))


def test_people_detector_needs_no_file_and_sees_nobody_in_the_dark() -> None:
    hog = open_labeller("hog")
    assert hog.look(BLACK, [Box(0.4, 0.3, 0.2, 0.5, 1)]) == ()
