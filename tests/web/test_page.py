"""The page in a real browser."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from edgepi.errors import EnergyError
from edgepi.model import Availability, DeviceClass
from edgepi.web.static import STATIC_DIR
from tests.web.browser import Page, find_chromium, open_page
from tests.web.conftest import Served
from tests.web.demo_energy import DemoEnergy

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
    served.node.describe(("weather", "sent", "Last report", None, DeviceClass.TIMESTAMP, 0))
    served.node.states.set("weather.sent", "2020-06-12T12:37:05.907Z", source="weather")
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
    assert "Fri 12 Jun, 14:37" in shown, "moments are told in the node's zone"
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
    served.node.put_up_station()
    async with open_page(CHROMIUM) as page:
        await page.resize(width, 900)
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelectorAll('.plan canvas').length >= 3")
        await page.wait_for("document.querySelector('.records td') !== null")
        await page.run(
            "document.querySelectorAll('details.as-table').forEach((each) => { each.open = true; })"
        )
        assert await page.run("document.documentElement.scrollWidth <= innerWidth")
        part = "[...document.querySelectorAll('.part')].filter((each) => each.scrollWidth > each.clientWidth)"
        assert await page.run(f"{part}.map((each) => each.className)") == []


def long_record(served: Served) -> DemoEnergy:
    energy = served.server._services.energy
    assert isinstance(energy, DemoEnergy)
    return energy


PLAN = "document.querySelector('.plan')?.innerText ?? ''"


async def test_the_plan_is_drawn_said_and_written_out(served: Served) -> None:
    assert CHROMIUM
    async with open_page(CHROMIUM) as page:
        await page.resize(1280, 900)
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelectorAll('.plan canvas').length === 3")
        label = "document.querySelector('.plan .wide [role=img]').getAttribute('aria-label')"
        await page.wait_for(f"/Battery from \\d+ to \\d+ %; Battery, expected from/.test({label})")
        shown = await page.run(PLAN)
        assert "The node stays awake: 41 Wh more than the night needs" in shown
        assert "Today is 71 % of a clear day; 64.2 Wh are still to come; 118 Wh tomorrow." in shown
        assert "Forecast: Open-Meteo.com (CC BY 4.0), right to within 11 % so far." in shown
        links = await page.run("[...document.querySelectorAll('.plan .outlook a')].map((a) => a.href)")
        assert links == ["https://open-meteo.com/", "https://creativecommons.org/licenses/by/4.0/"]
        await page.run("document.querySelector('.plan summary').focus()")
        for kind in ("keyDown", "keyUp"):
            await page.send("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r")
        await page.wait_for("document.querySelector('.plan details').open")
        table = "[...document.querySelectorAll('.plan details tbody tr')]"
        rows = await page.run(f"{table}.map((row) => [...row.cells].map((cell) => cell.innerText))")
        assert len(rows) == 17
        assert rows[0][0] == "14:00"
        assert rows[0][-1] == "Weather station, Camera (saver), Iexec"
        assert "asleep" in {row[-1] for row in rows}
        assert page.log == []


async def test_balance_earnings_and_what_was_learned_are_shown(served: Served) -> None:
    assert CHROMIUM
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelector('.learned') !== null")
        learned = await page.run("document.querySelector('.learned').innerText")
        balance = await page.run("document.querySelector('.balance').innerText")
    rows = [[cell.strip() for cell in line.split("\t")] for line in learned.splitlines()]
    assert ["Camera, saver", "0.60 W", "▲ 1.3 W"] in rows
    assert ["Weather station, full", "0.05 W", "not yet"] in rows
    assert "uses much more than it said" in learned
    assert "The battery holds about 141 Wh" in learned
    for said in ("+27.1 Wh", "92.4 Wh came in", "61.5 points", "19 jobs", "987 g", "at 56 g/kWh"):
        assert said in balance


def without_plan(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        record.update(changes)
        record["plan"]["steps"] = []

    return change


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"governor": "thresholds"}, "charge alone and plans nothing ahead"),
        ({"soc": None}, "Nothing measures a battery"),
        ({}, "There is no plan yet"),
        ({"insight": {"forecast_source": "", "days_learned": 0, "loads": []}}, "not seen a whole day yet"),
    ],
)
async def test_without_a_plan_it_says_why(served: Served, changes: dict[str, Any], said: str) -> None:
    assert CHROMIUM
    long_record(served).change = without_plan(**changes)
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(f"({PLAN}).includes('{said}')")
        assert await page.run("document.querySelector('.plan canvas') === null")
        assert page.log == []


async def test_an_old_forecast_of_strange_words_stays_text(served: Served) -> None:
    assert CHROMIUM

    def change(record: dict[str, Any]) -> None:
        record["insight"]["forecast_source"] = "<img src=x onerror=alert(1)>, old"

    long_record(served).change = change
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(f"({PLAN}).includes('<img src=x onerror=alert(1)>, old')")
        assert await page.run("document.querySelector('img') === null")


async def test_the_plan_is_renewed_when_somebody_looks_again(served: Served) -> None:
    assert CHROMIUM
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(f"({PLAN}).includes('The node stays awake')")
        long_record(served).sentences = ("The node sleeps from 23:00.",)
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for(f"({PLAN}).includes('The node sleeps from 23:00.')")


async def test_a_node_that_cannot_answer_in_full_still_has_its_page(served: Served) -> None:
    assert CHROMIUM
    object.__setattr__(served.server._services, "energy", None)
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(f"{TEMPERATURE} !== undefined")
        assert await page.run("document.querySelector('.plan') === null")


async def test_jobs_are_shown_with_what_they_say_and_move_on(served: Served) -> None:
    assert CHROMIUM
    served.node.jobs.output = "<img src=x onerror=\"document.title='hacked'\">\n"
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelectorAll('.jobs .job').length === 6")
        shown = await page.run("document.querySelector('.jobs').innerText")
        assert "17.25 RLC" in shown
        assert "the app used more memory than it may" in shown
        bar = "document.querySelector('.job [role=progressbar]')"
        assert await page.run(f"{bar}.getAttribute('aria-valuenow')") == "40"
        assert await page.run("document.querySelectorAll('.job pre').length") == 0
        await page.run("document.querySelector('.job summary').click()")
        await page.wait_for("document.querySelector('.job pre')?.textContent.includes('onerror')")
        assert "App downloaded" in await page.run("document.querySelector('.stages').textContent")
        served.node.jobs.stage = "contributing"
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for("document.querySelector('.job .stage').textContent === 'contributing'")
        assert await page.run("document.title") != "hacked"
        assert page.log == []


async def test_a_source_of_jobs_that_is_away_says_so_on_its_card(served: Served) -> None:
    assert CHROMIUM
    del served.node.routes["iexec"]
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(
            "document.querySelector('.jobs .warn')?.textContent.includes('no running plugin')"
        )


STATION = "document.querySelector('.station')"


def label(part: str) -> str:
    return f"{STATION}.querySelector('{part} svg[role=img]').getAttribute('aria-label')"


async def test_the_weather_station_shows_its_day(served: Served) -> None:
    assert CHROMIUM
    served.node.put_up_station()
    async with open_page(CHROMIUM) as page:
        await page.resize(1280, 900)
        await page.goto(served.server.login_link())
        for part in (".rose", ".rainbars", ".records td"):
            await page.wait_for(f"!!{STATION}?.querySelector('{part}')")
        shown = await page.run(f"{STATION}.innerText")
        compass, rose, rain = [await page.run(label(part)) for part in (".windnow", ".windday", ".rain")]
        petals = await page.run(f"[...{STATION}.querySelectorAll('.rose g title')].map((t) => t.textContent)")
        bars = await page.run(f"[...{STATION}.querySelectorAll('.rainbars title')].map((t) => t.textContent)")
        assert page.log == []
    for said in (
        "\u22122.5 °C",
        "\u22126.8 °C",
        "Unsettled, rain later",
        "falling (\u22122.4 hPa)",
        "1004.2 hPa",
    ):
        assert said in shown
    assert compass == "Wind from west, 271 degrees; 4.0 m/s, gentle breeze; gusts up to 7.1 m/s"
    # 12 + 3 hours from the west, 3 from the north, 3 calm; the value before the gap counts for 15 minutes.
    assert rose.startswith("Wind of the last 24 hours: from west 71 %, from north 15 %, calm 14 %")
    assert "From west 71 %: 2 to 5 m/s 71 %" in petals
    assert "From north 15 %: 8 to 12 m/s 15 %" in petals
    assert "No data for 2.8 h, which are left out." in shown
    assert rain == "Rain of the last 24 hours: 2.4 mm; most from 23:00: 2.4 mm; no data for 2 hours"
    assert "From 05:00: 0.0 mm, counted 10 min of the hour" in bars
    assert "From 06:00: no data" in bars
    assert "In 3 of them (hatched) nobody counted for all or part of the hour." in shown
    rows = [[cell.strip() for cell in line.split("\t")] for line in shown.splitlines()]
    assert any(row[0] == "Temperature" and row[1].startswith("\u22124.3 °C") for row in rows)
    assert "06:12" in shown


async def test_what_a_station_has_not_is_left_out(served: Served) -> None:
    assert CHROMIUM
    wind = ("wind_speed", "wind_gust", "wind_direction")
    served.node.put_up_station(*wind, "rain_rate", "rain_hour", "rain_today", "rain_total", "outlook")
    served.node.routes["roof"] = []
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(f"!!{STATION}?.querySelector('.records .warn')")
        parts = await page.run(f"[...{STATION}.querySelectorAll('h3')].map((each) => each.innerText)")
        assert parts == ["Air", "Air pressure", "Records of today"]


async def test_a_broken_thermometer_is_said_and_the_rest_stays(served: Served) -> None:
    assert CHROMIUM
    served.node.put_up_station()
    served.node.states.set(
        "roof.temperature",
        None,
        availability=Availability.UNAVAILABLE,
        source="roof",
        reason="no answer at 0x76",
    )
    served.node.states.set("roof.wind_direction", None, source="roof", availability=Availability.UNKNOWN)
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for(f"{STATION}?.innerText.includes('Unavailable: no answer at 0x76')")
        assert await page.run(label(".windnow")) == (
            "Wind direction not known; 4.0 m/s, gentle breeze; gusts up to 7.1 m/s"
        )


POWER = "document.querySelector('.power')?.innerText ?? ''"


async def test_the_power_card_tells_of_wakes_and_what_is_held(served: Served) -> None:
    assert CHROMIUM
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelectorAll('.powerlog li').length === 4")
        shown = await page.run(POWER)
        rows = await page.run(
            "[...document.querySelectorAll('.power .rows div')].map((row) => row.innerText)"
        )
        assert page.log == []
    assert "Witty Pi 4, firmware revision 7" in shown
    assert rows[0].split("\n")[1:] == ["the alarm that was set", "04:48"]
    assert rows[1].split("\n")[1] == "23:00"
    assert "voltage above 13.0 V" in rows[2]
    assert "within 25 s" in rows[3]
    assert "agrees with the node's" in rows[4]
    assert "The board reports nothing to look after." in shown
    for said in ("Power lost", "The board held a wake at 04:48", "not planned"):
        assert said in shown
    assert shown.count("not planned") == 1


async def test_what_ails_the_board_is_said_in_words(served: Served) -> None:
    assert CHROMIUM
    served.node.ails = ("the coin cell is empty: the clock lost the time", "<b>strange</b>")
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelectorAll('.ails li').length === 2")
        shown = await page.run(POWER)
    assert "The coin cell is empty" in shown
    assert "<b>strange</b>" in shown
    assert "nothing to look after" not in shown


def clicked(text: str) -> str:
    return f"[...document.querySelectorAll('.power button')].find((b) => b.innerText === '{text}').click()"


async def test_switching_off_asks_first_and_tells_the_answer(served: Served) -> None:
    assert CHROMIUM
    assert served.node.power
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelector('.switchoff') !== null")
        await page.run(
            "(() => { const s = document.querySelector('.switchoff select'); s.value = '8';"
            " s.dispatchEvent(new Event('change', { bubbles: true })); })()"
        )
        await page.run(clicked("Switch off…"))
        await page.wait_for("document.querySelector('dialog').open")
        assert "Switch garden off until 22:00?" in await page.run(
            "document.querySelector('dialog').innerText"
        )
        assert await page.run("document.activeElement.innerText") == "Keep it on"
        await page.run(clicked("Keep it on"))
        await page.wait_for("!document.querySelector('dialog').open")
        assert served.node.power.off_reason is None
        await page.run(clicked("Switch off…"))
        await page.run(clicked("Switch off"))
        await page.wait_for("!!document.querySelector('.switchoff [role=status]')")
        said = await page.run("document.querySelector('.switchoff [role=status]').innerText")
    assert said == "sleeping until 22:00: asked for by a person"
    assert served.node.power.off_reason is not None
    assert served.node.power.wake_utc is not None
    ahead_h = (served.node.power.wake_utc - served.node.clock.now()).total_seconds() / 3600
    assert 8.0 <= ahead_h < 8.1


async def test_a_login_that_may_only_look_cannot_switch_off(served: Served) -> None:
    assert CHROMIUM
    assert served.node.power
    secret = (await served.token("read"))["Authorization"].split()[1]
    async with open_page(CHROMIUM) as page:
        await page.goto(served.url("/"))
        await page.wait_for("document.querySelector('input[name=token]') !== null")
        await type_token(page, secret)
        await page.wait_for("document.querySelector('.switchoff') !== null")
        await page.run(clicked("Switch off…"))
        await page.run(clicked("Switch off"))
        await page.wait_for(
            "!!document.querySelector('.switchoff .warn')?.innerText.includes('may look but not')"
        )
    assert served.node.power.off_reason is None


async def test_a_refusal_of_the_node_is_told(served: Served) -> None:
    assert CHROMIUM
    assert served.node.power
    served.node.power.refusal = EnergyError("the node stays on: the board holds no alarm")
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelector('.switchoff') !== null")
        await page.run(clicked("Switch off…"))
        await page.run(clicked("Switch off"))
        await page.wait_for(
            "!!document.querySelector('.switchoff .warn')?.innerText.includes('holds no alarm')"
        )


async def test_without_a_planned_sleep_the_card_tells_what_stands_by(served: Served) -> None:
    assert CHROMIUM
    served.node.sleeps = False
    async with open_page(CHROMIUM) as page:
        await page.goto(served.server.login_link())
        await page.wait_for("document.querySelector('.power .rows') !== null")
        rows = await page.run(
            "[...document.querySelectorAll('.power .rows div')].map((row) => row.innerText)"
        )
    assert rows[1:3] == [
        "Next wake\nno sleep is planned",
        "If its power goes, wakes on\ninput connected again",
    ]
