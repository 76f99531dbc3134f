"""A worker or a pool in a process of its own, which may be killed at any point of its work."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from edgepi.compute.journal import JobJournal
from edgepi.compute.model import BoxedJob
from edgepi.compute.sandbox import Box, Sandbox
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.model import PoolTask
from edgepi_iexec.worker.client import SchedulerClient
from edgepi_iexec.worker.uploads import ResultStore

from .crew import Spec, backend_of, pool_of

__all__ = ["Lone"]

ROOT = Path(__file__).parents[3]
PATIENCE_S = 90.0


class Lone:
    """A process that lives several times."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.lives = 0

    @property
    def log(self) -> Path:
        return self.spec.path / f"life-{self.lives}.log"

    def start(self, *, die_at: str | None = None) -> None:
        """Begin a life."""
        if die_at is not None:
            self.spec = replace(self.spec, die_at=die_at)
        self.lives += 1
        self.spec.path.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.iexec.process", json.dumps(asdict(self.spec))],
                cwd=ROOT,
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def died(self, within_s: float = PATIENCE_S) -> int:
        """Wait for its end."""
        assert self.process is not None
        return self.process.wait(within_s)

    def kill(self) -> None:
        """End it as kill -9 does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def tell(self) -> None:
        """Have it end in order, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end(self) -> None:
        """Wait until it has ended in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def said(self) -> str:
        return self.log.read_text(errors="replace")


class Mortal:
    """Ends this process with SIGKILL at one point.

    ``put STATUS``: as soon as the journal has the status; ``sent NAME``: as soon as a transaction is in a
    block; ``told STATUS``: as soon as the scheduler has answered; ``ran``: as soon as the container runs;
    ``uploaded``: as soon as the store has the result.
    """

    def __init__(self, point: str) -> None:
        self._point = point
        self._after(JobJournal, "put", lambda record: f"put {record.stage}")
        self._after(SchedulerClient, "update", lambda _, update: f"told {update.status.value}")
        self._after(Sandbox, "run", lambda _: "ran")
        self._after(ResultStore, "give", lambda *_: "uploaded")
        self._after(Book, "save", lambda *records, **_: {f"put {_stage(each)}" for each in records})
        for name in ("contribute", "reveal", "contribute_and_finalize", "initialize", "finalize"):
            self._after(ChainClient, name, lambda *_, name=name: f"sent {name}")

    def _after(self, kind: type, name: str, point: Callable[..., str | set[str]]) -> None:
        """Have a class's method look afterwards whether the point is reached."""
        method: Callable[..., Awaitable[Any]] = getattr(kind, name)

        async def call(this: object, *args: Any, **named: Any) -> Any:
            result = await method(this, *args, **named)
            reached = point(*args, **named)
            if self._point in ({reached} if isinstance(reached, str) else reached):
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(kind, name, call)


def lie() -> None:
    """Compute something else than what is asked for, from now on, in this process."""
    run = Sandbox.run

    async def other(this: Sandbox, job: BoxedJob) -> Box:
        return await run(this, replace(job, command=("40", "4")))

    setattr(Sandbox, "run", other)  # noqa: B010 (mypy takes it for the method of an instance)


def _stage(record: object) -> str:
    return record.stage.value if isinstance(record, PoolTask) else ""


async def _main(spec: Spec) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s.%(msecs)03d %(name)s %(message)s")
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    Mortal(spec.die_at)
    if spec.lies:
        lie()
    if spec.kind == "pool":
        async with pool_of(spec):
            await told.wait()
        return
    async with backend_of(spec) as backend:
        await backend.start()
        await told.wait()


if __name__ == "__main__":
    asyncio.run(_main(Spec(**json.loads(sys.argv[1]))))
