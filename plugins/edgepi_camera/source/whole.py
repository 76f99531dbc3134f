"""Whole pictures of packets that hold parts of them.

Some senders put parameter sets before each slice of a key picture (GStreamer's rtph264pay does); FFmpeg then
takes each slice for a picture of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av

from edgepi_camera.source.nal import continuation

__all__ = ["HEAD_BYTES", "Whole"]

HEAD_BYTES = 4096


class Whole:
    """Joins the packets of one picture that *read* gives (H.264, H.265; Annex-B).

    Only the next packet tells whether a picture is complete. To wait for that is put up with for the first
    key, and where parts have been found.
    """

    def __init__(self, read: Callable[[], av.Packet[Any]], codec: str) -> None:
        self._read_part = read
        self._codec = codec
        self._ahead: av.Packet[Any] | None = None
        self._waits = {True: True, False: False}
        self._found = False

    def read(self) -> av.Packet[Any]:
        """The next picture; raises what *read* raises, StopIteration at the end."""
        packet, self._ahead = self._ahead or self._read_part(), None
        key = packet.is_keyframe
        if self._begins_at(packet) is not None:
            self._waits[key] = self._found = True
        if not self._waits[key]:
            return packet
        while (part := self._part_of(packet)) is not None:
            self._found = True
            packet = _joined(packet, part)
        self._waits[key] = self._found
        return packet

    def _part_of(self, packet: av.Packet[Any]) -> bytes | None:
        """The slices that belong to the picture of *packet*, if the next one has such; it is kept if not."""
        try:
            following = self._read_part()
        except StopIteration:
            return None
        begins = self._begins_at(following)
        known = None not in (packet.pts, following.pts)
        if begins is None or (known and packet.pts != following.pts):
            self._ahead = following
            return None
        if packet.pts is None:
            packet.pts, packet.dts = following.pts, following.dts
        return bytes(following)[begins:]

    def _begins_at(self, packet: av.Packet[Any]) -> int | None:
        return continuation(bytes(memoryview(packet)[:HEAD_BYTES]), self._codec)


def _joined(packet: av.Packet[Any], part: bytes) -> av.Packet[Any]:
    whole = av.Packet(bytes(packet) + part)
    whole.pts, whole.dts, whole.time_base = packet.pts, packet.dts, packet.time_base
    whole.is_keyframe = packet.is_keyframe
    return whole
