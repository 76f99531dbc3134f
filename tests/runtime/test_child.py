from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from edgepi.errors import PluginError
from edgepi.runtime.backoff import RetryPolicy
from edgepi.runtime.child import Child
from edgepi.runtime.messages import Message, encode, receive
from edgepi.testing.clock import ManualClock

HERE = Path(__file__).parent


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def child(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Child]:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    child = Child(
        "child_handlers:handle",
        name="test",
        clock=clock,
        log=logging.getLogger("edgepi.plugins.test"),
        policy=RetryPolicy(first_s=10.0, jitter=0.0),
        chance=lambda: 0.0,
    )
    yield child
    await child.stop()


async def test_a_question_is_answered_in_another_process(child: Child) -> None:
    answer = await child.ask(Message("echo", {"n": 1}, b"abc"), timeout_s=20)
    assert (answer.kind, answer.fields["n"], answer.data) == ("echo", 1, b"cba")
    assert answer.fields["pid"] == child.pid != os.getpid()
    again = await child.ask(Message("echo"), timeout_s=20)
    assert again.fields["pid"] == answer.fields["pid"]


async def test_questions_at_once_get_each_their_own_answer(child: Child) -> None:
    answers = await asyncio.gather(*(child.ask(Message("echo", {"n": n}), timeout_s=20) for n in range(5)))
    assert [answer.fields["n"] for answer in answers] == [0, 1, 2, 3, 4]


async def test_an_exception_is_raised_here_and_the_child_lives(child: Child) -> None:
    with pytest.raises(PluginError, match="ValueError: as asked"):
        await child.ask(Message("fail"), timeout_s=20)
    await child.ask(Message("echo"), timeout_s=20)
    assert child.starts == 1


async def test_what_a_library_prints_does_not_get_into_the_messages(child: Child) -> None:
    assert (await child.ask(Message("print"), timeout_s=20)).kind == "done"


async def test_an_abort_is_contained_said_and_started_again_after_a_wait(
    child: Child, clock: ManualClock
) -> None:
    with pytest.raises(
        PluginError, match=r"ended without an answer \(exit code -6\); it said: about to abort"
    ):
        await child.ask(Message("abort"), timeout_s=20)
    with pytest.raises(PluginError, match="started in 10 s"):
        await child.ask(Message("echo"), timeout_s=20)
    await clock.advance(10)
    assert (await child.ask(Message("echo"), timeout_s=20)).kind == "echo"
    assert child.starts == 2


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.levelno >= logging.WARNING]


@pytest.mark.parametrize("kind", ["abort soon", "abort soon with heir"])
async def test_an_end_that_nobody_waited_for_is_logged_with_its_reason(
    kind: str, child: Child, caplog: pytest.LogCaptureFixture
) -> None:
    await child.ask(Message(kind), timeout_s=20)
    while child.alive:  # noqa: ASYNC110 (another process is waited for)
        await asyncio.sleep(0)
    await child.stop()
    assert warnings(caplog) == ["child 'test': it ended by itself (exit code -6)"]
    caplog.clear()
    await child.ask(Message("echo"), timeout_s=20)
    await child.stop()
    assert caplog.records == [], "an end in order"


async def test_an_end_that_is_not_yet_noticed_when_the_child_is_stopped_is_logged_too(
    child: Child, caplog: pytest.LogCaptureFixture
) -> None:
    await child.ask(Message("abort soon"), timeout_s=20)
    assert child.pid is not None
    with contextlib.suppress(ChildProcessError):  # asyncio has taken the exit code, and is not heard before
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 (nothing else is to run)
    await child.stop()
    assert warnings(caplog) == ["child 'test': it ended by itself (exit code -6)"]


async def test_an_end_in_the_midst_of_a_question_is_logged_once(
    child: Child, caplog: pytest.LogCaptureFixture
) -> None:
    await child.ask(Message("echo"), timeout_s=20)
    with pytest.raises(PluginError):
        await child.ask(Message("abort"), timeout_s=20)
    await child.stop()
    assert warnings(caplog) == [
        "child 'test': it ended without an answer (exit code -6); it said: about to abort"
    ]


