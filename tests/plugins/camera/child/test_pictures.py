from __future__ import annotations

import av
import numpy as np
import pytest

from edgepi_camera.child.pictures import bgr_of, jpeg_of, planes_of


def seen(frame: av.VideoFrame) -> int:
    return round(float(bgr_of(planes_of(frame)).mean()))


@pytest.mark.parametrize("grey", [4, 100, 250])
@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "yuvj422p", "yuyv422", "gray", "rgb24"])
def test_a_grey_stays_what_it_is_whatever_range_its_format_has(form: str, grey: int) -> None:
    picture = np.full((32, 48, 3), grey, np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=form)
    assert seen(frame) == pytest.approx(grey, abs=2)


@pytest.mark.parametrize("grey", [4, 100, 250])
def test_a_grey_stays_what_it_is_through_a_jpeg(grey: int) -> None:
    decoder = av.CodecContext.create("mjpeg", "r")
    packet = av.Packet(jpeg_of(np.full((32, 48, 3), grey, np.uint8)))
    (frame,) = decoder.decode(packet)
    assert seen(frame) == pytest.approx(grey, abs=2)
