"""Live pictures to the node: encoded only when asked for, and only as fast as they are taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from edgepi.plugin import Message
from edgepi_camera.child.pictures import bgr_of, jpeg_of
from edgepi_camera.motion.picture import Bytes, Picture

__all__ = ["Pusher", "View"]

QUALITY = 75


@dataclass(frozen=True, slots=True)
class View:
    """What the node wants to be shown: *what* is ``picture`` or ``detector``."""

    on: bool = False
    fps: float = 5.0
    width: int | None = None
    what: str = "picture"


class Pusher:
    """Encodes and sends in a thread of its own; holds one picture of each kind, and that the latest."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._views: dict[str, View] = {}
        self._next_s: dict[str, float] = {}
        self._slots: dict[str, Picture | Bytes] = {}
        self._sequence = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="view", daemon=True).start()

    @property
    def shows(self) -> bool:
        """Whether anything is looked at."""
        return bool(self._views)

    def show(self, view: View) -> None:
        """Show something, or no more of it."""
        with self._changed:
            self._next_s.pop(view.what, None)
            self._slots.pop(view.what, None)
            if view.on:
                self._views = {**self._views, view.what: view}
            else:
                self._views = {what: other for what, other in self._views.items() if what != view.what}

    def wants(self, what: str, time_s: float) -> bool:
        """Whether a picture of this kind and time would be shown."""
        return what in self._views and what not in self._slots and time_s >= self._next_s.get(what, time_s)

    def offer(self, what: str, picture: Picture | Bytes, time_s: float) -> None:
        """Show it as soon as the last one was taken."""
        with self._changed:
            view = self._views.get(what)
            if view is None:
                return
            step_s = 1.0 / max(view.fps, 0.1)
            # Counting on from when it was due keeps 10 of 25 pictures a second from becoming 8.3.
            self._next_s[what] = max(self._next_s.get(what, time_s) + step_s, time_s)
            self._slots[what] = picture
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slots)
                what, picture = next(iter(self._slots.items()))
                view = self._views.get(what, View(what=what))
            self._push(picture, view)
            with self._changed:
                if self._slots.get(what) is picture:
                    del self._slots[what]

    def _push(self, picture: Picture | Bytes, view: View) -> None:
        bgr = bgr_of(picture, view.width) if isinstance(picture, Picture) else picture
        self._sequence += 1
        height, width = bgr.shape[:2]
        fields = {"width": width, "height": height, "what": view.what, "sequence": self._sequence}
        self._send(Message("push.frame", fields, jpeg_of(bgr, QUALITY)))
