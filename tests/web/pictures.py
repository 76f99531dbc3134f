"""Takes pictures of the page with a made-up node: ``python -m tests.web.pictures DIRECTORY``."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from edgepi.clock import ScaledClock, TimeScale
from edgepi.config.settings import HttpSettings
from edgepi.web.server import WebServer
from tests.web.browser import find_chromium, open_page
from tests.web.demo import DemoNode

NOON = datetime(2025, 6, 12, 12, 40, tzinfo=UTC)
SHOTS = (
    ("desktop-light", 1280, 900, 1.0, False),
    ("desktop-dark", 1280, 900, 1.0, True),
    ("phone-light", 390, 844, 2.0, False),
    ("phone-dark", 390, 844, 2.0, True),
)


async def take(directory: Path) -> None:
    """Log in and take every picture."""
    clock = ScaledClock(TimeScale(asyncio.get_running_loop().time(), 0.0, NOON.timestamp(), 60.0))
    node = DemoNode(clock)
    with TemporaryDirectory() as state_dir:
        server = WebServer(settings=HttpSettings(port=0), state_dir=Path(state_dir), services=node.services())
        await server.start()
        chromium = find_chromium()
        assert chromium, "no Chromium is installed"
        async with open_page(chromium) as page:
            await page.resize(1280, 900)
            await page.goto(f"{server.url}/")
            await page.wait_for("!!document.querySelector('input[name=token]')")
            await page.screenshot(directory / "login.png")
            page.log.clear()
            await page.goto(server.login_link())
            await page.wait_for("document.querySelectorAll('.plan canvas').length >= 3")
            for name, width, height, scale, dark in SHOTS:
                await page.resize(width, height, scale=scale, dark=dark)
                node.tick()
                await asyncio.sleep(1.5)
                await page.screenshot(directory / f"{name}.png")
            assert not page.log, page.log
            await server.stop()
            await page.wait_for("!!document.querySelector('.banner')")
            await page.resize(1280, 900)
            await page.screenshot(directory / "lost.png", whole=False)


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