async def test_a_child_that_hangs_is_killed(child: Child, clock: ManualClock) -> None:
    pid = (await child.ask(Message("echo"), timeout_s=20)).fields["pid"]
    with pytest.raises(TimeoutError, match="no answer within"):
        await child.ask(Message("hang"), timeout_s=0.1)
    assert not psutil.pid_exists(pid)
    await clock.advance(10)
    assert (await child.ask(Message("echo"), timeout_s=20)).kind == "echo"


async def test_a_question_that_is_cancelled_does_not_answer_the_next(child: Child) -> None:
    await child.ask(Message("echo"), timeout_s=20)
    asking = asyncio.create_task(child.ask(Message("hang"), timeout_s=20))
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (await child.ask(Message("echo", {"n": 2}), timeout_s=20)).fields["n"] == 2


async def test_a_question_that_is_cancelled_while_the_child_starts_leaves_no_process(child: Child) -> None:
    asking = asyncio.create_task(child.ask(Message("echo"), timeout_s=20))
    async with asyncio.timeout(10.0):
        while (pid := child.pid) is None:  # noqa: ASYNC110 (another task makes it)
            await asyncio.sleep(0.001)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert not child.alive
    assert not psutil.pid_exists(pid)


async def test_a_question_that_is_cancelled_twice_leaves_no_process(child: Child) -> None:
    await child.ask(Message("echo"), timeout_s=20)
    pid = child.pid
    assert pid is not None
    asking = asyncio.create_task(child.ask(Message("hang"), timeout_s=20))
    await asyncio.sleep(0.01)
    asking.cancel()
    while child.pid is not None:  # noqa: ASYNC110 (another task ends it)
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await child.stop()
    assert not psutil.pid_exists(pid)


async def test_a_child_that_is_stopped_before_it_has_a_process_gets_none(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = asyncio.create_subprocess_exec, []
    begun = asyncio.Event()

    async def slowly(*arguments: str, **options: Any) -> asyncio.subprocess.Process:
        begun.set()
        await asyncio.sleep(0.05)
        made.append(await make(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slowly)
    asking = asyncio.create_task(child.ask(Message("echo"), timeout_s=20))
    await begun.wait()
    await child.stop()
    with pytest.raises(PluginError, match="it was stopped"):
        await asking
    assert not child.alive
    assert made[0].returncode is not None


async def test_a_child_that_does_not_start_says_why(clock: ManualClock) -> None:
    child = Child("no_such_module_xyz:handle", name="none", clock=clock, log=logging.getLogger("edgepi.test"))
    with pytest.raises(PluginError, match="No module named 'no_such_module_xyz'"):
        await child.ask(Message("echo"), timeout_s=20)


async def test_stopping_ends_the_process(child: Child) -> None:
    pid = (await child.ask(Message("echo"), timeout_s=20)).fields["pid"]
    await child.stop()
    assert not psutil.pid_exists(pid)
    assert child.pid is None


PARENT = """
import asyncio, logging, os
from edgepi.clock import SystemClock
from edgepi.runtime.child import Child
from edgepi.runtime.messages import Message

async def main():
    child = Child("child_handlers:handle", name="test", clock=SystemClock(), log=logging.getLogger("x"))
    await child.ask(Message("echo"), timeout_s=20)
    hanging = asyncio.create_task(child.ask(Message("hang"), timeout_s=60))
    await asyncio.sleep(0.5)
    print(child.pid, flush=True)
    await hanging

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_child_dies_with_its_parent_even_when_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


async def read(data: bytes) -> Message | None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await receive(reader)


async def test_a_message_survives_the_way() -> None:
    message = Message("kind", {"text": "ü", "list": [1, 2.5, None]}, bytes(range(256)))
    assert await read(encode(message)) == message
    assert await read(b"") is None


@pytest.mark.parametrize(
    "data",
    [b"\x00", b"\xff" * 8, b"\x00\x00\x00\x02\x00\x00\x00\x00[]", b"\x00\x00\x00\x05\x00\x00\x00\x00{}"],
)
async def test_a_garbled_message_is_a_plugin_error(data: bytes) -> None:
    with pytest.raises(PluginError):
        await read(data)


def test_what_does_not_fit_into_json_is_refused_before_it_is_sent() -> None:
    with pytest.raises(PluginError, match="does not fit into JSON"):
        encode(Message("kind", {"x": object()}))
