"""The engine and the registry that the tests of this folder share, and sandboxes on them."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgepi.clock import Clock, SystemClock
from edgepi.compute.engine import Engine
from edgepi.compute.model import BoxedJob, Image, Limits, Outcome
from edgepi.compute.sandbox import Sandbox
from tests.engine import TestImage, docker_engine, docker_registry, load_image, shell

__all__ = ["docker_engine", "docker_registry"]

MIB = 1024**2
OWNER = "0123456789ab"


@dataclass
class Bench:
    """Sandboxes on the tests' engine, and jobs for them."""

    url: str
    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    opened: list[Sandbox] = field(default_factory=list)
    owners: dict[str, Path] = field(default_factory=dict)

    def sandbox(self, *, owner: str = OWNER, **more: Any) -> Sandbox:
        settings: dict[str, Any] = {"clock": self.clock, "folder": self.folder / owner, **more}
        log = logging.getLogger("test")
        made = Sandbox(engine=Engine(self.url), owner=owner, log=log, **settings)
        self.opened.append(made)
        self.owners[owner] = settings["folder"]
        return made

    async def image(self, image: TestImage) -> Image:
        tag = f"test-{abs(hash(repr(image))):x}:1"

        def load(client: Any) -> Image:
            load_image(client, tag, image)
            found = client.api.inspect_image(tag)
            return Image(tag, found["Id"], None, found["Size"])

        made: Image = await self.ask(load)
        return made

    async def ask(self, work: Callable[[Any], Any]) -> Any:
        engine = Engine(self.url)
        try:
            return await engine.call(work)
        finally:
            await engine.close()

    async def job(self, script: str = "true", *, job_id: str = "job", **more: Any) -> BoxedJob:
        """A job that runs a script; keywords of `Limits` and `BoxedJob` are told apart."""
        limits = {name: more.pop(name) for name in list(more) if name in Limits.__dataclass_fields__}
        built = {name: more.pop(name) for name in ("setuid", "volumes", "files") if name in more}
        image = await self.image(shell("true", **built))
        outputs = self.folder / "outputs" / job_id
        await asyncio.to_thread(outputs.mkdir, parents=True, exist_ok=True)
        kept = Limits(**{"time_s": 20.0, "memory_bytes": 64 * MIB, "disk_bytes": 16 * MIB, **limits})
        command = more.pop("command", ("/bin/sh", "-c", script))
        return BoxedJob(job_id=job_id, image=image, limits=kept, command=command, outputs=outputs, **more)

    async def outcome(self, sandbox: Sandbox, job: BoxedJob) -> Outcome:
        box = await sandbox.run(job)
        try:
            return await box.wait()
        finally:
            await sandbox.remove(job.job_id)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder that another user's processes may pass through, as a state directory's parents are."""
    folder = Path(tempfile.mkdtemp(prefix="edgepi-compute-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def bench(docker_engine: str, short_folder: Path) -> AsyncIterator[Bench]:
    made = Bench(docker_engine, short_folder)
    yield made
    for sandbox in made.opened:
        await sandbox.close()
    for owner, folder in made.owners.items():
        last = Sandbox(
            engine=Engine(made.url),
            owner=owner,
            log=logging.getLogger("test"),
            clock=made.clock,
            folder=folder,
        )
        for job_id in await last.leftovers():
            await last.remove(job_id)
        await last.close()
