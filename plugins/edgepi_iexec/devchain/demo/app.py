"""The demo app made ready: compiled, served as an image on loopback, and wanted by a requester."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edgepi.errors import PeerError
from edgepi_iexec.devchain.demo.build import build
from edgepi_iexec.devchain.demo.image import make_image
from edgepi_iexec.devchain.demo.registry import ImageServer
from edgepi_iexec.devchain.service import Demand

__all__ = ["DemoApp"]

# Kept from start to start, so that an app on the chain stays where it says that its image is.
PORT = 18_550
ANY_PORT = 0


class DemoApp:
    """Serves the image while it is started; *cache* keeps the compiled binaries."""

    def __init__(self, cache: Path, *, port: int = PORT) -> None:
        self._cache = cache
        self._port = port
        self._server: ImageServer | None = None

    async def start(self, *, every_s: float | None = 600.0) -> Demand:
        """Return the demand for it, a deal each so many seconds.

        Raises:
            MarketError: it cannot be compiled; the hint says what to install.
            PeerError: the image cannot be served.
        """
        image = make_image(await asyncio.to_thread(build, self._cache))
        self._server = ImageServer(image)
        try:
            reference = await self._server.start(self._port)
        except PeerError:  # somebody else's: then the app is another one on the chain
            reference = await self._server.start(ANY_PORT)
        return Demand(image=reference, checksum=image.checksum, every_s=every_s)

    async def stop(self) -> None:
        """Serve the image no longer."""
        if self._server is not None:
            await self._server.stop()
