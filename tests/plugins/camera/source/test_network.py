from __future__ import annotations

import errno
import socket

import av
import pytest

from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import SourceError
from edgepi_camera.source.network import trouble
from edgepi_camera.source.stream import StreamSource

UNAUTHORIZED = av.error.HTTPUnauthorizedError(1, "Server returned 401")
BROKEN = OSError(errno.EIO, "Input/output error")


def nobody(*_: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_camera_that_wants_a_login_is_told_from_one_that_refuses_it() -> None:
    assert trouble(UNAUTHORIZED, "rtsp://cam/main") == "it wants a user name and a password"
    assert trouble(UNAUTHORIZED, "rtsp://me:wrong@cam/main") is None


def test_a_name_that_nobody_knows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trouble(BROKEN, "/dev/video0") is None
    assert trouble(BROKEN, "rtsp://127.0.0.1/main") is None
    monkeypatch.setattr("socket.getaddrinfo", nobody)
    assert (
        trouble(BROKEN, "rtsp://yard/main")
        == "the name yard is not known: is it right, and is there a network?"
    )
    assert trouble(OSError(errno.ECONNRESET, "reset"), "rtsp://yard/main") is None


def test_it_stands_in_the_reason_with_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BROKEN

    monkeypatch.setattr("av.open", refuse)
    monkeypatch.setattr("socket.getaddrinfo", nobody)
    with pytest.raises(SourceError, match=r"^rtsp://\*\*\*@yard/main: the name yard is not known"):
        StreamSource(SourceSettings(url="rtsp://me:secret@yard/main")).open()
