from __future__ import annotations

import asyncio
import json
import socket
import stat
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepi.errors import WorldError
from edgepi.hardware.wire import LONGEST_FRAME, pack, read_frame
from edgepi.sim.server import WorldServer
from edgepi.sim.simulation import Simulation


class Line:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, frame: bytes) -> dict[str, Any] | None:
        self.writer.write(frame)
        return await asyncio.wait_for(read_frame(self.reader), 10)


async def dial(path: Path) -> Line:
    return Line(*await asyncio.open_unix_connection(str(path)))


TRUTH = pack({"id": 7, "do": "truth", "with": {}})


async def test_a_question_is_answered_under_its_number(served: Path) -> None:
    line = await dial(served)
    answer = await line.ask(TRUTH)
    assert answer is not None
    assert answer["id"] == 7
    assert answer["result"]["rail_on"] in {True, False}
    line.writer.close()


async def test_only_this_user_may_talk_to_the_world(served: Path) -> None:
    mode = await asyncio.to_thread(served.stat)
    assert stat.S_IMODE(mode.st_mode) == 0o600


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack(">I", LONGEST_FRAME + 1),
        struct.pack(">I", 5) + b"hello",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 3) + b"\xff\xfe\x00",
        struct.pack(">I", 0),
    ],
)
async def test_a_malformed_frame_is_refused_and_the_line_cut(served: Path, frame: bytes) -> None:
    line = await dial(served)
    answer = await line.ask(frame)
    assert answer is not None
    assert answer["error"]["kind"] == "WorldError"
    assert await asyncio.wait_for(line.reader.read(), 10) == b""
    line.writer.close()
    other = await dial(served)
    assert await other.ask(TRUTH)
    other.writer.close()


async def test_a_frame_that_never_ends_harms_nobody_else(served: Path) -> None:
    slow = await dial(served)
    slow.writer.write(struct.pack(">I", 100) + b"{")
    other = await dial(served)
    assert await other.ask(TRUTH)
    slow.writer.close()
    other.writer.close()


@pytest.mark.parametrize(
    "message", [{"id": 1}, {"id": 1, "do": "fly", "with": {}}, {"id": 1, "do": ["truth"]}]
)
async def test_a_request_nobody_knows_is_refused_and_the_line_stays(
    served: Path, message: dict[str, Any]
) -> None:
    line = await dial(served)
    answer = await line.ask(pack(message))
    assert answer is not None
    assert answer["error"]["kind"] == "RequestError"
    assert await line.ask(TRUTH)
    line.writer.close()


async def test_whoever_says_hello_is_told_everything_first(served: Path) -> None:
    line = await dial(served)
    line.writer.write(pack({"id": 1, "do": "hello", "with": {"protocol": 1, "role": "node"}}))
    first = [await asyncio.wait_for(read_frame(line.reader), 10) for _ in range(2)]
    assert [message["push"] for message in first if message] == ["clock", "line"]
    line.writer.close()


async def test_a_second_world_in_the_same_place_is_refused(served: Path, simulation: Simulation) -> None:
    with pytest.raises(WorldError, match="another world"):
        await WorldServer(simulation, served).start()


async def test_a_socket_left_by_a_crash_is_replaced(simulation: Simulation, tmp_path: Path) -> None:
    path = tmp_path / "w"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert await asyncio.to_thread(path.exists)
    server = WorldServer(simulation, path)
    await server.start()
    line = await dial(path)
    assert await line.ask(TRUTH)
    line.writer.close()
    await server.stop()
    assert not await asyncio.to_thread(path.exists)


async def test_a_path_too_long_for_a_socket_is_said(simulation: Simulation) -> None:
    with pytest.raises(WorldError, match="state-dir"):
        await WorldServer(simulation, Path("/tmp") / ("x" * 120)).start()


async def test_the_world_goes_on_by_itself(served: Path, simulation: Simulation) -> None:
    async with asyncio.timeout(30):
        while simulation.world.time_s < 10.0:  # noqa: ASYNC110 (nothing else tells of it)
            await asyncio.sleep(0.01)


@settings(deadline=None, max_examples=50)
@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda s: st.dictionaries(st.text(), s), max_leaves=5)
)
def test_any_json_survives_a_frame(value: object) -> None:
    frame = pack({"value": value})
    assert json.loads(frame[4:])["value"] == value
    assert struct.unpack(">I", frame[:4])[0] == len(frame) - 4
