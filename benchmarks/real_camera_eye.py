"""A camera's real process, asked as a node asks it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from real_camera_vivid import holds

from edgepi.clock import SystemClock
from edgepi.errors import EdgePiError
from edgepi.plugin import Message
from edgepi.runtime.child import Child
from edgepi_camera.model import CameraSettings, ClipSettings, SourceSettings

__all__ = ["Eye", "close_all"]

ASK_S, WAIT_S, LOOK_S = 60.0, 90.0, 0.2


_made: list[Eye] = []


class Eye:
    """One process with one device."""

    def __init__(self, device: str, folder: Path, *, timeout_s: float = 10.0, **options: str) -> None:
        self.device = device
        self.pushed: list[Message] = []
        self._clips = folder / Path(device).name
        self._clips.mkdir(parents=True, exist_ok=True)
        self._source = SourceSettings(
            url=device, format="v4l2", width=320, height=180, fps=10, timeout_s=timeout_s, options=options
        )
        _made.append(self)
        self._child = Child(
            "edgepi_camera.child.main:handle",
            name=device,
            clock=SystemClock(),
            log=logging.getLogger("eye"),
            on_push=self.pushed.append,
        )

    async def open(self) -> Eye:
        """Start it; a slow machine may need more than one try."""
        settings = CameraSettings(
            source=self._source, folder=str(self._clips), clip=ClipSettings(before_s=1.0, after_s=1.0)
        )
        end_s = time.monotonic() + 3 * WAIT_S
        while True:
            try:
                await self.ask("open", settings=settings.to_fields())
            except EdgePiError:
                if time.monotonic() > end_s:
                    raise
                await asyncio.sleep(1.0)
            else:
                return self

    async def ask(self, kind: str, **fields: Any) -> Message:
        """Ask for anything."""
        return await self._child.ask(Message(kind, fields), timeout_s=ASK_S)

    async def level(self, level: str) -> bool:
        """Change the level; whether it holds."""
        return bool((await self.ask("level", level=level)).fields["held"])

    async def status(self) -> dict[str, Any]:
        """How things stand."""
        return dict((await self.ask("status")).fields)

    async def until(self, test: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait for a status of which *test* holds; whatever it is after a long wait."""
        end_s = time.monotonic() + WAIT_S
        while not test(status := await self.status()) and time.monotonic() < end_s:  # noqa: ASYNC110 (no events)
            await asyncio.sleep(LOOK_S)
        return status

    async def link(self, word: str) -> str:
        """Wait for the link to be so, and return how it is."""
        return str((await self.until(lambda status: status["link"] == word))["link"])

    async def lost(self, since: int) -> str:
        """Why the camera was lost after so many messages."""

        def reasons() -> list[str]:
            return [
                str(message.fields["reason"])
                for message in self.pushed[since:]
                if message.kind == "push.status" and message.fields["link"] == "lost"
            ]

        await self.until(lambda _: reasons())
        return next(iter(reasons()), "nothing")

    async def goes_on(self, pictures: int = 5) -> bool:
        """Whether pictures go on coming."""
        before = (await self.status())["pictures"]
        return bool(
            (await self.until(lambda status: status["pictures"] >= before + pictures))["pictures"] > before
        )

    async def still(self) -> str:
        """Size of a still; or that it is black, or why there is none."""
        try:
            answer = await self.ask("snapshot")
        except (EdgePiError, TimeoutError) as error:
            return str(error)
        picture = cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None or picture.std() < 20:
            return "a black picture"
        return f"{picture.shape[1]}x{picture.shape[0]}"

    async def why(self) -> str:
        """The reason that it gives now."""
        return str((await self.status())["reason"])

    def holds(self) -> bool:
        """Whether its process has the device open."""
        return holds(self._child.pid, self.device)

    async def lets_go(self) -> bool:
        """Wait until it has it open no more."""
        end_s = time.monotonic() + WAIT_S
        while self.holds() and time.monotonic() < end_s:  # noqa: ASYNC110 (only the kernel knows)
            await asyncio.sleep(LOOK_S)
        return not self.holds()

    def clips(self) -> list[Path]:
        """The clips on its disk."""
        return sorted(self._clips.glob("[!.]*.mp4"))

    async def close(self) -> None:
        """End it."""
        with suppress(EdgePiError, TimeoutError):
            await self.ask("close")
        await self._child.stop()


async def close_all() -> None:
    """End those that a part left behind because something in it broke."""
    while _made:
        await _made.pop().close()
