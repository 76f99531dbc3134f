"""Debian's `motion`, run on clips as if they were cameras."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import cv2
import numpy as np
from camera_words import Box, Word
from numpy.typing import NDArray
from scene_files import pictures

__all__ = ["SETTINGS", "debian"]

TOGETHER = 8
SLACK_S = 1.5
SMALL = (80, 60)
# Its own, but: no gap hides what it says, each picture that it alarms on is kept, nothing is served.
SETTINGS = """daemon off
setup_mode off
log_level 6
webcontrol_port 0
stream_port 0
movie_output off
framerate 25
"""
KEEP = """picture_output on
picture_quality 60
pre_capture 0
post_capture 0
picture_filename p-%K-%L-%i-%J-%D-%v-%H%M%S-%q
"""


def debian(clips: Sequence[Path], rates: Sequence[int]) -> list[Word]:
    """What `motion` says of each clip; it reads them as fast as a camera sends, several at a time."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(_look, clips, rates))


def _look(clip: Path, fps: int) -> Word:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        width, height = stream.codec_context.width, stream.codec_context.height
    with tempfile.TemporaryDirectory(prefix="edgepi-motion-") as folder:
        config = Path(folder) / "motion.conf"
        # The threshold is so many pixels of 640x480; other sizes get the same share.
        settings = SETTINGS.replace("framerate 25", f"framerate {fps}")
        config.write_text(
            f"{settings}{KEEP}target_dir {folder}\nnetcam_url file://{clip.resolve()}\n"
            f"width {width}\nheight {height}\nthreshold {round(1500 * width * height / 307200)}\n",
            encoding="utf-8",
        )
        end = _run(config)
        return _word(clip, sorted(Path(folder).glob("*.jpg")), end, (width, height), fps)


def _run(config: Path) -> float:
    """Run it until the clip is over; returns when it was."""
    command = ["motion", "-n", "-c", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if "handler_reconnect" in line:
                    return time.time()
        finally:
            process.terminate()
    raise RuntimeError("motion ended before its clip")


def _word(clip: Path, kept: Sequence[Path], end: float, size: tuple[int, int], fps: int) -> Word:
    """Its pictures are found again in the clip, near the moment at which they were kept."""
    clips = np.stack([_tiny(picture) for picture in pictures(clip, "gray")])
    count = len(clips)
    alarm = np.zeros(count, np.bool_)
    boxes: list[list[Box]] = [[] for _ in range(count)]
    for path in kept:
        about = count - (end - path.stat().st_mtime) * fps
        low = int(min(max(about - SLACK_S * fps, 0), count - 1))
        high = int(min(max(about + SLACK_S * fps, low + 1), count))
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if picture is None:  # it was being written at the end
            continue
        k = low + int(np.argmin(((clips[low:high] - _tiny(np.asarray(picture, np.uint8))) ** 2).sum((1, 2))))
        alarm[k] = True
        boxes[k].append(_box(path, size))
    return Word(_held(alarm), boxes, np.full(count, np.nan))


def _tiny(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), np.float32)


def _held(alarm: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Single pictures that it skipped between two alarms, being late, count as alarmed."""
    result = alarm.copy()
    for k in range(1, len(alarm) - 1):
        result[k] |= alarm[k - 1] and alarm[k + 1]
    return result


def _box(path: Path, size: tuple[int, int]) -> Box:
    x, y, width, height = map(int, path.name.split("-")[1:5])
    return (x - width / 2) / size[0], (y - height / 2) / size[1], width / size[0], height / size[1]
