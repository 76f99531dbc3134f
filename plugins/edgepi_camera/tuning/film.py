"""Reads a film or a folder of pictures frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from edgepi.clock import SystemClock
from edgepi.errors import RequestError
from edgepi_camera.child.pictures import Darkroom, planes_of
from edgepi_camera.model import CameraSettings
from edgepi_camera.motion.picture import Picture
from edgepi_camera.source.base import Source, SourceEndError, SourceError, Unit
from edgepi_camera.source.open import make_source

__all__ = ["WANTED", "duration_of", "pictures_of"]

USUAL_FPS = 25.0
WANTED = "give a film that FFmpeg plays, or a folder of pictures (.jpg, .png, .bmp, .webp, .tif)"


def pictures_of(settings: CameraSettings) -> Iterator[tuple[Picture, float]]:
    """Every picture, upright and without what is private, with its time from the film's beginning in seconds.

    Raises RequestError where the film cannot be opened; what is torn in it is skipped.
    """
    source = make_source(settings.source, SystemClock())
    darkroom = Darkroom(settings.privacy, settings.source.rotate)
    try:
        source.open()
    except SourceError as error:
        raise RequestError(error.message, hint=WANTED) from error
    with closing(source):
        step_s = 1.0 / (source.format.fps or USUAL_FPS)
        first_s: float | None = None
        last_s = -step_s
        for picture, time_s in _decoded(source):
            first_s = time_s if first_s is None else first_s
            at_s = last_s + step_s if time_s is None or first_s is None else time_s - first_s
            if at_s <= last_s:
                at_s = last_s + step_s
            last_s = at_s
            yield darkroom.develop(picture), at_s


def _decoded(source: Source) -> Iterator[tuple[Picture, float | None]]:
    decoder = source.decoder()
    base: Fraction | None = None
    while True:
        try:
            unit: Unit | None = source.read()
        except SourceEndError:
            unit = None
        except SourceError as error:
            raise RequestError(error.message) from error
        if unit is not None and unit.picture is not None:
            yield unit.picture, unit.pts_s
        elif decoder is not None:
            packet = None if unit is None else unit.packet
            base = base if packet is None else packet.time_base  # what is held back to the end has none
            for frame in _frames(decoder, packet):
                timed = None if frame.pts is None or base is None else float(frame.pts * base)
                yield planes_of(frame), timed
        if unit is None:
            return


def _frames(decoder: av.VideoCodecContext, packet: av.Packet[Any] | None) -> list[av.VideoFrame]:
    try:
        return decoder.decode(packet)
    except av.error.FFmpegError:
        return []


def duration_of(path: Path) -> float | None:
    """Length in seconds as the file says; None where it does not."""
    try:
        with av.open(str(path)) as container:
            return container.duration / av.time_base if container.duration else None
    except (av.error.FFmpegError, OSError, ValueError):
        return None
