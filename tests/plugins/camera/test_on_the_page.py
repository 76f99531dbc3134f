"""The whole way in a real browser: a film is watched, shown live, recorded, and its clip plays."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from edgepi.config.settings import HttpSettings
from edgepi.web.server import WebServer
from edgepi.web.static import STATIC_DIR
from edgepi_camera import plugin
from edgepi_camera.address import Address
from edgepi_camera.config import CameraConfig
from tests.plugins.camera.films import HEIGHT, WIDTH, film
from tests.plugins.camera.test_whole import House
from tests.web.browser import Page, find_chromium, open_page
from tests.web.demo import DemoNode
from tests.web.test_camera_card import CARD, LOOKED_AT, SUM, hidden

CHROMIUM = find_chromium()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="needs the built page"),
]
LONG_S = 60.0


async def test_what_a_camera_sees_and_saw_is_shown_and_only_while_somebody_looks(tmp_path: Path) -> None:
    assert CHROMIUM
    path = await asyncio.to_thread(film, tmp_path / "yard.mp4", 14.0, [(4.0, 7.0)])
    house = House(
        tmp_path / "camera", CameraConfig(source=Address(str(path)), loop=True, before=1.0, after=1.0)
    )
    node = DemoNode()
    node.routes["yard"] = list(house.routes.values())
    node.cards += plugin.cards(house.context)
    server = WebServer(settings=HttpSettings(port=0), state_dir=tmp_path, services=node.services())
    await house.duty.start()
    await house.duty.apply("full")
    await server.start()
    try:
        async with open_page(CHROMIUM, patience_s=LONG_S) as page:
            await page.resize(1280, 900)
            await page.goto(server.login_link())
            await page.wait_for(f"!!{CARD}?.querySelector('.controls')")
            await page.run(LOOKED_AT)
            await _live(page, house)
            await _played(page)
            assert page.log == []
    finally:
        await server.stop()
        await house.duty.stop()


async def _live(page: Page, house: House) -> None:
    first = await page.wait_for(SUM)
    await page.wait_for(f"({SUM}) !== {first}")
    assert (await house.get("status"))["viewers"] == 1
    await hidden(page, hide=True)
    await _viewers(house, 0)
    await hidden(page, hide=False)
    await _viewers(house, 1)


async def _viewers(house: House, count: int) -> None:
    async with asyncio.timeout(LONG_S):
        while (await house.get("status"))["viewers"] != count:  # noqa: ASYNC110 (another process is waited for)
            await asyncio.sleep(0.1)


async def _played(page: Page) -> None:
    thumb = "[...document.querySelectorAll('.camera .thumb')].find((each) => !each.querySelector('.now'))"
    await page.wait_for(f"({thumb})?.querySelector('img')?.naturalWidth > 0")
    await page.run(f"({thumb}).click()")
    video = "document.querySelector('.player video')"
    await page.wait_for(f"{video}?.readyState >= 2 && {video}.currentTime > 0.5")
    seen: list[Any] = await page.run(f"[{video}.videoWidth, {video}.videoHeight, {video}.duration]")
    assert seen[:2] == [WIDTH, HEIGHT]
    assert 2.0 < seen[2] < 20.0
