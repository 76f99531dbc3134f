import json
from datetime import timedelta
from typing import Any

import pytest

from edgepi.errors import HardwareError, RecorderError
from edgepi.plugin import Request, Response, Route
from edgepi.web.api.shapes import ENERGY
from tests.web.conftest import Ask, Served


async def test_health_says_what_is_not_well(served: Served, ask: Ask) -> None:
    status, body = await ask("GET", "health")
    assert status == 200
    assert body == {"result": "ok", "data": {"healthy": True, "checks": {"timers": True, "recorder": True}}}


async def test_status_holds_node_clock_and_energy(served: Served, ask: Ask) -> None:
    _, body = await ask("GET", "status")
    data = body["data"]
    assert data["node"]["name"] == "garden"
    assert data["time_utc"] == "2025-06-01T12:00:00.000Z"
    assert data["clock"] == {"rate": 1.0, "trusted": True}
    assert data["energy"]["ledger"]["today"]["used_wh"]["node"] == 41.2


async def test_energy_comes_in_full_as_the_document_says(served: Served, ask: Ask) -> None:
    status, body = await ask("GET", "energy")
    assert status == 200
    data = body["data"]
    assert {"soc", "plan", "insight", "ledger", "earnings", "co2", "battery", "forecasts"} <= set(data)
    assert data["plan"]["steps"][0]["start_utc"] == "2025-06-01T12:00:00.000Z"
    assert set(data) - set(ENERGY["properties"]) == set()
    short = (await ask("GET", "status"))[1]["data"]["energy"]
    assert len(json.dumps(short)) < len(json.dumps(data)) / 4


async def test_energy_says_why(served: Served, ask: Ask) -> None:
    _, body = await ask("GET", "energy/explain")
    assert all(sentence.endswith((".", "!")) for sentence in body["data"]["sentences"])
    object.__setattr__(served.server._services, "energy", None)
    for path in ("energy", "energy/explain"):
        status, body = await ask("GET", path)
        assert (status, body["key"]) == (404, "not_found")


async def test_states_come_with_what_describes_them(ask: Ask) -> None:
    _, body = await ask("GET", "states/weather.temperature")
    state = body["data"]
    assert (state["unit"], state["precision"], state["device_class"]) == ("°C", 1, "temperature")
    assert state["availability"] == "known"


async def test_states_can_be_picked_by_pattern(ask: Ask) -> None:
    _, body = await ask("GET", "states", params={"entity": "weather.*"})
    assert {s["instance"] for s in body["data"]} == {"weather"}
    assert len(body["data"]) == 4


async def test_unavailable_is_not_unknown_and_says_why(served: Served, ask: Ask) -> None:
    served.node.states.set("weather.humidity", None, source="weather")
    states = {s["entity_id"]: s for s in (await ask("GET", "states"))[1]["data"]}
    assert states["weather.humidity"]["availability"] == "unknown"
    assert states["weather.rain"]["availability"] == "unavailable"
    assert "rain gauge" in states["weather.rain"]["reason"]


async def test_a_number_that_json_lacks_becomes_null(served: Served, ask: Ask) -> None:
    served.node.states.set("weather.humidity", float("nan"), source="weather")
    status, body = await ask("GET", "states/weather.humidity")
    assert (status, body["data"]["value"]) == (200, None)


async def test_unknown_entity_is_404_with_hint(ask: Ask) -> None:
    status, body = await ask("GET", "states/weather.moon")
    assert (status, body["key"]) == (404, "not_found")
    assert body["hint"]


async def test_wakes_and_sleeps_are_answered_newest_first(served: Served, ask: Ask) -> None:
    assert served.node.power
    event = {"event": "on", "time_utc": None, "reason": "button", "planned": False, "wake_utc": None}
    served.node.power.events = [event, {**event, "event": "off"}]
    assert await ask("GET", "power/log") == (200, {"result": "ok", "data": served.node.power.events})
    _, body = await ask("GET", "power/log", params={"limit": "1"})
    assert body["data"] == [event]
    assert (await ask("GET", "power/log", params={"limit": "0"}))[0] == 400


async def test_history_comes_in_columns(ask: Ask) -> None:
    params = [("entity", "energy.battery_soc"), ("entity", "weather.rain"), ("start", "-6h")]
    _, body = await ask("GET", "history", params=params)
    battery, rain = body["data"]
    assert len(battery["times_s"]) == len(battery["values"]) == 73
    assert battery["times_s"] == sorted(battery["times_s"])
    assert rain["values"] == []


async def test_history_of_directions_and_sums_is_no_mean(served: Served, ask: Ask) -> None:
    served.node.put_up_station()
    params = [("entity", "roof.wind_direction"), ("entity", "roof.rain_total"), ("entity", "roof.wind_speed")]
    _, body = await ask("GET", "history", params=params)
    direction, rain, speed = body["data"]
    assert set(direction["values"]) == {270.0, 271.0, 359.0}
    assert rain["values"][-1] == 402.4
    assert speed["values"][-1] == 4.0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "required key"),
        ({"entity": "a", "start": "yesterday"}, "must be a time"),
        ({"entity": "a", "start": "2025-06-01T12:00:00"}, "must be a time"),
        ({"entity": "a", "start": "-1h", "end": "-2h"}, "before the end"),
        ({"entity": "a", "tier": "week"}, "must be one of"),
        ({"entity": "a", "tire": "raw"}, "tire"),
    ],
)
async def test_a_wrong_query_says_what_is_wrong(ask: Ask, query: dict[str, str], said: str) -> None:
    status, body = await ask("GET", "history", params=query)
    assert status == 400
    assert said in body["message"]


