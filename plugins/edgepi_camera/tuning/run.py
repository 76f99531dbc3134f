"""Runs the detector over a film."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgepi.errors import RequestError
from edgepi.plugin import Message
from edgepi_camera.child.pictures import bgr_of
from edgepi_camera.model import CameraSettings, Sight
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.picture import Picture
from edgepi_camera.tuning.film import WANTED, duration_of, pictures_of
from edgepi_camera.tuning.seconds import Seconds
from edgepi_camera.tuning.spells import Spell, Spells
from edgepi_camera.tuning.writer import WIDEST, Writer, writer_of

__all__ = ["tune"]

TELL_PICTURES = 50


def tune(settings: CameraSettings, output: str | None, send: Callable[[Message], None]) -> dict[str, Any]:
    """What the detector finds in the film of *settings*: events, seconds, and how long a picture took it.

    Raises RequestError for a film that cannot be read or has no pictures.
    """
    path = Path(settings.source.url)
    length_s = duration_of(path) if path.is_file() else None
    run = _Run(settings, writer_of(output))
    try:
        for number, (picture, at_s) in enumerate(pictures_of(settings)):
            run.see(picture, at_s)
            if number % TELL_PICTURES == 0:
                send(Message("push.progress", {"at_s": at_s, "length_s": length_s}))
    finally:
        run.close()
    if not run.pictures:
        raise RequestError(f"{path} has no picture that can be read", hint=WANTED)
    return run.report()


class _Run:
    def __init__(self, settings: CameraSettings, writer: Writer | None) -> None:
        self.pictures = 0
        self._detector = Detector(settings.motion)
        self._writer = writer
        self._spells = Spells(settings.clip.after_s)
        self._seconds = Seconds()
        self._busy_s = 0.0
        self._end_s = 0.0
        self._size = (0, 0)

    def see(self, picture: Picture, at_s: float) -> None:
        begun = time.process_time()
        sight = self._detector.see(picture, at_s)
        self._busy_s += time.process_time() - begun
        self.pictures += 1
        self._end_s = at_s
        self._size = (picture.luma.shape[1], picture.luma.shape[0])
        self._seconds.add(sight)
        better = self._spells.add(sight)
        if self._writer is not None:
            self._write(self._writer, picture, sight, better=better)

    def _write(self, writer: Writer, picture: Picture, sight: Sight, *, better: bool) -> None:
        drawn = self._detector.drawn(bgr_of(picture, WIDEST))
        writer.picture(drawn, sight.time_s)
        if better:
            number = len(self._spells.all) - 1
            writer.best(number, drawn, _title(number, self._spells.all[-1]))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def report(self) -> dict[str, Any]:
        moving = sum(second.moving for second in self._seconds.all)
        return {
            "pictures": self.pictures,
            "length_s": round(self._end_s, 2),
            "width": self._size[0],
            "height": self._size[1],
            "moving_percent": round(100 * moving / self.pictures, 2),
            "ms_per_picture": round(1000 * self._busy_s / self.pictures, 2),
            "events": [spell.to_json() for spell in self._spells.all],
            "seconds": [second.to_json() for second in self._seconds.all],
        }


def _title(number: int, spell: Spell) -> str:
    at_s = round(spell.best_s)
    zones = f"  {', '.join(sorted(spell.zones))}" if spell.zones else ""
    return f"{number + 1}   {at_s // 60}:{at_s % 60:02d}   score {spell.score:.2f}{zones}"
