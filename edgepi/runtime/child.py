"""A supervised child process for what may abort, hang or weigh."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable

from edgepi.clock import Clock
from edgepi.errors import PluginError
from edgepi.runtime.backoff import RetryPolicy
from edgepi.runtime.messages import Message, encode, receive

__all__ = ["Child"]

START_S = 30.0
END_S = 2.0
RETRY = RetryPolicy(first_s=1.0, max_s=300.0)


class Child:
    """Runs ``module:function`` (a `Message` in, a `Message` or None out) in an interpreter of its own.

    It is started at the first `ask`, killed when it hangs, dies with its parent, and is
    started again by a later `ask`, after a wait that grows with its failures in a row. *on_push*
    hears what it sends unasked (kinds that begin with ``push.``), *on_end* that it ended.
    """

    def __init__(
        self,
        target: str,
        *,
        name: str,
        clock: Clock,
        log: logging.Logger,
        policy: RetryPolicy = RETRY,
        chance: Callable[[], float] = random.random,
        on_push: Callable[[Message], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.starts = 0
        self._target = target
        self._clock = clock
        self._log = log
        self._policy = policy
        self._chance = chance
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._failures = 0
        self._not_before_s = 0.0
        self._last_words: list[str] = []
        self._listeners: list[asyncio.Task[None]] = []
        self._answer: asyncio.Future[Message] | None = None
        self._hung_up = self._dismissed = False
        self._stops = 0
        self._ending: asyncio.Task[int] | None = None
        self._on_push = on_push or (lambda _: None)
        self._on_end = on_end or (lambda: None)

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    async def ask(self, message: Message, *, timeout_s: float) -> Message:
        """Send a message and wait for the answer, so many real seconds at most.

        Raises:
            TimeoutError: the child took longer; it was killed.
            PluginError: it failed, died, or is still waiting to be started again.
        """
        async with self._turn:
            process = await self._running()
            try:
                async with asyncio.timeout(timeout_s):
                    answer = await self._exchange(process, message)
            except TimeoutError:
                await self._fail(f"no answer within {timeout_s:g} s")
                raise TimeoutError(f"child {self.name!r} gave no answer within {timeout_s:g} s") from None
            except (OSError, PluginError) as error:
                reason = await self._fail(str(error))
                raise PluginError(f"child {self.name!r}: {reason}") from error
            except asyncio.CancelledError:
                await self._kill()  # its answer would be taken for that of the next question
                raise
            self._failures = 0
        if answer.kind == "error":
            raise PluginError(f"child {self.name!r}: {answer.fields.get('error')}")
        return answer

    async def stop(self) -> None:
        """Close the child's input and wait a moment, then kill it."""
        self._stops += 1
        process = self._process
        try:
            if process is not None and process.stdin is not None:
                self._dismissed = not self._left(process)
                process.stdin.close()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(END_S):
                        await process.wait()
        finally:
            await self._kill()

    async def _running(self) -> Process:
        if self._process is not None and self.alive:
            return self._process
        await self._kill()
        wait_s = self._not_before_s - self._clock.monotonic()
        if self._failures and wait_s > 0:
            raise PluginError(
                f"child {self.name!r} failed {self._failures} times in a row; started in {wait_s:.0f} s"
            )
        try:
            return await self._start()
        except asyncio.CancelledError:
            await self._kill()  # whoever stopped it before may not come again
            raise
        except (OSError, TimeoutError, PluginError) as error:
            reason = await self._fail(f"it does not start: {error}")
            raise PluginError(f"child {self.name!r}: {reason}") from error

    async def _start(self) -> Process:
        self.starts += 1
        stops = self._stops
        self._last_words.clear()
        self._hung_up = self._dismissed = False
        self._answer = None
        arguments = ("-m", "edgepi.runtime.child_main", self._target, str(os.getpid()))
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        if stops != self._stops:  # before there was a process that could be stopped
            raise PluginError("it was stopped")
        self._answer = asyncio.get_running_loop().create_future()
        self._listeners = [
            asyncio.create_task(self._listen(process), name=f"child {self.name} stderr"),
            asyncio.create_task(self._hear(process), name=f"child {self.name} stdout"),
        ]
        async with asyncio.timeout(START_S):
            await self._answer
        return process

    async def _exchange(self, process: Process, message: Message) -> Message:
        assert process.stdin is not None
        self._answer = asyncio.get_running_loop().create_future()
        process.stdin.write(encode(message))
        await process.stdin.drain()
        return await self._answer

    async def _hear(self, process: Process) -> None:
        assert process.stdout is not None
        end = "it ended without an answer"
        try:
            while (message := await receive(process.stdout)) is not None:
                self._take(message)
            self._hung_up = True
        except (OSError, PluginError) as error:
            end = str(error)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(PluginError(end))
        self._on_end()

    def _take(self, message: Message) -> None:
        if message.kind.startswith("push."):
            try:
                self._on_push(message)
            except Exception:  # noqa: BLE001 (what came out of the child is foreign)
                self._log.exception("child %r sent what cannot be used", self.name)
        elif self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    async def _listen(self, process: Process) -> None:
        assert process.stderr is not None
        with contextlib.suppress(ValueError):  # a line longer than any sentence
            while line := await process.stderr.readline():
                self._last_words = [*self._last_words[-9:], line.decode(errors="replace").rstrip()]
                self._log.debug("child %s: %s", self.name, self._last_words[-1])

    async def _fail(self, reason: str) -> str:
        self._failures += 1
        code = await self._kill()
        self._not_before_s = self._clock.monotonic() + self._policy.delay_s(self._failures, self._chance())
        text = self._told(reason, code)
        self._log.log(
            logging.WARNING if self._failures == 1 else logging.DEBUG, "child %r: %s", self.name, text
        )
        return text

    def _told(self, reason: str, code: int | None) -> str:
        said = f"; it said: {self._last_words[-1]}" if self._last_words else ""
        return f"{reason} (exit code {code}){said}"

    def _left(self, process: Process) -> bool:
        """Whether it ended, or is about to, though nobody told it to."""
        # Of its pipes and its exit code, any may be heard of first, and none may have been so far.
        hung_up = self._hung_up or (process.stdin is not None and process.stdin.is_closing())
        return not self._dismissed and (hung_up or process.returncode is not None or _exited(process.pid))

    def _answered(self) -> bool:
        answer = self._answer
        return answer is not None and answer.done() and not answer.cancelled() and not answer.exception()

    async def _kill(self) -> int | None:
        process, self._process = self._process, None
        if process is not None:
            listeners, self._listeners = self._listeners, []
            left = self._left(process)
            self._ending = asyncio.create_task(
                self._end(
                    process, listeners, leaving=left or self._hung_up, unasked=left and self._answered()
                ),
                name=f"end of child {self.name}",
            )
        if self._ending is None:
            return None
        # Whoever waits may be cancelled, even twice: the process ends all the same, and `stop` waits again.
        return await asyncio.shield(self._ending)

    async def _end(
        self, process: Process, listeners: list[asyncio.Task[None]], *, leaving: bool, unasked: bool
    ) -> int:
        if leaving:  # it is about to end by itself, and only then says how
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await process.wait()
        if process.returncode is None:
            # Not process.kill(): it would take the exit code of one that has just ended from asyncio.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        code = await process.wait()
        if listeners:
            await asyncio.wait(listeners, timeout=END_S)
            for listener in listeners:
                listener.cancel()
        if process.stdin is not None:
            process.stdin.close()
        if unasked:  # nobody waited for an answer who would be told
            self._log.warning("child %r: %s", self.name, self._told("it ended by itself", code))
        return code


def _exited(pid: int) -> bool:
    """Whether a child of this process has ended; its exit code is left to asyncio."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # asyncio has it already
        return True
