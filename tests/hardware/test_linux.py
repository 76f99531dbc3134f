from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edgepi.errors import HardwareError
from edgepi.hardware import Phase, linux, open_hardware
from edgepi.hardware.linux import LinuxMachine, process_runs


def machine(*, allow_halt: bool = False, power_off: tuple[str, ...] = ("true",)) -> LinuxMachine:
    return LinuxMachine(allow_halt=allow_halt, power_off=power_off, trusted=lambda: True)


async def test_the_real_machine_is_opened_without_a_world() -> None:
    async with open_hardware(None, allow_halt=False) as opened:
        assert not opened.simulated
        assert opened.clock.rate == 1.0
        assert await opened.truth() is None
        await opened.tell({}, ())
        await opened.phase(Phase.READY)


async def test_halting_needs_leave(tmp_path: Path) -> None:
    mark = tmp_path / "halted"
    halting = machine(power_off=("touch", str(mark)))
    with pytest.raises(HardwareError, match="allow_halt"):
        await halting.halt("night")
    assert not await asyncio.to_thread(mark.exists)
    halting.permit_halt()
    await halting.halt("night")
    assert await asyncio.to_thread(mark.exists)


async def test_a_refused_halt_says_what_systemd_said() -> None:
    refused = (sys.executable, "-c", "import sys; sys.exit('Access denied')")
    with pytest.raises(HardwareError, match="Access denied"):
        await machine(allow_halt=True, power_off=refused).halt("night")
    with pytest.raises(HardwareError, match="cannot be run"):
        await machine(allow_halt=True, power_off=("/nowhere/systemctl",)).halt("night")


async def test_setting_the_clock_sets_it_and_trusts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, float]] = []
    monkeypatch.setattr(time, "clock_settime", lambda clock, value: given.append((clock, value)))
    untrusted = LinuxMachine(allow_halt=False, trusted=lambda: False)
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    await untrusted.set_clock(moment)
    assert given == [(time.CLOCK_REALTIME, moment.timestamp())]
    assert untrusted.clock.trusted


async def test_a_clock_that_may_not_be_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_clock: int, _value: float) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(time, "clock_settime", refuse)
    untrusted = LinuxMachine(allow_halt=False, trusted=lambda: False)
    with pytest.raises(HardwareError, match="not permitted"):
        await untrusted.set_clock(datetime(2026, 3, 1, tzinfo=UTC))
    assert not untrusted.clock.trusted


async def test_the_clock_is_trusted_as_soon_as_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "ASK_TRUST_EVERY_S", 0.01)
    answers = [False, False, True]
    waiting = LinuxMachine(allow_halt=False, trusted=lambda: answers.pop(0))
    await waiting.start()
    assert not waiting.clock.trusted
    async with asyncio.timeout(30):
        while not waiting.clock.trusted:  # noqa: ASYNC110 (a clock tells nobody)
            await asyncio.sleep(0.01)
    assert not answers
    await waiting.close()


async def test_a_clock_that_is_set_is_trusted_from_the_start() -> None:
    opened = LinuxMachine(allow_halt=False, trusted=lambda: True)
    await opened.start()
    assert opened.clock.trusted
    await opened.close()


def test_a_process_is_found_by_its_command_line_and_ourselves_are_not(tmp_path: Path) -> None:
    for pid, line in (
        (41, b"/bin/bash\0/home/pi/wittypi/daemon.sh\0"),
        (os.getpid(), b"python\0wittypi.py\0"),
    ):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cmdline").write_bytes(line)
    (tmp_path / "99").mkdir()
    (tmp_path / "uptime").write_text("1")
    assert process_runs("wittypi/daemon", tmp_path)
    assert not process_runs("wittypi.py", tmp_path)


async def test_a_real_process_is_found() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "59.123")
    try:
        # For an instant a process that is being started has no command line at all.
        found = False
        for _ in range(100):
            found = found or await machine().process_runs("sleep 59.123")
            await asyncio.sleep(0 if found else 0.01)
        assert found
    finally:
        process.kill()
        await process.wait()
    assert not await machine().process_runs("sleep 59.123")
