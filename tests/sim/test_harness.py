from __future__ import annotations

import asyncio
import os
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from edgepi.errors import WorldError
from edgepi.sim.draw import NodeState
from edgepi.sim.harness import Beside, Harness, HarnessTimes
from edgepi.sim.simulation import Simulation
from edgepi.sim.store import load

pytestmark = pytest.mark.slow

QUICK = HarnessTimes(after_halt_s=0.2, end_within_s=5.0, boot_within_s=20.0, failed_starts=3)

NODE = """
import asyncio, os, signal, subprocess, sys
from pathlib import Path
from edgepi.hardware import Phase, open_hardware

async def up(machine):
    line = machine.output_line(17)
    for high in (True, False, True, False):
        line.set(high)
        await machine.clock.sleep(0.1)
    await machine.phase(Phase.READY)
    print("ready", flush=True)

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_hardware(Path(sys.argv[1]), allow_halt=True) as machine:
        await act(machine, stop)

{act}

asyncio.run(main())
"""

WAITS = """
async def act(machine, stop):
    await up(machine)
    await stop.wait()
    print("stopped orderly", flush=True)
"""

HAS_A_CHILD = """
async def act(machine, stop):
    child = subprocess.Popen(["sleep", "1000"])
    await up(machine)
    print("child", child.pid, flush=True)
    await asyncio.sleep(1000)
"""

ENDS_ITS_CHILD_ITSELF = """
async def act(machine, stop):
    child = subprocess.Popen(
        ["sh", "-c", "trap 'echo child was told; exit' TERM; echo child up; while read -r word; do :; done"],
        stdin=subprocess.PIPE,
    )
    await up(machine)
    await stop.wait()
    child.stdin.close()
    print("child ended with", child.wait(), flush=True)
"""

SLEEPS_UNTIL_AN_ALARM = """
from datetime import timedelta
def bcd(value): return value // 10 << 4 | value % 10

async def act(machine, stop):
    await up(machine)
    wake = machine.clock.now() + timedelta(hours=2)
    bus = machine.i2c()
    def arm():
        for offset, value in enumerate((wake.second, wake.minute, wake.hour, wake.day)):
            bus.write_byte_data(8, 27 + offset, bcd(value))
    await asyncio.to_thread(arm)
    await machine.halt("to sleep")
    await stop.wait()
"""

NEVER_COMES_UP = "async def act(machine, stop):\n    sys.exit(3)\n"

CRASHES_ONCE = """
async def act(machine, stop):
    await up(machine)
    mark = Path(sys.argv[1]).with_name("crashed")
    if not mark.exists():
        mark.touch()
        os._exit(7)
    await stop.wait()
"""

IGNORES_THE_END = """
async def act(machine, stop):
    await up(machine)
    await machine.halt("whatever")
    await asyncio.sleep(1000)
"""


class Terminal:
    def __init__(self) -> None:
        self.world: list[str] = []
        self.node: list[str] = []

    def said(self, text: str) -> bool:
        return any(text in line for line in (*self.world, *self.node))


async def harness_for(
    simulation: Simulation, directory: Path, act: str, *, times: HarnessTimes = QUICK, **more: Any
) -> tuple[Harness, Terminal]:
    script = directory / "node.py"
    await asyncio.to_thread(script.write_text, NODE.replace("{act}", textwrap.dedent(act)))
    terminal = Terminal()
    harness = Harness(
        simulation,
        (sys.executable, str(script), str(directory / "world.sock")),
        directory=directory,
        env=os.environ,
        say=terminal.world.append,
        node_says=terminal.node.append,
        times=times,
        **more,
    )
    return harness, terminal


@asynccontextmanager
async def harnessed(
    simulation: Simulation, directory: Path, act: str, *, times: HarnessTimes = QUICK, **more: Any
) -> AsyncIterator[tuple[Harness, Terminal]]:
    harness, terminal = await harness_for(simulation, directory, act, times=times, **more)
    running = asyncio.create_task(harness.run())
    try:
        yield harness, terminal
    finally:
        harness.stop()
        await asyncio.wait_for(running, 30)


