"""The child's side of the messages between a node and its camera."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import resource
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2

from edgepi.clock import Clock, SystemClock
from edgepi.errors import RequestError
from edgepi.plugin import Message
from edgepi_camera.child.engine import Engine
from edgepi_camera.child.levels import Level
from edgepi_camera.child.pictures import bgr_of, jpeg_of
from edgepi_camera.child.pusher import View
from edgepi_camera.model import CameraSettings

__all__ = ["Handler", "handle"]

LEVEL_S = 4.0
# The node waits 5 s for most answers, and 8 s for the end of an event; who takes longer is taken for hung.
CALL_S = 3.5
# Strangers say how large their pictures are: this is more than any camera needs.
MOST_BYTES = 1 << 30
END_S = 1.5
# From malloc.h. One arena, however many threads there are; and planes of a few hundred kilobytes stay with
# the process: to get each from the kernel anew costs a fifth of all that the detector does.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8


class Handler:
    """Answers the node; the camera itself works in a thread of its own."""

    def __init__(self, clock: Clock | None = None, *, most_bytes: int | None = None) -> None:
        self._clock = clock or SystemClock()
        self._most_bytes = most_bytes
        self._send: Callable[[Message], None] = lambda _: None
        self._engine: Engine | None = None
        self._answers: Mapping[str, Callable[[Mapping[str, Any]], Message | None]] = {
            "open": self._open,
            "level": self._level,
            "snapshot": self._snapshot,
            "view": self._view,
            "record": self._record,
            "end_event": self._end_event,
            "status": self._status,
            "sight": self._sight,
            "close": self._close,
        }

    def connect(self, send: Callable[[Message], None]) -> None:
        """Take what sends messages unasked."""
        self._send = send
        cv2.setNumThreads(1)
        _save_memory()
        if self._most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (self._most_bytes, self._most_bytes))
        _go_first()
        atexit.register(self.end)

    def __call__(self, message: Message) -> Message | None:
        """Answer one question; raises RequestError for one that nobody knows."""
        answer = self._answers.get(message.kind)
        if answer is None:
            raise RequestError(f"a camera knows no {message.kind!r}")
        return answer(message.fields)

    def end(self) -> None:
        """Leave nothing half written when the node goes."""
        if self._engine is not None:
            self._engine.close(END_S)
            self._engine = None

    @property
    def engine(self) -> Engine:
        """The camera that is open."""
        if self._engine is None:
            raise RequestError("no camera is open")
        return self._engine

    def _open(self, fields: Mapping[str, Any]) -> None:
        self.end()
        self._engine = Engine(CameraSettings.from_fields(fields["settings"]), self._clock, self._send)

    def _level(self, fields: Mapping[str, Any]) -> Message:
        engine, level = self.engine, Level(fields["level"])
        engine.wish(level)
        wait_s = LEVEL_S if fields.get("wait", True) else 0.0
        held = engine.wait(lambda: engine.holds(level), wait_s)
        return Message("level", {"level": engine.levels.held.value, "held": held})

    def _snapshot(self, fields: Mapping[str, Any]) -> Message:
        engine, width = self.engine, fields.get("width")
        if engine.levels.wished is not Level.OFF:  # which may just have been asked for
            engine.wait(lambda: engine.levels.held is not Level.OFF, CALL_S)
        if fields.get("what") == "detector":
            bgr, ago_s = engine.drawn(width), 0.0
        else:
            picture, ago_s = engine.still()
            bgr = bgr_of(picture, width)
        height, width = bgr.shape[:2]
        return Message("picture", {"width": width, "height": height, "ago_s": ago_s}, jpeg_of(bgr))

    def _view(self, fields: Mapping[str, Any]) -> None:
        self.engine.pusher.show(
            View(
                on=bool(fields["on"]),
                fps=float(fields.get("fps") or 5.0),
                width=fields.get("width"),
                what=str(fields.get("what") or "picture"),
            )
        )

    def _record(self, fields: Mapping[str, Any]) -> None:
        engine, on = self.engine, bool(fields["on"])
        engine.call(lambda: engine.recorder.write(on), CALL_S)

    def _end_event(self, fields: Mapping[str, Any]) -> None:
        engine = self.engine
        engine.call(lambda: engine.recorder.rest(str(fields.get("reason") or ""), engine.watch.now()), CALL_S)
        engine.disk.drain(CALL_S)

    def _status(self, _: Mapping[str, Any]) -> Message:
        return Message("status", self.engine.status())

    def _sight(self, _: Mapping[str, Any]) -> Message:
        return Message("sight", asdict(self.engine.watch.sight))

    def _close(self, _: Mapping[str, Any]) -> None:
        if self._engine is not None:
            self._engine.close(CALL_S)
            self._engine = None


def _save_memory() -> None:
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 1)
        library.mallopt(M_TRIM_THRESHOLD, 1 << 24)
        library.mallopt(M_MMAP_THRESHOLD, 1 << 23)


def _go_first() -> None:
    """Where memory runs out, this process shall be ended before the node: it is started again."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


handle = Handler(most_bytes=MOST_BYTES)
