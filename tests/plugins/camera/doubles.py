from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgepi.errors import PluginError
from edgepi.plugin import ChildProcess, Message
from edgepi_camera.address import Address
from edgepi_camera.config import CameraConfig

EYE, FILES = "edgepi_camera.child.main:handle", "edgepi_camera.child.files:handle"
JPEG = b"\xff\xd8 a picture \xff\xd9"
STATUS: dict[str, Any] = {
    "link": "running",
    "reason": "",
    "codec": "h264",
    "width": 640,
    "height": 480,
    "fps": 25.0,
    "bitrate": 1e6,
    "ring_s": 5.0,
    "moving": False,
    "note": "",
    "picture_ago_s": 0.04,
    "rss_mb": 90.0,
}


def config_of(**changes: Any) -> CameraConfig:
    """A camera on a device, changed as asked."""
    return CameraConfig(**({"source": Address("/dev/video0")} | changes))


class ScriptedChild:
    """A process in memory: *status* is what it says of itself, *faults* what happens to a kind of question.

    A fault is ``dies``, ``hangs``, ``refuses`` or an answer. What was asked stands in *asked*, how long each
    kind of question was last waited for in *patience_s*.
    """

    def __init__(
        self, target: str, on_push: Callable[[Message], None] | None, on_end: Callable[[], None] | None
    ) -> None:
        self.target = target
        self.alive = False
        self.starts = 0
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.patience_s: dict[str, float] = {}
        self.status = dict(STATUS)
        self.faults: dict[str, Any] = {}
        self.probes: dict[str, tuple[bool, float]] = {}
        self._push = on_push or (lambda _: None)
        self._end = on_end or (lambda: None)
        self._turn = asyncio.Lock()

    @property
    def kinds(self) -> list[str]:
        """What was asked, without the questions how it is."""
        return [kind for kind, _ in self.asked if kind != "status"]

    def last(self, kind: str) -> dict[str, Any]:
        """What came with the last question of a kind."""
        return next(fields for each, fields in reversed(self.asked) if each == kind)

    async def ask(self, message: Message, *, timeout_s: float) -> Message:
        self.patience_s[message.kind] = timeout_s
        async with self._turn:
            if not self.alive:
                self.alive, self.starts = True, self.starts + 1
            self.asked.append((message.kind, dict(message.fields)))
            return await self._answer(message)

    async def _answer(self, message: Message) -> Message:
        fault = self.faults.get(message.kind)
        if fault == "dies":
            self.die()
            raise PluginError("child 'eye': it ended without an answer (exit code -6)")
        if fault == "hangs":
            self.die()
            raise TimeoutError("child 'eye' gave no answer within 5 s")
        if fault == "refuses":
            raise PluginError("child 'eye': it knows nothing of that")
        if isinstance(fault, Message):
            return fault
        if message.kind == "status":
            return Message("status", dict(self.status))
        if message.kind == "snapshot":
            return Message("picture", {"width": 640, "height": 480, "ago_s": 0.0}, JPEG)
        if message.kind == "probe":
            playable, clip_s = self.probes.get(Path(message.fields["file"]).name, (True, 12.0))
            return Message("probed", {"playable": playable, "clip_s": clip_s})
        if message.kind == "timelapse":
            film = b"film" * len(message.fields["files"])
            await asyncio.to_thread(Path(message.fields["out"]).write_bytes, film)
        return Message("done")

    async def stop(self) -> None:
        if self.alive:
            self.die()

    def die(self) -> None:
        """End as a process does that aborts."""
        self.alive = False
        self._end()

    def push(self, kind: str, data: bytes = b"", **fields: Any) -> None:
        """Say something unasked."""
        self._push(Message(f"push.{kind}", fields, data))

    def tell(self, **changes: Any) -> None:
        """Change its status and push it."""
        self.status |= changes
        self.push("status", **self.status)

    def event(self, phase: str, event_id: str = "e1", **fields: Any) -> None:
        """Tell of an event."""
        self.push("event", phase=phase, id=event_id, **({"ago_s": 0.0} | fields))


class Children:
    """`edgepi.plugin.StartChild` of scripted processes, by target."""

    def __init__(self) -> None:
        self.made: dict[str, ScriptedChild] = {}

    def __call__(
        self,
        target: str,
        *,
        name: str,
        on_push: Callable[[Message], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> ChildProcess:
        del name
        self.made[target] = ScriptedChild(target, on_push, on_end)
        return self.made[target]

    @property
    def eye(self) -> ScriptedChild:
        """The process that reads the camera."""
        return self.made[EYE]

    @property
    def files(self) -> ScriptedChild:
        """The process that looks into files."""
        return self.made[FILES]
