"""Pictures that come uncompressed are pressed into JPEGs, so that the ring has room for them."""

from __future__ import annotations

import av
from av.video.codeccontext import VideoCodecContext

from edgepi_camera.child.pictures import bgr_of, jpeg_of, planes_of
from edgepi_camera.source.base import Unit

__all__ = ["Press"]

QUALITY = 90


class Press:
    """Turns units of one codec into JPEGs with their planes; those beyond *fps* are left as they came."""

    def __init__(self, decoder: VideoCodecContext) -> None:
        self._decoder = decoder
        self._last_s = float("-inf")
        self.fps: float | None = None

    def press(self, unit: Unit) -> Unit | None:
        """The unit pressed; None if it is one too many or torn."""
        time_s = unit.pts_s
        if self.fps and time_s is not None and 0 <= time_s - self._last_s < 0.9 / self.fps:
            return None
        self._last_s = time_s if time_s is not None else self._last_s
        try:
            frames = self._decoder.decode(unit.packet)
        except av.error.FFmpegError:
            return None
        if not frames:
            return None
        picture = planes_of(frames[0])
        packet = av.Packet(jpeg_of(bgr_of(picture), QUALITY))
        packet.is_keyframe = True
        return Unit(packet, unit.pts_s, unit.dts_s, key=True, picture=picture)
