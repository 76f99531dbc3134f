from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import av
import pytest

from edgepi_camera.child.recorder import Recorder
from edgepi_camera.model import UNWANTED, ClipSettings, Sight
from edgepi_camera.record.clip import TICKS
from edgepi_camera.record.disk import Disk
from edgepi_camera.record.ring import Kept
from edgepi_camera.source.base import TIME_BASE, Format
from tests.cameras import film


class Recorded:
    """A recorder at its work, with what it says; motion is what a test says it is."""

    def __init__(self, folder: Path) -> None:
        self.said: list[dict[str, Any]] = []
        self.disk = Disk(logging.getLogger())
        self.recorder = Recorder(
            ClipSettings(before_s=1.0, after_s=2.0, longest_s=6.0),
            folder,
            self.disk,
            say=self.said.append,
            ago=lambda _: 0.0,
            replay=lambda _: iter(()),
            enlarge=lambda _: lambda: None,
        )
        self.recorder.form = Format("h264", 64, 48, 5.0)

    def watch(self, *, moves_s: float, lasts_s: float) -> None:
        """Let five pictures a second come in, a key in each second; things move from 2 s on."""
        rows = film(seconds=lasts_s, fps=5, gop=5, width=64, height=48).rows
        for number, (time_us, data) in enumerate(rows):
            time_s, key = time_us / 1e6, number % 5 == 0
            packet = av.Packet(data)
            packet.pts = packet.dts = round(time_s * TICKS)
            packet.time_base, packet.is_keyframe = TIME_BASE, key
            self.recorder.keep(Kept(packet, time_s, time_s, key, len(data)))
            moving = 2.0 <= time_s < 2.0 + moves_s
            self.recorder.judge(Sight(time_s=time_s, moving=moving, score=0.5), None)
        self.disk.drain(20.0)

    def ended(self) -> list[dict[str, Any]]:
        return [fields for fields in self.said if fields["phase"] == "ended"]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_a_long_event_goes_on_in_another_clip_while_things_move(recorded: Recorded, tmp_path: Path) -> None:
    recorded.watch(moves_s=9.0, lasts_s=15.0)
    first, second = recorded.ended()
    assert (first["reason"], second["reason"]) == ("longest", "")
    assert second["motion_s"] > 2.0
    assert sorted(file.name for file in tmp_path.glob("*.mp4")) == [first["clip"], second["clip"]]


def test_no_event_is_left_of_motion_that_ended_where_a_clip_became_too_long(
    recorded: Recorded, tmp_path: Path
) -> None:
    recorded.watch(moves_s=5.8, lasts_s=15.0)  # the clip began at 1 s, the key at 8 s is too much
    first, second = recorded.ended()
    assert first["reason"] == "longest"
    assert (second["reason"], second["clip"], second["bytes"]) == (UNWANTED, None, 0)
    assert [file.name for file in tmp_path.iterdir()] == [first["clip"]]
