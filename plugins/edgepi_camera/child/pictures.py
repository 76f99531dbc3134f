"""Pictures between decoder, detector, encoder and JPEG: planes, masks, turns."""

from __future__ import annotations

from collections.abc import Sequence

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange

from edgepi_camera.model import Polygon
from edgepi_camera.motion.picture import Bytes, Picture

__all__ = ["Darkroom", "bgr_of", "i420_of", "jpeg_of", "planes_of", "shrunk"]

# Pictures here are of the range that video has, 16 to 235; JPEGs and some cameras use all of 0 to 255.
_LEVELS = np.arange(256)
TO_LUMA = np.round(16 + _LEVELS * 219 / 255).astype(np.uint8)
TO_COLOUR = np.round(128 + (_LEVELS - 128) * 224 / 255).astype(np.uint8)
DIRECT = {"yuv420p", "yuvj420p"}
HALVED = {"yuv422p", "yuvj422p"}
GREY = {"gray"}
BLACK, NO_COLOUR = 16, 128
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def planes_of(frame: av.VideoFrame) -> Picture:
    """The planes of a decoded frame, uncopied where its format allows; they must not be written to."""
    name = frame.format.name
    if name in GREY:
        return _narrowed(Picture(_plane(frame, 0, frame.width, frame.height)))
    wide = name.startswith("yuvj") or (name in DIRECT | HALVED and frame.color_range == ColorRange.JPEG)
    if name not in DIRECT and name not in HALVED:
        frame = frame.reformat(format="yuv420p", dst_color_range=ColorRange.MPEG)
        name, wide = "yuv420p", False
    width, height = frame.width // 2 * 2, frame.height // 2 * 2
    if name in HALVED:
        u, v = (_plane(frame, index, width // 2, height)[::2] for index in (1, 2))
    else:
        u, v = (_plane(frame, index, width // 2, height // 2) for index in (1, 2))
    picture = Picture(_plane(frame, 0, width, height), u, v)
    return _narrowed(picture) if wide else picture


def _narrowed(picture: Picture) -> Picture:
    u, v = (None if plane is None else _mapped(plane, TO_COLOUR) for plane in (picture.u, picture.v))
    return Picture(_mapped(picture.luma, TO_LUMA), u, v)


def _mapped(plane: Bytes, table: Bytes) -> Bytes:
    return np.asarray(cv2.LUT(plane, table), np.uint8)


def _plane(frame: av.VideoFrame, index: int, width: int, height: int) -> Bytes:
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8, count=plane.line_size * height)
    return rows.reshape(height, plane.line_size)[:, :width]


class Darkroom:
    """Turns pictures upright and blackens what must not be seen; does nothing where nothing is to do."""

    def __init__(self, privacy: Sequence[Polygon], rotate: int) -> None:
        self._privacy = tuple(np.asarray(polygon, np.float64) for polygon in privacy)
        self._rotate = rotate
        self._turn = TURNS.get(rotate % 360)

    def turned(self, degrees: int) -> None:
        """Hear by how much pictures are turned already."""
        self._turn = TURNS.get((self._rotate - degrees) % 360)

    @property
    def changes(self) -> bool:
        """Whether it does anything."""
        return bool(self._privacy) or self._turn is not None

    def develop(self, picture: Picture) -> Picture:
        """The picture as it may be shown; the same one if nothing is changed, else a copy."""
        if self._turn is not None:
            picture = _each(picture, lambda plane: np.asarray(cv2.rotate(plane, self._turn), np.uint8))
        if not self._privacy:
            return picture
        if self._turn is None:
            picture = _each(picture, lambda plane: plane.copy())
        self._blacken(picture.luma, BLACK)
        for plane in (picture.u, picture.v):
            if plane is not None:
                self._blacken(plane, NO_COLOUR)
        return picture

    def _blacken(self, plane: Bytes, value: int) -> None:
        height, width = plane.shape
        for polygon in self._privacy:
            corners = np.round(polygon * (width - 1, height - 1)).astype(np.int32)
            cv2.fillPoly(plane, [corners], (value,))


def _each(picture: Picture, change: object) -> Picture:
    assert callable(change)
    u, v = (None if plane is None else change(plane) for plane in (picture.u, picture.v))
    return Picture(change(picture.luma), u, v)


def i420_of(picture: Picture) -> Bytes:
    """Its planes one below the other, in one array of 3/2 the height."""
    height, width = picture.luma.shape
    height, width = height // 2 * 2, width // 2 * 2
    whole = np.empty((height * 3 // 2, width), np.uint8)
    whole[:height] = picture.luma[:height, :width]
    colours = whole[height:].reshape(2, height // 2, width // 2)
    for index, plane in enumerate((picture.u, picture.v)):
        colours[index] = NO_COLOUR if plane is None else plane[: height // 2, : width // 2]
    return whole


def bgr_of(picture: Picture, width: int | None = None) -> Bytes:
    """For OpenCV, in colour, no wider than *width*."""
    if width is not None and width < picture.luma.shape[1]:
        picture = shrunk(picture, max(16, width // 2 * 2))
    return np.asarray(cv2.cvtColor(i420_of(picture), cv2.COLOR_YUV2BGR_I420), np.uint8)


def shrunk(picture: Picture, width: int) -> Picture:
    """The picture made smaller, *width* (even) wide."""
    height = max(16, round(picture.luma.shape[0] * width / picture.luma.shape[1]) // 2 * 2)

    def reduce(plane: Bytes, size: tuple[int, int]) -> Bytes:
        return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)

    half = (width // 2, height // 2)
    u, v = (None if plane is None else reduce(plane, half) for plane in (picture.u, picture.v))
    return Picture(reduce(picture.luma, (width, height)), u, v)


def jpeg_of(bgr: Bytes, quality: int = 80) -> bytes:
    """As JPEG."""
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(content)
