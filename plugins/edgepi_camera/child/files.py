"""Looks into files and makes films of stills, in a process of its own: a file may be cut anywhere."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from edgepi.errors import RequestError
from edgepi.plugin import Message

__all__ = ["handle"]

FILM_WIDTH = 1280
CRF = "26"


def handle(message: Message) -> Message:
    """Answer ``probe`` {file} and ``timelapse`` {files, out, fps}; raises RequestError for anything else."""
    fields = dict(message.fields)
    if message.kind == "probe":
        return Message("probed", _probe(str(fields["file"])))
    if message.kind == "timelapse":
        return Message("made", _film([str(file) for file in fields["files"]], fields["out"], fields["fps"]))
    raise RequestError(f"{message.kind!r} is nothing that can be asked here")


def _probe(file: str) -> dict[str, Any]:
    """Say how long a clip is and whether its first picture can be seen."""
    first = last = None
    shown = False
    with contextlib.suppress(av.FFmpegError, OSError, ValueError), av.open(file) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.pts is None or packet.time_base is None:
                continue
            at_s = float(packet.pts * packet.time_base)
            length_s = float((packet.duration or 0) * packet.time_base)
            first = at_s if first is None else min(first, at_s)
            last = at_s + length_s if last is None else max(last, at_s + length_s)
            shown = shown or _shows(packet)
    clip_s = 0.0 if first is None or last is None else last - first
    return {"playable": shown and clip_s > 0.0, "clip_s": round(clip_s, 3)}


def _shows(packet: Any) -> bool:
    with contextlib.suppress(av.FFmpegError):
        return bool(packet.decode())
    return False


def _film(files: list[str], out: str, fps: float) -> dict[str, Any]:
    """Put stills one after the other; those that cannot be read are left out."""
    used = 0
    with av.open(out, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream: Any = None
        for file in files:
            picture = _still(file)
            if picture is None:
                continue
            if stream is None:
                stream = _stream(container, picture, fps)
            frame = picture.reformat(width=stream.width, height=stream.height, format="yuv420p")
            frame.pts, frame.time_base = used, 1 / Fraction(fps).limit_denominator(1000)
            container.mux(stream.encode(frame))
            used += 1
        if stream is not None:
            container.mux(stream.encode(None))
    if not used:
        Path(out).unlink(missing_ok=True)
        raise RequestError("none of these stills can be read")
    return {"pictures": used, "bytes": Path(out).stat().st_size}


def _still(file: str) -> Any:
    with contextlib.suppress(av.FFmpegError, OSError, ValueError), av.open(file) as container:
        return next(container.decode(video=0))
    return None


def _stream(container: Any, picture: Any, fps: float) -> Any:
    width = min(FILM_WIDTH, picture.width) // 2 * 2
    height = max(2, round(picture.height * width / picture.width / 2) * 2)
    stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = {"preset": "veryfast", "crf": CRF}
    stream.thread_count = 1
    return stream