async def until(condition: Callable[[], object], within_s: float = 40.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 (the other side is another process)
            await asyncio.sleep(0.01)


async def test_the_node_is_started_when_the_board_gives_power_and_stopped_orderly(
    simulation: Simulation, tmp_path: Path
) -> None:
    async with harnessed(simulation, tmp_path, WAITS) as (_, terminal):
        await until(lambda: terminal.said("ready"))
        assert simulation.world.node is NodeState.UP
        assert simulation.world.board.rail_on
    assert terminal.said("stopped orderly")
    assert await asyncio.to_thread(load, tmp_path / "world.json") is not None


async def test_an_orderly_end_is_asked_of_the_node_alone_which_ends_what_it_has_started(
    simulation: Simulation, tmp_path: Path
) -> None:
    async with harnessed(simulation, tmp_path, ENDS_ITS_CHILD_ITSELF) as (_, terminal):
        await until(lambda: terminal.said("ready") and terminal.said("child up"))
    assert terminal.said("child ended with 0")
    assert not terminal.said("child was told")


async def test_the_rate_is_one_while_the_node_boots_and_rises_when_it_is_ready(
    simulation: Simulation, tmp_path: Path
) -> None:
    rates: list[float] = []
    simulation.listen(lambda _message: rates.append(simulation.keeper.rate))
    async with harnessed(simulation, tmp_path, WAITS) as (_, terminal):
        await until(lambda: terminal.said("ready"))
        await until(lambda: simulation.keeper.rate == 60.0)
    assert 1.0 in rates
    assert rates.index(1.0) < rates.index(60.0, rates.index(1.0))


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_a_cut_kills_the_node_and_whatever_it_started(simulation: Simulation, tmp_path: Path) -> None:
    async with harnessed(simulation, tmp_path, HAS_A_CHILD) as (_, terminal):
        await until(lambda: terminal.said("child"))
        child = int(terminal.node[-1].split()[1])
        assert psutil.pid_exists(child)
        simulation.world.board.press()
        await until(lambda: terminal.said("power is cut"))
        await until(lambda: ended(child))
        assert simulation.world.node is NodeState.OFF
        simulation.world.board.release()
        await asyncio.sleep(0.2)
        assert simulation.world.node_w == 0.0


BESIDE = """
import asyncio, os, sys
from pathlib import Path
from edgepi.hardware import world_clock

async def main():
    async with world_clock(Path(os.environ["EDGEPI_WORLD"])) as clock:
        print("beside since", clock.now().year, flush=True)
        await asyncio.sleep(1000)

asyncio.run(main())
"""


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children()]


