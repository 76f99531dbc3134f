"""Puts films one behind the other without encoding them again."""

from __future__ import annotations

from collections.abc import Sequence

import av
from av.container import OutputContainer

from edgepi.errors import RequestError

__all__ = ["join"]


def join(files: Sequence[str], output: str) -> None:
    """Write *files*, which must be of one size and codec, into one; raises RequestError."""
    try:
        with av.open(output, "w", format="mp4", options={"movflags": "faststart"}) as out:
            _join(files, out)
    except (av.error.FFmpegError, OSError) as error:
        raise RequestError(f"the films cannot be joined: {error.strerror or error}") from error


def _join(files: Sequence[str], out: OutputContainer) -> None:
    target: av.VideoStream | None = None
    shape: tuple[object, ...] = ()
    offset = 0
    for file in files:
        with av.open(file) as film:
            stream = film.streams.video[0]
            if target is None:
                target = out.add_stream_from_template(stream)
                shape = _shape(stream)
            elif _shape(stream) != shape:
                raise RequestError(
                    "the camera's picture changed between these days", hint="take each by --day"
                )
            end = offset
            for packet in film.demux(stream):
                if packet.dts is None:
                    continue
                packet.pts, packet.dts = (packet.pts or 0) + offset, packet.dts + offset
                end = max(end, packet.pts + (packet.duration or 1))
                packet.stream = target
                out.mux(packet)
            offset = end


def _shape(stream: av.VideoStream) -> tuple[object, ...]:
    context = stream.codec_context
    return context.name, context.width, context.height, stream.time_base
