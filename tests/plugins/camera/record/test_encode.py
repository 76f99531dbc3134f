"""Clips that are encoded."""

from __future__ import annotations

import logging
from pathlib import Path

import av
import numpy as np
import pytest

from edgepi_camera.motion.picture import Picture
from edgepi_camera.record.disk import Disk
from edgepi_camera.record.encode import EncodedClip


def picture(width: int, height: int) -> Picture:
    planes = [np.full((h, w), 90, np.uint8) for h, w in ((height, width), *[(height // 2, width // 2)] * 2)]
    planes[0][: height // 2] = 16
    return Picture(*planes)


@pytest.mark.parametrize(
    ("size", "kept"),
    [((640, 360), (640, 360)), ((1920, 1080), (1920, 1080)), ((3840, 2160), (1920, 1080))],
)
def test_pictures_larger_than_a_small_board_can_compress_are_made_smaller(
    tmp_path: Path, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    path = tmp_path / "clip.mp4"
    clip = EncodedClip(path, Disk(logging.getLogger("test")), fps=5.0, crf=23)
    for number in range(2):
        clip.add(picture(*size), number / 5)
    clip.finish()
    with av.open(str(path)) as container:
        (frame, _) = container.decode(video=0)
    assert (frame.width, frame.height) == kept
    luma = frame.to_ndarray(format="gray")
    assert int(np.max(luma[: kept[1] // 2 - 2])) < 5
    assert int(np.min(luma[kept[1] // 2 + 2 :])) > 60
