from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from edgepi.errors import RequestError
from edgepi.plugin import Message
from edgepi_camera.child.files import handle
from tests.plugins.camera.films import film


def probe(path: Path) -> tuple[bool, float]:
    fields = handle(Message("probe", {"file": str(path)})).fields
    return fields["playable"], fields["clip_s"]


def still(path: Path, width: int = 322, height: int = 181) -> Path:
    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        picture = np.full((height, width, 3), 90, np.uint8)
        container.mux(
            stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuvj420p"))
        )
        container.mux(stream.encode())
    path.write_bytes(file.getvalue())
    return path


def test_a_clip_is_as_long_as_it_plays(tmp_path: Path) -> None:
    playable, clip_s = probe(film(tmp_path / "a.mp4", 2.0))
    assert playable
    assert clip_s == pytest.approx(2.0, abs=0.11)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 1000, b"\0\0\0\x18ftypisom" + b"\0" * 5000])
def test_what_is_no_clip_is_not_playable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert probe(path) == (False, 0.0)
    assert probe(tmp_path / "away.mp4") == (False, 0.0)


def test_a_clip_that_lacks_its_index_is_not_playable(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 2.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert not probe(path)[0]


def test_stills_become_a_film_that_browsers_play(tmp_path: Path) -> None:
    files = [still(tmp_path / f"{number}.jpg") for number in range(4)]
    out = tmp_path / "film.mp4"
    answer = handle(Message("timelapse", {"files": [str(f) for f in files], "out": str(out), "fps": 25.0}))
    assert answer.fields["pictures"] == 4
    playable, clip_s = probe(out)
    assert playable
    assert clip_s == pytest.approx(4 / 25, abs=0.02)
    with av.open(str(out)) as container:
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (322, 180)
    assert out.read_bytes().index(b"moov") < out.read_bytes().index(b"mdat")


def test_stills_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    good, bad = [still(tmp_path / f"{number}.jpg") for number in range(2)], tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8 torn")
    out = tmp_path / "film.mp4"
    files = [str(path) for path in (bad, *good, tmp_path / "away.jpg")]
    assert (
        handle(Message("timelapse", {"files": files, "out": str(out), "fps": 25.0})).fields["pictures"] == 2
    )
    with pytest.raises(RequestError, match="none of these stills"):
        handle(Message("timelapse", {"files": [str(bad)], "out": str(out), "fps": 25.0}))
    assert not out.exists()


def test_a_still_of_another_size_is_made_to_fit(tmp_path: Path) -> None:
    files = [str(still(tmp_path / "a.jpg", 1920, 1080)), str(still(tmp_path / "b.jpg", 640, 480))]
    out = tmp_path / "film.mp4"
    assert (
        handle(Message("timelapse", {"files": files, "out": str(out), "fps": 50.0})).fields["pictures"] == 2
    )
    with av.open(str(out)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (1280, 720)


def test_nothing_else_can_be_asked(tmp_path: Path) -> None:
    with pytest.raises(RequestError):
        handle(Message("remove", {"file": str(tmp_path)}))
