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
    """What the node wants to be shown."""

    on: bool = False
    fps: float = 5.0
    width: int | None = None
    what: str = "picture"


class Pusher:
    """Encodes and sends in a thread of its own; holds one picture, and that the latest."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._view = View()
        self._next_s = 0.0
        self._slot: Picture | Bytes | None = None
        self._sequence = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="view", daemon=True).start()

    @property
    def view(self) -> View:
        """What is shown now."""
        return self._view

    def show(self, view: View) -> None:
        """Show something else, or nothing."""
        with self._changed:
            self._view, self._slot, self._next_s = view, None, 0.0

    def wants(self, what: str, time_s: float) -> bool:
        """Whether a picture of this kind and time would be shown."""
        view = self._view
        return view.on and view.what == what and time_s >= self._next_s and self._slot is None

    def offer(self, picture: Picture | Bytes, time_s: float) -> None:
        """Show it as soon as the last one was taken."""
        step_s = 1.0 / max(self._view.fps, 0.1)
        with self._changed:
            # The slack keeps 10 of 25 pictures a second from becoming 8.3.
            self._next_s = (
                max(self._next_s + step_s, time_s - step_s / 2) if self._next_s else time_s + step_s
            )
            self._slot = picture
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slot is not None)
                picture, view = self._slot, self._view
            assert picture is not None
            self._push(picture, view)
            with self._changed:
                if self._slot is picture:
                    self._slot = None

    def _push(self, picture: Picture | Bytes, view: View) -> None:
        bgr = bgr_of(picture, view.width) if isinstance(picture, Picture) else picture
        self._sequence += 1
        height, width = bgr.shape[:2]
        fields = {"width": width, "height": height, "what": view.what, "sequence": self._sequence}
        self._send(Message("push.frame", fields, jpeg_of(bgr, QUALITY)))
