"""The card of a camera in a real browser: live only while somebody looks, events that play."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edgepi.web.static import STATIC_DIR
from tests.web.browser import Page, find_chromium, open_page
from tests.web.conftest import Served
from tests.web.demo_camera import CAMERA, CLIP_S, DemoCamera
from tests.web.test_page import type_token

CHROMIUM = find_chromium()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="needs the built page"),
]

PATIENCE_S = 60.0
CARD = "document.querySelector('.camera')"
THUMBS = "document.querySelectorAll('.camera .thumb').length"
LOOKED_AT = f"{CARD}.querySelector('.picture').scrollIntoView({{ block: 'center' }})"
# What the live picture looks like now, as a sum over its pixels.
SUM = """(() => {
  const image = document.querySelector('.camera img.live');
  if (!image?.naturalWidth) return 0;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [64, 36];
  const drawing = canvas.getContext('2d');
  drawing.drawImage(image, 0, 0, 64, 36);
  return drawing.getImageData(0, 0, 64, 36).data.reduce((sum, each, at) => sum + each * (at % 251), 0);
})()"""


@pytest.fixture
async def camera(served: Served, tmp_path: Path) -> DemoCamera:
    return await served.node.put_up_camera(tmp_path)


@asynccontextmanager
async def card(served: Served, *, wait: str = THUMBS) -> AsyncIterator[Page]:
    assert CHROMIUM
    async with open_page(CHROMIUM, patience_s=PATIENCE_S) as page:
        await page.resize(1280, 900)
        await page.goto(served.server.login_link())
        await page.wait_for(f"!!{CARD} && !!({wait})")
        await page.run(LOOKED_AT)
        yield page


def button(text: str, within: str = ".camera") -> str:
    found = f"[...document.querySelectorAll('{within} button')].find((b) => b.innerText.includes('{text}'))"
    return f"{found}.click()"


async def viewers(camera: DemoCamera, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while camera.viewers != count:  # noqa: ASYNC110 (another process is waited for)
            await asyncio.sleep(0.05)


async def press(page: Page, key: str) -> None:
    code = {"Escape": 27, "ArrowRight": 39, "ArrowLeft": 37}[key]
    for kind in ("keyDown", "keyUp"):
        await page.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)


async def test_a_clip_plays_and_escape_leads_back(served: Served, camera: DemoCamera) -> None:
    async with card(served) as page:
        await page.run("document.querySelector('.camera .thumb').focus()")
        await page.run("document.querySelector('.camera .thumb').click()")
        video = "document.querySelector('.player video')"
        await page.wait_for(f"{video}?.readyState >= 2 && {video}.currentTime > 0")
        first = await page.run(f"{video}.currentTime")
        await page.wait_for(f"{video}.currentTime > {first} || {video}.ended")
        assert abs(await page.run(f"{video}.duration") - CLIP_S) < 0.2
        assert await page.run(f"[{video}.videoWidth, {video}.videoHeight]") == [640, 360]
        await viewers(camera, 0)
        await press(page, "Escape")
        await page.wait_for("!document.querySelector('dialog.player')")
        assert await page.run("document.activeElement.dataset.event") == "e100"
        assert page.log == []


async def test_the_live_picture_moves_and_stops_when_nobody_sees_it(
    served: Served, camera: DemoCamera
) -> None:
    async with card(served) as page:
        await viewers(camera, 1)
        first = await page.wait_for(SUM)
        await page.wait_for(f"({SUM}) !== {first}")
        await page.run("scrollTo(0, document.documentElement.scrollHeight)")
        await viewers(camera, 0)
        await page.run(LOOKED_AT)
        await viewers(camera, 1)
        await hidden(page, hide=True)
        await viewers(camera, 0)
        await hidden(page, hide=False)
        await viewers(camera, 1)
        await page.run(button("Stop"))
        await viewers(camera, 0)
        await page.run(button("Live"))
        await viewers(camera, 1)
        assert page.log == []


async def hidden(page: Page, *, hide: bool) -> None:
    """Say that the tab is (not) hidden; a headless browser hides none."""
    said = f"{{ configurable: true, get: () => {str(hide).lower()} }}"
    await page.run(
        f"Object.defineProperty(document, 'hidden', {said});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


async def test_the_detectors_picture_takes_the_place_of_the_live_one(
    served: Served, camera: DemoCamera
) -> None:
    async with card(served) as page:
        plain = await page.wait_for(SUM)
        await page.run(button("What the detector sees"))
        await page.wait_for(f"{CARD}.querySelector('img.live')?.src.includes('detector.mjpg')")
        assert await page.wait_for(SUM) != plain
        await viewers(camera, 1)


async def test_at_a_level_without_pictures_a_still_is_taken_on_demand(
    served: Served, camera: DemoCamera
) -> None:
    camera.record |= {"level": "snapshot", "link": "running", "storage": "the disk is full"}
    async with card(served) as page:
        await page.wait_for(f"{CARD}.innerText.includes('still of 13:57')")
        shown = await page.run(f"{CARD}.innerText")
        assert "The disk is full" in shown
        assert "Saver: the sun gives 6.2 W; full takes 1.9 W too much" in shown
        assert await page.run(f"{CARD}.querySelector('img.still').complete")
        await page.run(button("Take a picture"))
        await page.wait_for(f"!{CARD}.innerText.includes('Taking a picture')")
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for(f"{CARD}.innerText.includes('still of 14:00')")
        assert camera.viewers == 0
        camera.record |= {"level": "saver"}
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await viewers(camera, 1)


async def test_a_lost_camera_says_why_and_stays_quiet(served: Served, camera: DemoCamera) -> None:
    camera.record |= {
        "link": "lost",
        "reason": "rtsp://10.0.0.7/main: no answer in time",
        "label": "<b>x</b>",
    }
    async with card(served) as page:
        shown = await page.run(f"{CARD}.innerText")
        assert "No picture: rtsp://10.0.0.7/main: no answer in time. Trying again…" in shown
        assert "<b>x</b>" in shown
        assert "Begins once there is a picture" in shown, "nothing is looked at meanwhile"
        assert camera.viewers == 0
        camera.record |= {"link": "running", "reason": None, "note": "no labels: there is no model file"}
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await viewers(camera, 1)
        assert "No labels: there is no model file" in await page.run(f"{CARD}.innerText")
        camera.record |= {"note": "light"}
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for(f"{CARD}.innerText.includes('The light has changed, which is no motion')")


@pytest.mark.parametrize("state", [{"link": "lost", "reason": "cut"}, {"link": "closed", "level": "off"}])
async def test_no_picture_is_asked_for_where_there_is_none(
    served: Served, camera: DemoCamera, state: dict[str, str]
) -> None:
    live, camera.record = camera.record, camera.record | {"still_utc": None} | state
    image = f"{CARD}.querySelector('img.still')"
    async with card(served) as page:
        assert not await page.run(f"!!{image}")
        camera.record = live | {"still_utc": None}
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for(f"{image}?.naturalWidth")
        camera.record |= state
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for(f"!{image}")
        assert page.log == []


async def test_motion_is_said_at_once_and_its_event_appears(served: Served, camera: DemoCamera) -> None:
    events, camera.events = camera.events, []
    async with card(served, wait=f"{CARD}.innerText.includes('No motion yet')") as page:
        camera.events = events[:1]
        served.node.states.set(f"{CAMERA}.motion", value=True, source=CAMERA)
        await page.wait_for(f"{CARD}.innerText.includes('Motion now')")
        await page.wait_for(f"{THUMBS} === 1")
        assert (
            await page.run("document.querySelector('.thumb').ariaLabel")
            == "13:56, person (path), clip of 0:03"
        )


async def test_older_events_come_on_demand_under_their_days(served: Served, camera: DemoCamera) -> None:
    async with card(served) as page:
        assert await page.run(THUMBS) == 12
        await page.run(button("Earlier events"))
        await page.wait_for(f"{THUMBS} === {len(camera.events)}")
        days = await page.run("[...document.querySelectorAll('.camera h4')].map((each) => each.innerText)")
        assert days[:2] == ["Today", "Yesterday"]
        assert not await page.run(f"{CARD}.innerText.includes('Earlier events')")


async def test_an_event_is_kept_and_another_deleted_after_asking(served: Served, camera: DemoCamera) -> None:
    async with card(served) as page:
        await page.run("document.querySelector('.camera .thumb').click()")
        await page.wait_for("!!document.querySelector('.player')")
        await page.run(button("Keep", ".player"))
        await page.wait_for("document.querySelector('.player').innerText.includes('It is kept until')")
        assert camera.events[0]["kept"]
        await page.run("document.querySelector('.player footer button').focus()")
        await press(page, "ArrowRight")
        await page.wait_for("document.querySelector('.player').ariaLabel === 'Event of 13:08'")
        await page.run(button("Delete", ".player"))
        await page.wait_for("document.activeElement.innerText === 'No'")
        assert len(camera.events) == 18
        await page.run(button("Delete it", ".player"))
        await page.wait_for("document.querySelector('.player').ariaLabel === 'Event of 12:45'")
        assert [event["id"] for event in camera.events[:2]] == ["e100", "e98"]


async def test_a_login_that_may_only_look_deletes_nothing(served: Served, camera: DemoCamera) -> None:
    assert CHROMIUM
    secret = (await served.token("read"))["Authorization"].split()[1]
    async with open_page(CHROMIUM, patience_s=PATIENCE_S) as page:
        await page.goto(served.url("/"))
        await page.wait_for("document.querySelector('input[name=token]') !== null")
        await type_token(page, secret)
        await page.wait_for(THUMBS)
        await page.run("document.querySelector('.camera .thumb').click()")
        await page.wait_for("!!document.querySelector('.player')")
        await page.run(button("Delete", ".player"))
        await page.wait_for("document.activeElement.innerText === 'No'")
        await page.run(button("Delete it", ".player"))
        await page.wait_for("document.querySelector('.player').innerText.includes('may look but not')")
        assert len(camera.events) == 18


async def test_nothing_of_the_card_sticks_out_of_a_phone(served: Served, camera: DemoCamera) -> None:
    camera.record |= {"moving": True, "reason": "the picture is very dark: is the lens covered?"}
    async with card(served) as page:
        await page.resize(320, 900)
        await page.run(button("Zones"))
        await page.wait_for(f"!!{CARD}.querySelector('svg.zones')")
        assert await page.run("document.documentElement.scrollWidth <= innerWidth")
        await page.run("document.querySelector('.camera .thumb').click()")
        await page.wait_for("!!document.querySelector('.player')")
        assert await page.run("document.querySelector('.player').scrollWidth <= innerWidth")


async def test_a_day_is_shown_as_a_film_of_its_stills(served: Served, camera: DemoCamera) -> None:
    async with card(served) as page:
        await page.wait_for(f"{CARD}.querySelectorAll('.days button').length === 3")
        await page.run("document.querySelector('.camera .days button').click()")
        await page.wait_for("document.querySelector('.player video')?.readyState >= 2")
        assert camera.asked[-1].endswith(".mp4")
