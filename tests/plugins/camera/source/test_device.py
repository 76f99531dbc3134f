from __future__ import annotations

import ctypes
import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from edgepi.testing.clock import ManualClock
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import SourceError
from edgepi_camera.source.device import Patience
from edgepi_camera.source.stream import StreamSource


def film(path: Path) -> str:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (48, 32))
    for grey in (50, 100, 150):
        writer.write(np.full((32, 48, 3), grey, np.uint8))
    writer.release()
    return str(path)


class Opened:
    """Opens a film where a device was asked for, and remembers how and what it handed out."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.asked: list[dict[str, Any]] = []
        self.packets: list[av.Packet[Any]] = []
        self._open = av.open

    def __call__(self, _url: str, _mode: str, **how: Any) -> Any:
        self.asked.append(how)
        container: Any = self._open(self.path)
        return _Lent(container, self.packets)


class _Lent:
    def __init__(self, container: Any, packets: list[av.Packet[Any]]) -> None:
        self._container, self._packets = container, packets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def demux(self, stream: Any) -> Iterator[av.Packet[Any]]:
        for packet in self._container.demux(stream):
            self._packets.append(packet)
            yield packet


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    opened = Opened(film(tmp_path / "film.avi"))
    monkeypatch.setattr("av.open", opened)
    return opened


def device(url: str = "/dev/video0", **settings: Any) -> StreamSource:
    return StreamSource(SourceSettings(url=url, format="v4l2", **settings))


def test_a_decoder_is_not_told_the_size_that_was_wished_for_but_takes_the_one_that_came(
    opened: Opened,
) -> None:
    source = device(width=640, height=480)
    source.open()
    (asked,) = opened.asked
    assert asked["container_options"]["video_size"] == "640x480"
    assert not asked["options"]
    source.close()


def test_what_a_device_hands_out_is_not_kept_for_it_is_gone_when_the_device_is_closed(opened: Opened) -> None:
    source = device()
    source.open()
    unit = source.read()
    assert unit is not None
    assert unit.packet is not None
    (lent,) = opened.packets
    assert bytes(unit.packet) == bytes(lent)
    assert unit.packet.buffer_ptr != lent.buffer_ptr
    assert (unit.pts_s, unit.key) == (0.0, True)
    source.close()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[int]:
    """What stands for a device's queue of pictures, a byte each."""
    os.mkfifo(tmp_path / "video0")
    file = os.open(tmp_path / "video0", os.O_RDWR | os.O_NONBLOCK)
    yield file
    os.close(file)


def test_a_reader_is_behind_once_pictures_have_waited_for_a_second(
    queue: int, tmp_path: Path, manual_clock: ManualClock
) -> None:
    patience = Patience(str(tmp_path / "video0"), 1.0, manual_clock)
    os.write(queue, b"x" * 6)  # a burst after a nap
    for _ in range(6):
        assert patience.ready()
        os.read(queue, 1)
        manual_clock._move_to(manual_clock.monotonic() + 0.1)
        assert not patience.behind()
    os.write(queue, b"x" * 40)
    for _ in range(11):
        assert patience.ready()
        os.read(queue, 1)
        manual_clock._move_to(manual_clock.monotonic() + 0.1)
    assert patience.behind()
    os.read(queue, 100)
    assert not patience.behind()
    os.write(queue, b"xx")
    assert not patience.behind(), "it has caught up"


class Slow:
    """A reader for whom so many pictures wait."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting

    def ready(self) -> bool:
        return True

    def behind(self) -> bool:
        self.waiting -= 1
        return self.waiting >= 0


@pytest.mark.parametrize(("intra", "time_s"), [(True, 0.2), (False, 0.0)])
def test_where_pictures_come_too_fast_the_last_is_taken_if_it_stands_for_itself(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, intra: bool, time_s: float
) -> None:
    monkeypatch.setattr("edgepi_camera.source.stream.Patience", lambda *_: Slow(2))
    source = device()
    source.open()
    source._intra = intra
    unit = source.read()
    assert unit is not None
    assert unit.pts_s == pytest.approx(time_s)
    source.close()


def test_a_device_that_is_there_but_takes_no_pictures_is_said_to_be_no_camera(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr("av.open", refuse)
    there = tmp_path / "video1"
    there.touch()
    with pytest.raises(SourceError, match="it is no camera"):
        device(str(there)).open()
    with pytest.raises(SourceError, match="it is not there"):
        device(str(tmp_path / "video2")).open()


def test_a_device_that_refuses_to_begin_is_not_left_mapped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = tmp_path / "video0"
    there.write_bytes(bytes(mmap.PAGESIZE))
    library = ctypes.CDLL(None)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)

    def mapped() -> bool:
        return str(there) in Path("/proc/self/maps").read_text(encoding="utf-8")

    def refuse(*_: Any, **__: Any) -> None:
        with there.open("rb") as file:
            library.mmap(None, mmap.PAGESIZE, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
        assert mapped()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("av.open", refuse)
    with pytest.raises(SourceError):
        device(str(there)).open()
    assert not mapped()
