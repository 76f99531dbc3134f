"""Decoding packets one by one, whole streams or their keys alone, torn ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import av
from av.video.codeccontext import VideoCodecContext

from edgepi_camera.record.clip import TICKS
from edgepi_camera.record.ring import Kept

__all__ = ["Decoding", "time_of"]

TORN_S = 2.0


class Decoding:
    """One decoder; *make* makes another when it must begin anew."""

    def __init__(self, make: Callable[[], VideoCodecContext | None]) -> None:
        self.make = make
        self._context: VideoCodecContext | None = None
        self._torn_s = self._last_torn_s = float("-inf")
        self._fed = False
        self._delays = False
        self._fed_ticks = self._shown_ticks = self._step_ticks = 0
        self.torn = 0

    def restart(self) -> None:
        """Forget what was decoded before; the next packet ought to be a key."""
        self._context, self._fed = None, False

    def torn_after(self, time_s: float) -> bool:
        """Whether something torn came after this time."""
        return self._last_torn_s > time_s

    def sound(self, time_s: float) -> bool:
        """Whether pictures of this time can be believed: nothing torn just before."""
        return time_s - self._torn_s >= TORN_S

    def decode(self, kept: Kept) -> list[av.VideoFrame]:
        """Pictures that come out when *kept* goes in; their times are that of their packet.

        Where packets do not say when they are shown, pictures count as shown when they come out.
        """
        if self._context is None:
            if not kept.key:
                return []
            self._context = self.make()
            if self._context is None:
                return []
        if kept.key:
            self._torn_s = self._last_torn_s = float("-inf")
        self._fed = True
        dts = kept.packet.dts or 0
        self._step_ticks, self._fed_ticks = max(1, dts - self._fed_ticks), dts
        try:
            frames = self._context.decode(kept.packet)
        except av.error.FFmpegError:
            self._tear(kept.time_s)
            return []
        for frame in frames:
            if frame.is_corrupt:
                self._tear(kept.time_s)
        return self._dated(frames, self._fed_ticks)

    def _dated(self, frames: list[av.VideoFrame], ticks: int) -> list[av.VideoFrame]:
        for number, frame in enumerate(frames):
            if frame.pts is None:
                frame.pts = self._shown_ticks = ticks + number * self._step_ticks
        return frames

    def _tear(self, time_s: float) -> None:
        self.torn += 1
        self._torn_s = self._last_torn_s = time_s

    def decode_key(self, kept: Kept) -> list[av.VideoFrame]:
        """The picture of a key alone, at once.

        A decoder that hands it out undelayed is not made to begin anew each time: that costs more than the
        picture.
        """
        if self._delays:
            self.rewind()
        frames = self.decode(kept)
        if not frames or frames[-1].is_corrupt:
            self._delays = True
            frames = frames or self.drain()
        return frames

    def drain(self) -> list[av.VideoFrame]:
        """What is still held back; the decoder then begins anew."""
        if self._context is None or not self._fed:
            return []
        try:
            frames = self._context.decode(None)
        except av.error.FFmpegError:
            frames = []
        self.rewind()
        follows = self._shown_ticks == self._fed_ticks
        return self._dated(frames, self._fed_ticks + (self._step_ticks if follows else 0))

    def rewind(self) -> None:
        """Be ready for a packet that does not follow the last."""
        if self._context is not None and self._fed:
            self._context.flush_buffers()
        self._fed = False

    def replay(self, packets: Iterable[Kept]) -> Iterator[av.VideoFrame]:
        """Everything in *packets*, from a key on."""
        self.rewind()
        for kept in packets:
            yield from self.decode(kept)


def time_of(frame: av.VideoFrame) -> float:
    """When it is shown, on the child's time line."""
    return (frame.pts or 0) / TICKS
