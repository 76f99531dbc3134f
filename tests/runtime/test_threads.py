from __future__ import annotations

import asyncio
import threading

import pytest

from edgepi.errors import PluginError
from edgepi.runtime.threads import PluginThread


async def test_calls_run_one_after_the_other_in_a_named_thread() -> None:
    thread = PluginThread("roof")
    first, second = await asyncio.gather(thread(threading.current_thread), thread(threading.current_thread))
    assert first is second
    assert first.name == "edgepi-roof"
    assert first.daemon
    thread.close()


async def test_arguments_and_results_pass() -> None:
    thread = PluginThread("roof")
    assert await thread(divmod, 17, 5) == (3, 2)
    thread.close()


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(5, "I/O error"), OSError), (SystemExit(1), PluginError), (StopIteration(), RuntimeError)],
)
async def test_what_a_call_raises_reaches_the_awaiter(error: BaseException, raised: type[Exception]) -> None:
    def fail() -> None:
        raise error

    thread = PluginThread("roof")
    with pytest.raises(raised):
        await thread(fail)
    assert await thread(int, "7") == 7
    thread.close()


async def test_a_hung_call_is_left_to_its_thread_after_a_while_and_hangs_are_counted() -> None:
    now_s = 0.0
    release = threading.Event()
    thread = PluginThread("roof", patience_s=10.0, spares=1, stopwatch=lambda: now_s)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(thread(release.wait), 0.02)
        now_s += 11.0
    with pytest.raises(PluginError, match="2 blocking calls hang"):
        await thread(int, "7")
    release.set()
    while True:
        try:
            assert await thread(int, "7") == 7
            break
        except PluginError:
            await asyncio.sleep(0.01)
    thread.close()


async def test_a_cancelled_call_that_returns_soon_costs_no_thread() -> None:
    release = threading.Event()
    thread = PluginThread("roof", patience_s=10.0, stopwatch=lambda: 0.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(thread(release.wait), 0.02)
    release.set()
    assert await thread(threading.active_count) <= threading.active_count()
    assert await thread(int, "7") == 7
    thread.close()


async def test_a_call_that_was_given_up_before_its_turn_never_runs() -> None:
    release = threading.Event()
    ran: list[int] = []
    thread = PluginThread("roof")
    first = asyncio.create_task(thread(release.wait))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(thread(ran.append, 1), 0.02)
    release.set()
    await first
    await thread(int, "7")
    assert ran == []
    thread.close()


async def test_a_stopped_thread_refuses() -> None:
    thread = PluginThread("roof")
    thread.close()
    with pytest.raises(PluginError, match="has been stopped"):
        await thread(int, "7")
