"""The child's side of the commands that work on pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgepi.errors import EdgePiError
from edgepi.plugin import Message
from edgepi_camera.model import CameraSettings

__all__ = ["Workshop", "handle"]

Send = Callable[[Message], None]


class Workshop:
    """Answers ``tune``, ``grid`` and ``join``; what a person did wrong is answered as ``refused``."""

    def __init__(self) -> None:
        self._send: Send = lambda _: None

    def connect(self, send: Send) -> None:
        """Be handed what sends progress."""
        self._send = send

    def __call__(self, message: Message) -> Message:
        """Answer one question."""
        try:
            return self._tuned(message) if message.kind == "tune" else _OTHERS[message.kind](message)
        except EdgePiError as error:
            return Message("refused", {"message": error.message, "hint": error.hint})

    def _tuned(self, message: Message) -> Message:
        from edgepi_camera.tuning.run import tune

        fields: Any = message.fields
        settings = CameraSettings.from_fields(fields["settings"])
        return Message("tuned", tune(settings, fields.get("output"), self._send))


def _grid(message: Message) -> Message:
    from edgepi_camera.tuning.grid import grid

    fields: Any = message.fields
    return Message("grid", {}, grid(message.data, fields.get("file"), fields["areas"]))


def _joined(message: Message) -> Message:
    from edgepi_camera.tuning.join import join

    fields: Any = message.fields
    join(fields["files"], fields["output"])
    return Message("joined")


_OTHERS = {"grid": _grid, "join": _joined}
handle = Workshop()