def command_line(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:  # a child of another test that is just ending
        return []


async def test_another_machine_of_the_world_outlives_a_cut_of_the_nodes_power(
    simulation: Simulation, tmp_path: Path
) -> None:
    heard: list[str] = []
    chain = Beside("chain", (sys.executable, "-c", BESIDE), heard.append)
    async with harnessed(simulation, tmp_path, WAITS, beside=[chain]) as (_, terminal):
        await until(lambda: terminal.said("ready"))
        await until(lambda: heard == ["beside since 2022"])
        (pid,) = [pid for pid in children() if BESIDE in command_line(pid)]
        simulation.world.board.press()
        await until(lambda: terminal.said("power is cut"))
        assert psutil.pid_exists(pid)
        simulation.world.board.release()
    assert ended(pid)


async def test_another_machine_that_ends_is_started_again(simulation: Simulation, tmp_path: Path) -> None:
    heard: list[str] = []
    chain = Beside("chain", (sys.executable, "-c", "print('here')"), heard.append)
    times = replace(QUICK, restart_beside_s=0.1)
    async with harnessed(simulation, tmp_path, WAITS, beside=[chain], times=times) as (_, terminal):
        await until(lambda: heard.count("here") >= 2)
    assert terminal.said("chain ended with exit code 0; it is started again")


async def test_a_cut_ends_what_the_node_boxed_before_the_node_lives_again(
    simulation: Simulation, tmp_path: Path
) -> None:
    done: list[str] = []

    def cut_jobs() -> None:
        time.sleep(0.3)
        done.append("containers are dead")

    async with harnessed(simulation, tmp_path, WAITS, cut_jobs=cut_jobs) as (_, terminal):
        await until(lambda: terminal.said("ready"))
        simulation.world.board.press()
        await until(lambda: terminal.said("power is cut"))
        simulation.world.board.release()
        simulation.world.board.press()
        simulation.world.board.release()
        await until(lambda: terminal.node.count("ready") == 2)
        assert done == ["containers are dead"]


async def test_containers_that_cannot_be_ended_are_told_of(simulation: Simulation, tmp_path: Path) -> None:
    def cut_jobs() -> None:
        raise WorldError("nobody answers")

    async with harnessed(simulation, tmp_path, WAITS, cut_jobs=cut_jobs) as (_, terminal):
        await until(lambda: terminal.said("ready"))
        simulation.world.board.press()
        await until(lambda: terminal.said("containers may run on: nobody answers"))
        simulation.world.board.release()


async def test_a_halted_node_is_cut_and_its_alarm_starts_it_again(
    simulation: Simulation, tmp_path: Path
) -> None:
    async with harnessed(simulation, tmp_path, SLEEPS_UNTIL_AN_ALARM) as (_, terminal):
        await until(lambda: terminal.said("the node halts (to sleep)"))
        await until(lambda: terminal.said("power is cut"))
        simulation.keeper.ask(3600.0)
        await until(lambda: terminal.said("(alarm1)"))
        simulation.keeper.ask(60.0)
        await until(lambda: terminal.node.count("ready") == 2)


async def test_a_node_that_does_not_end_after_its_halt_is_killed(
    simulation: Simulation, tmp_path: Path
) -> None:
    times = replace(QUICK, end_within_s=0.5)
    async with harnessed(simulation, tmp_path, IGNORES_THE_END, times=times) as (_, terminal):
        await until(lambda: terminal.said("power is cut"))


async def test_a_crashed_node_is_started_again(simulation: Simulation, tmp_path: Path) -> None:
    async with harnessed(simulation, tmp_path, CRASHES_ONCE) as (_, terminal):
        await until(lambda: terminal.said("exit code 7"))
        await until(lambda: terminal.node.count("ready") == 2)
        assert simulation.world.board.rail_on


async def test_a_node_that_never_comes_up_ends_the_run(simulation: Simulation, tmp_path: Path) -> None:
    harness, terminal = await harness_for(simulation, tmp_path, NEVER_COMES_UP)
    with pytest.raises(WorldError, match="3 times"):
        await asyncio.wait_for(harness.run(), 60)
    assert sum("exit code 3" in line for line in terminal.world) == 2


@pytest.mark.parametrize("code", [1, 2, 4])
async def test_a_node_that_says_why_it_cannot_start_is_not_started_again(
    simulation: Simulation, tmp_path: Path, code: int
) -> None:
    refuses = f"async def act(machine, stop):\n    sys.exit({code})\n"
    harness, terminal = await harness_for(simulation, tmp_path, refuses)
    with pytest.raises(WorldError, match=f"could not start .exit code {code}"):
        await asyncio.wait_for(harness.run(), 60)
    assert not any("started again" in line for line in terminal.world)


async def test_a_world_that_cannot_be_saved_says_so_and_goes_on(
    simulation: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edgepi.sim.harness.save", full)
    often = replace(QUICK, save_every_s=0.05)
    harness, terminal = await harness_for(simulation, tmp_path, NEVER_COMES_UP, times=often)
    with pytest.raises(WorldError, match="3 times"):
        await asyncio.wait_for(harness.run(), 60)
    assert sum("cannot be saved: No space left" in line for line in terminal.world) > 2
    assert not any("rests" in line for line in terminal.world)


async def test_the_world_can_be_told_when_to_end(simulation: Simulation, tmp_path: Path) -> None:
    terminal = Terminal()
    harness = Harness(
        simulation,
        (sys.executable, "-c", "import time; time.sleep(1000)"),
        directory=tmp_path,
        env=os.environ,
        say=terminal.world.append,
        node_says=terminal.node.append,
        times=QUICK,
    )
    await asyncio.wait_for(harness.run(last_s=30.0), 30)
    assert simulation.world.time_s >= 29.0
    assert terminal.said("the world rests")
