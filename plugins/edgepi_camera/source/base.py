"""What every source of pictures looks like to the rest of the child."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av

from edgepi.errors import SourceError
from edgepi_camera.motion.picture import Picture

__all__ = ["ANNEX_B", "MOST_PIXELS", "TIME_BASE", "Format", "Source", "SourceEndError", "SourceError", "Unit"]

TIME_BASE = Fraction(1, 90_000)
# More than any camera has; strangers may claim what no memory holds.
MOST_PIXELS = 20_000_000
ANNEX_B = {"h264", "hevc"}
# What else there is of both (4:2:2, 4:4:4, H.264 of ten bits) no browser plays.
PLAYED = {"h264": {"", "yuv420p", "yuvj420p"}, "hevc": {"", "yuv420p", "yuvj420p", "yuv420p10le"}}


class SourceEndError(SourceError):
    """A file or folder has been read to its end."""


@dataclass(frozen=True, slots=True)
class Format:
    """What a source delivers: *codec* as FFmpeg names it, *fps* as promised (0: unknown).

    *turned*: degrees that the camera has turned its pictures by itself, of those it was asked for. *pixels*
    as FFmpeg names them (empty: unknown). *reordered*: what comes is stored in another order than it is
    shown in, and nothing tells that one.
    """

    codec: str
    width: int
    height: int
    fps: float = 0.0
    turned: int = 0
    pixels: str = ""
    reordered: bool = False

    @property
    def copied(self) -> bool:
        """Whether an MP4 that browsers play may hold the packets as they are."""
        return not self.reordered and self.pixels in PLAYED.get(self.codec, ())


@dataclass(slots=True)
class Unit:
    """One picture as it came: compressed (*packet*), or already as planes (*picture*), or both.

    Times are the source's own, in seconds; None where it tells none. A *packet* of H.264 or H.265 is
    Annex-B and begins, where it is a *key*, with its *parameters*. *picture* may be smaller than what is in
    *packet*: it is for detection. One that has neither packet nor time was taken *age_s* ago.
    """

    packet: av.Packet[Any] | None
    pts_s: float | None
    dts_s: float | None
    key: bool
    picture: Picture | None = None
    parameters: bytes = b""
    age_s: float = 0.0


class Source(Protocol):
    """Something that can be opened, read unit by unit, and closed; used from one thread.

    `decoder` makes a codec context of its own for this source's packets. `lower` asks for so many pictures
    a second (None: all there are); a source that cannot ignores it.
    """

    @property
    def format(self) -> Format:
        """What it delivers; known once it is open."""

    def open(self) -> None:
        """Connect; raises SourceError within its time-out."""

    def read(self) -> Unit | None:
        """Wait for the next unit; None if there is none for now. Raises SourceError, SourceEndError."""

    def decoder(self) -> av.VideoCodecContext | None:
        """Make a decoder for its packets; None if it delivers planes only."""

    def lower(self, fps: float | None) -> None:
        """Deliver no more than so many pictures a second, if that saves anything."""

    def close(self) -> None:
        """Let go of it; may be called at any time after `open`, twice too."""
