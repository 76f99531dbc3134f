import asyncio
import json
from functools import partial
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from edgepi.model import LevelChanged, PluginStatusChanged
from edgepi.web.outbox import Outbox
from tests.web.conftest import Served


async def connected(served: Served, **subscription: Any) -> ClientWebSocketResponse:
    socket = await served.local.ws_connect("/api/v1/events")
    assert (await socket.receive_json())["type"] == "hello"
    if subscription:
        await socket.send_json({"type": "subscribe", "id": 1, **subscription})
        assert (await socket.receive_json())["type"] == "subscribed"
    return socket


async def test_a_changed_state_is_pushed_with_its_description(served: Served) -> None:
    socket = await connected(served)
    served.node.states.set("weather.temperature", 21.5, source="weather")
    message = await socket.receive_json()
    assert message["type"] == "state"
    assert (message["data"]["value"], message["data"]["unit"]) == (21.5, "°C")
    await socket.close()


async def test_decisions_levels_plugins_supply_and_status_are_pushed(served: Served) -> None:
    socket = await connected(served, topics=["decisions", "levels", "plugins", "supply", "status"])
    served.node.decide("camera", "level", "camera to full")
    served.node.bus.publish(LevelChanged("camera", "saver", "full"))
    served.node.bus.publish(PluginStatusChanged("camera", "failed", "no lens"))
    served.node.tick()
    messages = [await socket.receive_json() for _ in range(5)]
    assert [m["type"] for m in messages] == ["decision", "level", "plugin", "supply", "status"]
    assert messages[0]["data"]["sentence"] == "camera to full"
    assert messages[2]["data"] == {"instance": "camera", "status": "failed", "reason": "no lens"}
    await socket.close()


async def test_a_client_gets_only_what_it_subscribed_to(served: Served) -> None:
    socket = await connected(served, topics=["states"], entities=["wittypi.*"])
    served.node.decide("camera", "level", "not for this client")
    served.node.states.set("weather.temperature", 1.0, source="weather")
    served.node.states.set("wittypi.input_voltage", 14.0, source="wittypi")
    message = await socket.receive_json()
    assert message["data"]["entity_id"] == "wittypi.input_voltage"
    await socket.close()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"type":"shout"}', '{"type":"subscribe","topics":["x"]}', "[" * 9000]
)
async def test_a_wrong_message_is_answered_and_harms_nothing(served: Served, text: str) -> None:
    socket = await connected(served)
    await socket.send_str(text)
    assert (await socket.receive_json())["type"] == "error"
    await socket.send_json({"type": "ping", "id": "a"})
    assert await socket.receive_json() == {"type": "pong", "id": "a", "data": None}
    await socket.close()


async def test_of_many_changes_a_slow_client_gets_the_latest(served: Served) -> None:
    socket = await connected(served)
    for value in range(5000):
        served.node.states.set("weather.temperature", float(value), source="weather")
    message = await socket.receive_json()
    assert message["data"]["value"] == 4999.0
    served.node.states.set("weather.temperature", -1.0, source="weather")
    assert (await socket.receive_json())["data"]["value"] == -1.0
    await socket.close()


async def test_events_beyond_the_queue_are_dropped_and_counted(served: Served) -> None:
    socket = await connected(served)
    for number in range(1000):
        served.node.decide("camera", "level", f"decision {number}")
    lost = await socket.receive_json()
    first = await socket.receive_json()
    assert (lost["type"], lost["data"]["count"]) == ("lost", 1000 - 256)
    assert first["data"]["sentence"] == "decision 744"
    await socket.close()


async def test_a_client_that_never_reads_holds_back_nobody(served: Served) -> None:
    stuck = await connected(served)
    assert stuck._response.connection is not None
    assert stuck._response.connection.transport is not None
    stuck._response.connection.transport.pause_reading()
    reader = await connected(served, topics=["decisions"])
    text = "x" * 2000
    for number in range(1000):
        served.node.decide("camera", "level", f"{number} {text}")
        assert (await reader.receive_json())["data"]["sentence"].startswith(f"{number} ")
    lost = sorted(client.outbox._lost for client in served.server._hub._clients)
    assert lost[0] == 0
    assert lost[1] > 100
    await reader.close()
    stuck._response.close()


async def test_nobody_listens_to_the_bus_when_nobody_is_connected(served: Served) -> None:
    before = len(served.node.bus._receivers)
    socket = await connected(served)
    assert len(served.node.bus._receivers) > before
    await socket.close()
    await served.server.stop()
    assert len(served.node.bus._receivers) == before


async def test_stopping_says_goodbye(served: Served) -> None:
    socket = await connected(served)
    stopping = asyncio.create_task(served.server.stop())
    message = await socket.receive()
    assert message.type is WSMsgType.CLOSE
    assert message.data == 1001
    await stopping


async def test_too_many_clients_are_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepi.web.events._MOST_CLIENTS", 1)
    socket = await connected(served)
    with pytest.raises(WSServerHandshakeError):
        await served.local.ws_connect("/api/v1/events")
    await socket.close()


async def test_the_outbox_puts_into_words_only_what_is_sent() -> None:
    made: list[int] = []

    def words(number: int) -> str:
        made.append(number)
        return json.dumps(number)

    outbox = Outbox()
    for number in range(3):
        outbox.put_latest("a", partial(words, number))
    messages, lost = await outbox.take()
    assert [message() for message in messages] == ["2"]
    assert (made, lost) == ([2], 0)
