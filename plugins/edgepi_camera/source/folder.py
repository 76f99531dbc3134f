"""A folder of pictures: an album that is leafed through, or one that a camera drops its stills into."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext

from edgepi_camera.child.pictures import jpeg_of
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import MOST_PIXELS, Format, SourceEndError, SourceError, Unit

__all__ = ["FolderSource"]

JPEG = {".jpg", ".jpeg"}
KINDS = JPEG | {".png", ".bmp", ".webp", ".tif", ".tiff"}
FPS = 5.0
LOOK_EVERY_S = 0.5
MOST_BYTES = 64 * 1024 * 1024
_NUMBERED = re.compile(r"([^0-9]*)([0-9]*)")


class FolderSource:
    """Pictures by name, numbers in them as numbers; live, the newest and then each that is added."""

    def __init__(self, settings: SourceSettings) -> None:
        self._folder = Path(settings.url)
        self._live = settings.live
        self._fps = settings.fps or FPS
        self._count = 0
        self._done: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._waiting: list[Path] = []
        self._closed = threading.Event()

    @property
    def format(self) -> Format:
        """JPEGs, whatever the files are; their size shows when they are decoded."""
        return Format("mjpeg", 0, 0, 0.0 if self._live else self._fps)

    def open(self) -> None:
        """List what is there; raises SourceError."""
        self._closed.clear()
        names = sorted(self._list(), key=_place)
        if not self._live and not names:
            raise SourceError(f"{self._folder}: no pictures are in it")
        self._done = set(names[:-1]) if self._live else set()
        self._waiting = [] if self._live else [self._folder / name for name in names]
        self._sizes, self._count = {}, 0

    def _list(self) -> dict[str, int]:
        try:
            return {
                path.name: path.stat().st_size
                for path in self._folder.iterdir()
                if path.suffix.lower() in KINDS and not path.name.startswith(".") and path.is_file()
            }
        except OSError as error:
            raise SourceError(f"{self._folder}: {error.strerror or error}") from None

    def read(self) -> Unit | None:
        """The next picture; None if there is no new one. Raises SourceError, SourceEndError."""
        if not self._waiting and self._live:
            self._gather()
        if not self._waiting:
            if self._live:
                return None
            raise SourceEndError(f"{self._folder}: read to its end")
        path = self._waiting.pop(0)
        content = _jpeg(path)
        time_s = None if self._live else self._count / self._fps
        self._count += 1
        if content is None:
            self._closed.wait(1.0 / self._fps)  # where none can be read, nothing else would hold it up
            return None
        packet = av.Packet(content)
        packet.is_keyframe = True
        return Unit(packet, time_s, time_s, key=True)

    def _gather(self) -> None:
        """Find new files; one that still grows is left for the next time."""
        self._closed.wait(LOOK_EVERY_S)
        found = self._list()
        whole = [
            name
            for name, size in sorted(found.items(), key=lambda item: _place(item[0]))
            if name not in self._done and size and self._sizes.get(name) == size
        ]
        self._sizes = found
        self._done = (self._done & found.keys()) | set(whole)
        self._waiting = [self._folder / name for name in whole]

    def decoder(self) -> VideoCodecContext:
        """Make a decoder for its packets."""
        context = VideoCodecContext.create("mjpeg", "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1
        context.options = {"max_pixels": str(MOST_PIXELS)}
        return context

    def lower(self, fps: float | None) -> None:
        """Nothing is saved by asking."""

    def close(self) -> None:
        """Stop waiting for pictures."""
        self._closed.set()


def _place(name: str) -> tuple[list[tuple[str, int]], str]:
    """Where a name belongs; numbers in it count as numbers, with leading zeros or without."""
    return [(text, int(number or 0)) for text, number in _NUMBERED.findall(name.casefold())], name


def _jpeg(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    if len(content) > MOST_BYTES:
        return None
    if path.suffix.lower() in JPEG or not content:
        return content or None
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # larger than memory, for one
        return None
    return None if picture is None else jpeg_of(np.asarray(picture, np.uint8), 90)
