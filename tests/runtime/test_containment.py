from __future__ import annotations

import asyncio

import pytest

from edgepi.errors import PluginError
from edgepi.runtime import containment
from edgepi.runtime.containment import run, within


async def test_what_is_quick_returns_its_result() -> None:
    async def work() -> int:
        return 7

    assert await within(1.0, work(), name="work") == 7


async def test_what_hangs_is_given_up() -> None:
    with pytest.raises(TimeoutError, match="work took longer than"):
        await within(0.02, asyncio.Event().wait(), name="work")


async def test_what_exits_is_a_plugin_error() -> None:
    async def work() -> None:
        raise SystemExit(3)

    with pytest.raises(PluginError, match="SystemExit: 3"):
        await within(1.0, work(), name="work")


async def test_cancelling_the_waiter_cancels_the_work() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiter = asyncio.create_task(within(10.0, work(), name="work"))
    await asyncio.sleep(0.01)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert cancelled.is_set()


async def test_what_ignores_its_cancellation_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(containment, "GRACE_S", 0.02)
    release = asyncio.Event()

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise ValueError("late")

    with pytest.raises(TimeoutError):
        await within(0.02, deaf(), name="deaf")
    assert "deaf ignores its cancellation" in caplog.text
    release.set()
    await asyncio.sleep(0.01)


def test_a_callback_or_task_that_exits_does_not_end_the_run(caplog: pytest.LogCaptureFixture) -> None:
    def leave() -> None:
        raise SystemExit(9)

    async def leave_too() -> None:
        leave()

    async def main() -> str:
        loop = asyncio.get_running_loop()
        loop.call_soon(leave)
        await asyncio.sleep(0.01)
        task = loop.create_task(leave_too())
        await asyncio.wait((task,))
        assert isinstance(task.exception(), SystemExit)
        return "went on"

    assert run(main()) == "went on"
    assert caplog.text.count("tried to end the process with code 9") == 2


def test_main_itself_may_exit() -> None:
    async def main() -> None:
        raise SystemExit(4)

    with pytest.raises(SystemExit) as stop:
        run(main())
    assert stop.value.code == 4
