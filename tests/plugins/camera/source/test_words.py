from __future__ import annotations

import av
import pytest

from edgepi_camera.source.words import explained, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://me:secret@10.0.0.7:554/main", "rtsp://***@10.0.0.7:554/main"),
        ("rtsp://me:s@cret@host/a", "rtsp://***@host/a"),
        ("http://cam/video?user=me&pwd=secret&res=hd", "http://cam/video?user=***&pwd=***&res=hd"),
        ("cannot open 'http://me:secret@cam/x' now", "cannot open 'http://***@cam/x' now"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_addresses_are_shown_without_user_and_password(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_errors_become_sentences_that_hold_no_password() -> None:
    with pytest.raises(av.FFmpegError) as caught:
        av.open("rtsp://me:secret@127.0.0.1:1/x", options={"rtsp_transport": "tcp"})
    said = explained(caught.value, "rtsp://me:secret@127.0.0.1:1/x")
    assert said == "rtsp://***@127.0.0.1:1/x: it refuses the connection"


def test_what_is_not_known_is_told_as_it_is() -> None:
    assert explained(ValueError("odd thing at rtsp://a:b@c/"), "file") == "file: odd thing at rtsp://***@c/"
