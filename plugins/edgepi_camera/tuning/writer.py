"""What a tuning run leaves: a film of what the detector saw, or a sheet of the best pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import cv2
import numpy as np

from edgepi.errors import RequestError
from edgepi_camera.motion.picture import Bytes

__all__ = ["FilmWriter", "SheetWriter", "Writer", "writer_of"]

WIDEST = 960
TILE_WIDTH = 400
COLUMNS = 3
MOST_TILES = 60
WHITE, DARK = (235, 242, 244), (26, 24, 20)
FONT = cv2.FONT_HERSHEY_SIMPLEX
TICKS = 1000


class Writer(Protocol):
    """Takes drawn pictures and writes them."""

    def picture(self, drawn: Bytes, time_s: float) -> None:
        """One of every picture of the film."""

    def best(self, number: int, drawn: Bytes, title: str) -> None:
        """The best picture so far of event *number*."""

    def close(self) -> None:
        """Write the rest."""


def writer_of(path: str | None) -> Writer | None:
    """The writer for the ending of *path*; raises RequestError for another."""
    if path is None:
        return None
    ending = Path(path).suffix.lower()
    if ending == ".mp4":
        return FilmWriter(path)
    if ending in {".png", ".jpg", ".jpeg"}:
        return SheetWriter(path)
    raise RequestError(f"{path}: no film and no picture", hint="end its name with .mp4 or .png")


class FilmWriter:
    """An H.264 film with every picture, at the times of the original."""

    def __init__(self, path: str) -> None:
        self._container = av.open(path, "w", options={"movflags": "faststart"})
        self._stream = self._container.add_stream("libx264", rate=Fraction(25))
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"preset": "veryfast", "crf": "24"}
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._size: tuple[int, int] | None = None

    def picture(self, drawn: Bytes, time_s: float) -> None:
        """Encode it."""
        if self._size is None:
            height, width = drawn.shape[:2]
            self._size = (width // 2 * 2, height // 2 * 2)
            self._stream.width, self._stream.height = self._size
        width, height = self._size
        if drawn.shape[:2] != (height, width):
            drawn = np.asarray(cv2.resize(drawn, (width, height)), np.uint8)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(drawn), format="bgr24")
        frame.pts, frame.time_base = round(time_s * TICKS), Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))

    def best(self, number: int, drawn: Bytes, title: str) -> None:
        """The film has every picture anyway."""

    def close(self) -> None:
        """Write the rest."""
        if self._size is not None:
            self._container.mux(self._stream.encode())
        self._container.close()


class SheetWriter:
    """One picture with a tile for each event."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._tiles: dict[int, Bytes] = {}

    def picture(self, drawn: Bytes, time_s: float) -> None:
        """Only the best of each event are shown."""

    def best(self, number: int, drawn: Bytes, title: str) -> None:
        """Keep it, in the place of one that was less good."""
        if number < MOST_TILES:
            self._tiles[number] = _tile(drawn, title)

    def close(self) -> None:
        """Put the tiles together."""
        if not self._tiles:
            return
        tiles = [self._tiles[number] for number in sorted(self._tiles)]
        height = max(tile.shape[0] for tile in tiles)
        columns = min(COLUMNS, len(tiles))
        rows = -(-len(tiles) // columns)
        sheet = np.full((rows * height, columns * TILE_WIDTH, 3), DARK, np.uint8)
        for number, tile in enumerate(tiles):
            top, left = number // columns * height, number % columns * TILE_WIDTH
            sheet[top : top + tile.shape[0], left : left + TILE_WIDTH] = tile
        if not cv2.imwrite(self._path, sheet):
            raise RequestError(f"{self._path} cannot be written")


def _tile(drawn: Bytes, title: str) -> Bytes:
    margin, text = 6, 26
    width = TILE_WIDTH - 2 * margin
    height = round(drawn.shape[0] * width / drawn.shape[1])
    tile = np.full((height + text + 2 * margin, TILE_WIDTH, 3), DARK, np.uint8)
    tile[margin : margin + height, margin : margin + width] = cv2.resize(
        drawn, (width, height), interpolation=cv2.INTER_AREA
    )
    cv2.putText(tile, title, (margin + 2, margin + height + 19), FONT, 0.5, WHITE, 1, cv2.LINE_AA)
    return tile
