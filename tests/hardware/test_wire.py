from __future__ import annotations

import errno
import socket

import pytest

from edgepi.clock import TimeScale
from edgepi.errors import BusError, DeviceNotFoundError, LeaseError, WorldError
from edgepi.hardware.wire import (
    LONGEST_FRAME,
    error_from_wire,
    error_to_wire,
    feed_from_wire,
    feed_to_wire,
    pack,
    receive,
    scale_from_wire,
    scale_to_wire,
    unpack,
)
from edgepi.plugin import VideoFeed


@pytest.mark.parametrize("feed", [VideoFeed("/dev/video0"), VideoFeed("unix:/w.sock", "mpegts", "rendered")])
def test_a_video_feed_arrives_as_it_was(feed: VideoFeed) -> None:
    assert feed_from_wire(feed_to_wire(feed)) == feed


@pytest.mark.parametrize("data", [None, {}, {"url": "x"}, {"url": 1, "format": None, "label": ""}])
def test_what_is_no_video_feed_is_refused(data: object) -> None:
    with pytest.raises(WorldError, match="no usable video"):
        feed_from_wire(data)


def test_an_error_arrives_as_what_it_was() -> None:
    sent = BusError("no answer", hint="check the wiring")
    sent.errno = errno.EREMOTEIO
    arrived = error_from_wire(error_to_wire(sent))
    assert type(arrived) is BusError
    assert (arrived.message, arrived.hint) == ("no answer", "check the wiring")
    assert isinstance(arrived, OSError)
    assert arrived.errno == errno.EREMOTEIO


def test_an_error_of_another_floor_arrives_as_the_worlds() -> None:
    assert type(error_from_wire(error_to_wire(LeaseError("no")))) is WorldError
    assert type(error_from_wire(error_to_wire(DeviceNotFoundError("no")))) is DeviceNotFoundError


@pytest.mark.parametrize("data", [None, 3, {}, {"kind": "KeyboardInterrupt", "message": "no"}])
def test_an_error_that_cannot_be_read_is_still_an_error(data: object) -> None:
    assert type(error_from_wire(data)) is WorldError


def test_a_time_scale_survives_the_wire() -> None:
    scale = TimeScale(1.5, 2.5, 3.5, 60.0)
    assert scale_from_wire(scale_to_wire(scale)) == scale


@pytest.mark.parametrize("data", [None, {}, {"rate": 1}, {"real_monotonic_s": "x"}, []])
def test_a_time_that_is_none_is_refused(data: object) -> None:
    with pytest.raises(WorldError, match="time"):
        scale_from_wire(data)


def test_a_frame_too_long_is_not_sent() -> None:
    with pytest.raises(WorldError, match="longer"):
        pack({"text": "x" * LONGEST_FRAME})


@pytest.mark.parametrize("body", [b"", b"{", b"1", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(WorldError):
        unpack(body)


def test_a_frame_in_pieces_is_put_together_and_a_torn_one_refused() -> None:
    near, far = socket.socketpair()
    with near, far:
        frame = pack({"result": list(range(50))})
        far.sendall(frame + frame[:10])
        far.close()
        assert receive(near) == {"result": list(range(50))}
        with pytest.raises(WorldError, match="gone"):
            receive(near)
