"""The node's process and everything it starts, as one group that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence

__all__ = ["NodeProcess"]

LONGEST_LINE = 1 << 20
LAST_WORDS_S = 2.0


class NodeProcess:
    """A running node; its output goes line by line to *say*."""

    def __init__(self, process: asyncio.subprocess.Process, say: Callable[[str], None]) -> None:
        self._process = process
        self._reader = asyncio.create_task(self._pass_on(say), name="node output")

    @classmethod
    async def start(
        cls, command: Sequence[str], env: Mapping[str, str], say: Callable[[str], None]
    ) -> NodeProcess:
        """Start it in a session of its own, out of reach of the terminal's Ctrl-C."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**env, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        return cls(process, say)

    async def _pass_on(self, say: Callable[[str], None]) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue
            if not line:
                return
            say(line.decode(errors="replace").rstrip("\n"))

    @property
    def pid(self) -> int:
        """The process id, also that of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    def terminate(self) -> None:
        """Ask it to end, as the service manager does: those it has started are its own to end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """Take the power away: nothing of the group runs on."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for the end, clear up what it left behind, return its exit code."""
        code = await self._process.wait()
        self.kill()
        _, late = await asyncio.wait({self._reader}, timeout=LAST_WORDS_S)
        for reader in late:
            reader.cancel()
        return code

    async def end(self, within_s: float) -> int:
        """Ask it to end and kill it if it does not within so many real seconds."""
        self.terminate()
        ended = asyncio.ensure_future(self.wait())
        done, _ = await asyncio.wait({ended}, timeout=within_s)
        if not done:
            self.kill()
        return await ended
