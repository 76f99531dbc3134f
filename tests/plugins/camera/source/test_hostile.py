"""What strangers send must neither fill the memory nor make this machine read its own files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

from edgepi.clock import SystemClock
from edgepi_camera.child.main import MOST_BYTES
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import SourceError
from edgepi_camera.source.open import make_source
from edgepi_camera.source.options import attempts
from tests.plugins.camera.films import film


@pytest.mark.parametrize(
    "url", ["tcp://camera:1", "RTSP://camera/main", "http://camera/video", "udp://:5000"]
)
def test_a_camera_on_the_network_cannot_name_a_file_of_this_machine(url: str) -> None:
    ((_, options),) = attempts(SourceSettings(url=url))
    allowed = options["protocol_whitelist"].split(",")
    assert url.partition(":")[0].lower() in allowed
    assert not {"file", "concat", "subfile", "pipe", "unix", "fd"} & set(allowed)


def test_a_local_film_and_a_socket_are_not_cut_off(tmp_path: Path) -> None:
    for url in (str(tmp_path / "a.mp4"), "unix:/run/video0.sock"):
        ((_, options),) = attempts(SourceSettings(url=url))
        assert "protocol_whitelist" not in options


def test_a_named_pipe_is_refused_before_it_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match="it is a named pipe, neither a film"):
        make_source(SourceSettings(url=f"{tmp_path}/pipe.mp4", live=False), SystemClock()).open()


def test_pictures_larger_than_any_cameras_are_refused_and_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "film.mp4", 1.0)
    made = make_source(SourceSettings(url=str(path), live=False), SystemClock())
    made.open()
    unit = made.read()
    assert unit is not None
    monkeypatch.setattr("edgepi_camera.source.stream.MOST_PIXELS", 320 * 180 - 1)
    decoder = made.decoder()
    assert decoder is not None
    with pytest.raises(av.error.FFmpegError):
        decoder.decode(unit.packet)
    made.close()
    with pytest.raises(SourceError, match="its pictures of 320 x 180 are too large"):
        made.open()


@pytest.mark.slow
def test_the_process_of_a_camera_cannot_take_all_memory() -> None:
    code = (
        "import resource; from edgepi_camera.child.main import handle;"
        "handle.connect(lambda _: None); print(*resource.getrlimit(resource.RLIMIT_DATA))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.split() == [str(MOST_BYTES)] * 2