async def test_decisions_are_newest_first_and_limited(served: Served, ask: Ask) -> None:
    _, body = await ask("GET", "decisions", params={"limit": "2"})
    assert [d["subject"] for d in body["data"]] == ["camera", "iexec"]
    assert (await ask("GET", "decisions", params={"limit": "0"}))[0] == 400


async def test_plugins_say_status_and_reason(ask: Ask) -> None:
    _, body = await ask("GET", "plugins")
    camera = next(p for p in body["data"] if p["name"] == "camera")
    assert camera["status"] == "missing requirement"
    assert "edgepi[camera]" in camera["reason"]


async def test_a_wake_can_be_armed(served: Served, ask: Ask) -> None:
    wake = served.node.clock.now() + timedelta(hours=3)
    status, body = await ask("POST", "power/wake-at", json={"wake_utc": wake.isoformat()})
    assert status == 200
    assert served.node.power is not None
    assert served.node.power.wake_utc == wake
    assert body["data"]["triggers"] == ["alarm"]


@pytest.mark.parametrize("hours", [-1, 0, 24 * 40])
async def test_a_wake_in_the_past_or_far_off_is_refused(served: Served, ask: Ask, hours: int) -> None:
    wake = served.node.clock.now() + timedelta(hours=hours)
    status, _ = await ask("POST", "power/wake-at", json={"wake_utc": wake.isoformat()})
    assert status == 400
    assert served.node.power is not None
    assert served.node.power.wake_utc is None


async def test_without_a_board_power_is_404(served: Served, ask: Ask) -> None:
    object.__setattr__(served.server._services, "power", None)
    assert (await ask("POST", "power/off", json={}))[0] == 404


async def test_errors_of_the_node_become_their_status(
    served: Served, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RecorderError("the database cannot be read", hint="see the log")

    object.__setattr__(served.server._services, "history", broken)
    status, body = await ask("GET", "history", params={"entity": "a"})
    assert (status, body["key"], body["hint"]) == (503, "recorder", "see the log")


async def test_a_mistake_of_the_node_shows_no_traceback(
    served: Served, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise KeyError("/etc/secret")

    object.__setattr__(served.server._services, "plugins", broken)
    status, body = await ask("GET", "plugins")
    assert (status, body["key"]) == (500, "internal")
    assert "secret" not in str(body)
    assert "KeyError" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("GET", "nothing", 404), ("DELETE", "states", 405), ("POST", "health", 405), ("GET", "events", 400)],
)
async def test_what_is_not_there_is_json_too(ask: Ask, method: str, path: str, expected: int) -> None:
    status, body = await ask(method, path)
    assert (status, body["result"]) == (expected, "error")


async def test_a_large_body_is_refused(ask: Ask) -> None:
    status, body = await ask("POST", "power/off", json={"reason": "x" * 100_000})
    assert (status, body["key"]) == (413, "too_large")


async def test_a_body_that_is_no_json_is_refused(ask: Ask) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await ask("POST", "power/off", data=b"{", headers=headers))[0] == 400
    assert (await ask("POST", "power/off", data=b"[" * 50_000, headers=headers))[0] == 400
    assert (await ask("POST", "power/off", data=b"{}", headers={"Content-Type": "text/plain"}))[0] == 415


async def test_plugins_bring_routes(served: Served, ask: Ask) -> None:
    async def handler(request: Request) -> Response:
        return Response({"day": request.path["day"], "query": dict(request.query), "body": request.body})

    served.node.routes["camera"] = [
        Route("GET", "shots/{day}", handler, "Pictures of a day"),
        Route("POST", "shots/{day}", handler, "Take one", writes=True),
    ]
    status, body = await ask("GET", "plugins/camera/shots/a%20b", params={"x": "1"})
    assert (status, body["data"]) == (200, {"day": "a b", "query": {"x": "1"}, "body": None})
    _, body = await ask("POST", "plugins/camera/shots/today", json={"n": 1})
    assert body["data"]["body"] == {"n": 1}
    assert (await ask("DELETE", "plugins/camera/shots/today"))[0] == 405
    assert (await ask("GET", "plugins/camera/none"))[0] == 404
    assert (await ask("GET", "plugins/nobody/none"))[0] == 404


async def test_a_failing_plugin_route_is_contained(
    served: Served, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash(_: Request) -> Response:
        raise SystemExit("no")

    async def refuse(_: Request) -> Response:
        raise HardwareError("the lens is shut to hunter2", hint="not hunter2")

    served.node.routes["camera"] = [
        Route("GET", "crash", crash, "Fails"),
        Route("GET", "refuse", refuse, "Refuses"),
    ]
    status, body = await ask("GET", "plugins/camera/crash")
    assert (status, body["key"]) == (502, "plugin")
    assert "SystemExit" in caplog.text
    status, body = await ask("GET", "plugins/camera/refuse")
    assert (status, body["message"]) == (503, "the lens is shut to ****")
    assert body["hint"] == "not ****"


async def test_openapi_knows_every_route(served: Served, ask: Ask) -> None:
    served.node.routes["camera"] = [Route("GET", "shots/{day}", crash_never, "Pictures")]
    async with served.local.get("/api/v1/openapi.json") as response:
        document = await response.json()
    expected = {
        "/health", "/status", "/plugins", "/states", "/states/{entity_id}", "/history", "/decisions",
        "/power/status", "/power/wake-at", "/power/off", "/plugins/camera/shots/{day}",
    }  # fmt: skip
    assert expected <= set(document["paths"])
    history = document["paths"]["/history"]["get"]
    entity = next(p for p in history["parameters"] if p["name"] == "entity")
    assert entity["required"] is True
    body = document["paths"]["/power/wake-at"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["required"] == ["wake_utc"]


async def crash_never(_: Request) -> Response:
    return Response()
