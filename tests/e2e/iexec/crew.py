"""Workers as a node makes them, in the test's process or in one of their own that may be killed."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from edgepi.clock import SystemClock
from edgepi.compute.journal import JobJournal
from edgepi.compute.model import BoxedJob
from edgepi.compute.sandbox import Box, Sandbox
from edgepi.testing.doubles import build_context
from edgepi_iexec.backend import IexecBackend
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.worker.client import SchedulerClient

__all__ = ["ROOT", "Spec", "backend_of", "quick_keystore"]

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A worker in words that fit into JSON; *die_at* names a point as `Mortal` counts them."""

    folder: str
    address: str
    private_key: str
    config: dict[str, Any] = field(default_factory=dict)
    die_at: str = ""
    lies: bool = False

    @property
    def path(self) -> Path:
        return Path(self.folder)


def quick_keystore(account: Account, password: str = "") -> str:
    """A wallet's file whose password costs no time."""
    from eth_keyfile.keyfile import create_keyfile_json

    key = bytes.fromhex(account.private_key[2:])
    made = create_keyfile_json(key, password.encode(), kdf="pbkdf2", iterations=1)
    return json.dumps({**made, "address": account.address[2:]})


@asynccontextmanager
async def backend_of(spec: Spec) -> AsyncIterator[IexecBackend]:
    """Give a worker's backend, not started yet; it is stopped at the end."""
    wallet = spec.path / "wallet.json"
    if not await asyncio.to_thread(wallet.exists):
        account = Account("worker", spec.address, spec.private_key)
        await asyncio.to_thread(spec.path.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(wallet.write_text, await asyncio.to_thread(quick_keystore, account))
    session = ClientSession()

    async def shared() -> ClientSession:
        return session

    config = IexecConfig(wallet=wallet, password="", **spec.config)
    context = build_context(
        config=config,
        clock=SystemClock(),
        state_dir=spec.path,
        plugin="iexec",
        instance="iexec",
        http_client=shared,
    )
    backend = IexecBackend(context)
    try:
        yield backend
    finally:
        await backend.stop()
        await session.close()


class Mortal:
    """Ends this process with SIGKILL at one point.

    ``put STATUS``: as soon as the journal has the status; ``sent NAME``: as soon as a transaction is in a
    block; ``told STATUS``: as soon as the scheduler has answered; ``ran``: as soon as the container runs.
    """

    def __init__(self, point: str) -> None:
        self._point = point
        self._after(JobJournal, "put", lambda record: f"put {record.stage}")
        self._after(SchedulerClient, "update", lambda _, update: f"told {update.status.value}")
        self._after(Sandbox, "run", lambda _: "ran")
        for name in ("contribute", "reveal", "contribute_and_finalize", "initialize", "finalize"):
            self._after(ChainClient, name, lambda *_, name=name: f"sent {name}")

    def _after(self, kind: type, name: str, point: Callable[..., str]) -> None:
        """Have a class's method look afterwards whether the point is reached."""
        method: Callable[..., Awaitable[Any]] = getattr(kind, name)

        async def call(this: object, *args: Any, **named: Any) -> Any:
            result = await method(this, *args, **named)
            if point(*args) == self._point:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(kind, name, call)


def lie() -> None:
    """Compute something else than what is asked for, from now on, in this process."""
    run = Sandbox.run

    async def other(this: Sandbox, job: BoxedJob) -> Box:
        return await run(this, replace(job, command=("40", "4")))

    Sandbox.run = other  # type: ignore[method-assign]


async def _main(spec: Spec) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s.%(msecs)03d %(name)s %(message)s")
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    Mortal(spec.die_at)
    if spec.lies:
        lie()
    async with backend_of(spec) as backend:
        await backend.start()
        await told.wait()


def to_text(spec: Spec) -> str:
    """For the command line of a process."""
    return json.dumps(asdict(spec))


if __name__ == "__main__":
    asyncio.run(_main(Spec(**json.loads(sys.argv[1]))))
