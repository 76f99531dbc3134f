"""What waits of a live stream is read at once, and nothing of it is lost when the stream ends."""

from __future__ import annotations

import pytest

from edgepi.errors import SourceError
from edgepi.testing.clock import ManualClock
from edgepi_camera.child.gulp import Gulp, gulp, most
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import Format, Unit


class Clock(ManualClock):
    """One that is moved where no event loop runs."""

    def pass_by(self, seconds: float) -> None:
        self._move_to(self._monotonic_s + seconds)


class Brook:
    """A source whose units come after so many seconds each; then it ends."""

    format = Format("h264", 640, 480)

    def __init__(self, clock: Clock, *waits_s: float) -> None:
        self._clock = clock
        self._waits_s = list(waits_s)

    def open(self) -> None: ...

    def read(self) -> Unit:
        if not self._waits_s:
            raise SourceError("it ended")
        self._clock.pass_by(self._waits_s.pop(0))
        return Unit(None, self._clock.monotonic(), None, key=False)

    def decoder(self) -> None: ...

    def lower(self, fps: float | None) -> None: ...

    def close(self) -> None: ...


def drunk(*waits_s: float, units: int = 9) -> Gulp:
    clock = Clock()
    return gulp(Brook(clock, *waits_s), clock, units)


def test_what_waits_is_read_until_something_has_to_be_waited_for() -> None:
    found = drunk(0.0, 0.001, 0.0, 0.03, 0.0)
    assert [now_s for _, now_s in found.units] == pytest.approx([0.0, 0.001, 0.001, 0.031])
    assert found.caught_up


def test_no_more_is_read_at_a_time_than_a_nap_has_let_gather() -> None:
    found = drunk(0.0, 0.0, 0.0, 0.0, units=3)
    assert len(found.units) == 3
    assert not found.caught_up
    assert (most(0.4, 25.0), most(0.2, 4.0), most(0.4, 0.0)) == (10, 1, 1)


def test_what_came_before_the_end_is_handed_on_with_it() -> None:
    found = drunk(0.0, 0.0)
    assert len(found.units) == 2
    assert str(found.error) == "it ended"


@pytest.mark.parametrize(
    ("url", "options", "waits"),
    [
        ("rtsp://10.0.0.9/main", {}, True),
        ("RTSP://10.0.0.9/main", {"rtsp_transport": "udp"}, False),
        ("http://10.0.0.9/video", {}, True),
        ("udp://10.0.0.9:5000", {}, False),
        ("/dev/video0", {}, False),
        ("picamera", {}, False),
    ],
)
def test_only_what_tcp_holds_may_wait_in_an_event(url: str, options: dict[str, str], waits: bool) -> None:
    assert SourceSettings(url=url, options=options).waits is waits
