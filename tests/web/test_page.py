"""The page in a real browser."""

import asyncio

import pytest

from edgepi.model import DeviceClass
from edgepi.web.static import STATIC_DIR
from tests.web.browser import Page, find_chromium, open_page
from tests.web.conftest import Served

CHROMIUM = find_chromium()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="needs the built page"),
]

TEMPERATURE = "document.querySelector('[data-entity=\"weather.temperature\"] .value')?.textContent"


async def test_the_link_logs_in_and_a_live_reading_changes(served: Served) -> None:
    assert CHROMIUM
    async with open_page(CHROMIUM) as page:
        await page.resize(1280, 900)
        await page.goto(served.server.login_link())
        await shows(page, 23.4, served)
        await shows(page, -3.2, served)
        assert await page.run("location.pathname + location.search") == "/"
        served.node.decide("camera", "level", "camera to full: the sun gives 20.0 W")
        await page.wait_for("document.body.textContent.includes('Camera to full: the sun gives 20.0 W')")
        served.node.guard = "run"
        await served.real.advance(2)
        served.node.tick()
        await page.wait_for("document.querySelector('.guard.warn')?.textContent.includes('Run guard')")
        assert page.log == []


async def shows(page: Page, value: float, served: Served) -> None:
    await page.wait_for(f"{TEMPERATURE} !== undefined")
    served.node.states.set("weather.temperature", value, source="weather")
    await page.wait_for(f"{TEMPERATURE}.replace('\u2212', '-') === '{value} °C'")


async def test_decisions_name_the_consumer_and_tiny_powers_have_figures(served: Served) -> None:
    assert CHROMIUM
    served.node.weather_w = 0.0001
    served.node.used_wh = {"node": 41.2, "weather": 0.0009, "unexplained": -2.0}
    served.node.describe(("wittypi", "wake_reason", "Switched on because", None, DeviceClass.ENUM, 0))
    served.node.states.set("wittypi.wake_reason", "power_connected", source="wittypi")
    served.node.decide("weather", "level", "full: battery 57 %")
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelector('.energy table') !== null")
        shown = await page.run("document.body.innerText")
    rows = [line.split("\t") for line in shown.splitlines()]
    assert ["Weather station", "full", "0.1 mW", "0.9 mWh"] in [
        [cell.strip() for cell in row] for row in rows
    ]
    assert "Weather station full: battery 57 %" in shown
    assert "Power connected" in shown
    assert "39.2 Wh" in shown, "what was stated too much is taken off the computer"
    assert "Unexplained" not in shown


async def test_a_lost_connection_is_said_and_made_up_for(served: Served) -> None:
    assert CHROMIUM
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(f"{TEMPERATURE} !== undefined")
        object.__setattr__(served.server._settings, "port", served.server.port)
        await served.server.stop()
        await page.wait_for("document.querySelector('.banner') !== null")
        served.node.states.set("weather.temperature", 7.7, source="weather")
        await served.server.start()
        await page.wait_for(f"{TEMPERATURE} === '7.7 °C'")
        await page.wait_for("document.querySelector('.banner') === null")


async def test_without_login_the_page_asks_for_a_token_and_takes_one(served: Served) -> None:
    assert CHROMIUM
    headers = await served.token("read")
    secret = headers["Authorization"].split()[1]
    async with open_page(CHROMIUM) as page:
        await page.goto(served.url("/"))
        await page.wait_for("document.querySelector('input[name=token]') !== null")
        await type_token(page, "wrong")
        await page.wait_for("document.querySelector('[role=alert]').textContent.includes('not valid')")
        await type_token(page, secret)
        await page.wait_for(f"{TEMPERATURE} !== undefined")


async def type_token(page: Page, secret: str) -> None:
    await page.run("document.querySelector('input[name=token]').select()")
    await page.send("Input.insertText", text=secret)
    await asyncio.sleep(0.05)
    await page.run("document.querySelector('form button').click()")


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_sticks_out_at_any_width(served: Served, width: int) -> None:
    assert CHROMIUM
    async with open_page(CHROMIUM) as page:
        await page.resize(width, 900)
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelectorAll('canvas').length >= 2")
        assert await page.run("document.documentElement.scrollWidth <= innerWidth")
