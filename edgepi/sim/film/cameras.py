"""The world's cameras: where they are plugged in, what they show, and what ails them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from edgepi.errors import DeviceNotFoundError, EdgePiError
from edgepi.plugin import VideoFeed
from edgepi.sim.film.feed import Ailment, Feed
from edgepi.sim.film.studio import Reel, Studio, can_render

__all__ = ["FILM", "LABEL", "OTHER_SIZE", "Cameras"]

LABEL = "rendered film"
FILM = Reel("garden")
OTHER_SIZE = Reel("garden-small", ("--size", "320x240", "--start", "36", "--length", "20"))
INSTALL_HINT = "`pip install 'edgepi[camera]'` brings what renders the picture"
Say = Callable[[str], None]


class Cameras:
    """USB cameras at *devices*, powered with the node; their films come from *studio*."""

    def __init__(
        self,
        devices: Sequence[str] = (),
        studio: Studio | None = None,
        *,
        film: Reel = FILM,
        resized: Reel = OTHER_SIZE,
        say: Say = lambda _line: None,
    ) -> None:
        self.devices = tuple(dict.fromkeys(devices))
        self._studio, self._reels, self._say = studio, (film, resized), say
        self._powered: Callable[[], bool] = lambda: True
        self._now_s: Callable[[], float] = lambda: 0.0
        self._until_s: dict[Ailment, float] = {}
        self._feeds: dict[str, Feed] = {}
        self._preparing: asyncio.Task[None] | None = None
        self._percent = 0
        self._trouble = ""

    def plug_in(self, *, powered: Callable[[], bool], now_s: Callable[[], float]) -> None:
        """Hang them on a node: *powered* tells whether it has power, *now_s* the world's time."""
        self._powered, self._now_s = powered, now_s

    async def start(self, folder: Path) -> None:
        """Get the films, rendered if need be, and then play at sockets in *folder*; returns at once."""
        if self.devices and self._studio is not None and can_render():
            self._preparing = asyncio.create_task(self._prepare(self._studio, folder), name="world film")

    async def stop(self) -> None:
        """End rendering and playing."""
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.gather(self._preparing, return_exceptions=True)
        for feed in self._feeds.values():
            await feed.stop()
        self._feeds.clear()

    async def _prepare(self, studio: Studio, folder: Path) -> None:
        try:
            film = await studio.film(self._reels[0], self._progressed)
            for device in self.devices:
                feed = Feed(
                    folder / f"{PurePosixPath(device).name}.sock",
                    film,
                    present=lambda: self._powered() and not self.ails(Ailment.UNPLUGGED),
                    ails=self.ails,
                )
                await feed.start()
                self._feeds[device] = feed
            resized = await studio.film(self._reels[1], lambda _percent: None)
            for feed in self._feeds.values():
                feed.resized = resized
        except EdgePiError as error:
            self._trouble = error.message
            self._say(f"the camera shows nothing: {error.message}")

    def _progressed(self, percent: int) -> None:
        if percent == 0:
            self._say("the film that the camera shows is being rendered, once; the camera comes after that")
        self._percent = percent

    def open(self, device: str) -> VideoFeed:
        """Return where a camera's pictures are played; raises DeviceNotFoundError while it is not there."""
        feed = self._feeds.get(device)
        if feed is None:
            raise self._why_not(device)
        if not self._powered() or self.ails(Ailment.UNPLUGGED):
            raise DeviceNotFoundError(f"there is no {device}", hint="look whether the camera is plugged in")
        return VideoFeed(f"unix:{feed.path}", "mpegts", LABEL)

    def _why_not(self, device: str) -> DeviceNotFoundError:
        if device not in self.devices:
            return DeviceNotFoundError(f"the world has no camera at {device}")
        if not can_render():
            return DeviceNotFoundError(f"the world cannot show anything at {device}", hint=INSTALL_HINT)
        if self._trouble:
            return DeviceNotFoundError(f"the world cannot show anything at {device}: {self._trouble}")
        return DeviceNotFoundError(f"the film for {device} is being rendered ({self._percent} %)")

    def ail(self, ailment: Ailment, *, on: bool, seconds: float = 0.0) -> None:
        """Break or mend all cameras, for so many seconds of the world or, with 0, until they are mended."""
        self._until_s[ailment] = (self._now_s() + seconds if seconds else math.inf) if on else -math.inf

    def heal(self) -> None:
        """Mend everything."""
        self._until_s.clear()

    def ails(self, ailment: Ailment) -> bool:
        """Whether cameras have an ailment now."""
        return self._now_s() < self._until_s.get(ailment, -math.inf)
