"""The sandbox: jobs in containers whose every limit is enforced, or no jobs at all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from edgepi.clock import Clock
from edgepi.compute import containers, storage
from edgepi.compute.box import Box, Surroundings
from edgepi.compute.download import Login
from edgepi.compute.engine import JOB_LABEL, OWNER_LABEL, Engine
from edgepi.compute.images import Images
from edgepi.compute.limits import Placement, host_config, readiness, serious
from edgepi.compute.lookout import Look
from edgepi.compute.model import BoxedJob, ExitReason, Image, Network, PullProgress, Readiness
from edgepi.compute.network import JOB_RESOLVERS, internet_network, look_again, remove_network
from edgepi.compute.probe import Breach, Premises, premises
from edgepi.compute.record import BoxRecord, Place, key_of, record_of
from edgepi.errors import ComputeError, EngineError, ImageError, SandboxError

__all__ = ["Box", "Sandbox"]

GIB = 1024**3
SMALLEST_MEMORY_BYTES = 8 * 1024**2
NO_SUCH_COMMAND = {"126", "127"}


class Sandbox:
    """Runs the jobs of one node as containers that carry its *owner*; nothing else is ever touched.

    *folder* keeps records, and the disks of jobs while they run. *mount* says whether each job gets a
    file system of its own (None: where the node may mount); else folders are watched. *see* reads
    what is known of the firewall and the networks around.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        owner: str,
        log: logging.Logger,
        folder: Path,
        image_quota_bytes: int = 4 * GIB,
        logins: Mapping[str, Login] | None = None,
        mount: bool | None = None,
        see: Callable[[], Premises] = premises,
    ) -> None:
        self._around = Surroundings(engine, clock, log)
        self._engine = engine
        self._owner = owner
        self._log = log
        self._folder = folder
        self._mount = mount
        self._see = see
        self._boxes: dict[str, Box] = {}
        self._without_init = False
        self.images = Images(engine, clock, log, folder=folder, quota_bytes=image_quota_bytes, logins=logins)

    async def readiness(self) -> Readiness:
        """Whether every limit would be enforced here, by the engine's own report; never raises."""
        try:
            info = await self._engine.call(lambda client: client.api.info())
        except EngineError as error:
            return Readiness(ok=False, sentence=error.message, hint=error.hint)
        return readiness(info, swap_bytes=await asyncio.to_thread(_swap_bytes))

    async def pull(
        self,
        reference: str,
        *,
        timeout_s: float,
        on_progress: Callable[[PullProgress], None] | None = None,
        digest: str | None = None,
    ) -> Image:
        """Have an image; see `Images.pull`. Raises ImageError or EngineError."""
        return await self.images.pull(reference, timeout_s=timeout_s, on_progress=on_progress, digest=digest)

    async def run(self, job: BoxedJob) -> Box:
        """Start a job.

        Raises:
            SandboxError: a limit or wall would not hold, or the job has a container already.
            ImageError: its image is not here.
            EngineError: the engine cannot be reached or refuses.
        """
        await self._must_be_ready(job)
        own = await self._engine.call(lambda client: containers.labelled(client, self._owner, job.job_id))
        if own:
            raise SandboxError(f"job {job.job_id} has a container already", hint="remove that one first")
        on_disk = job.outputs is not None and (await asyncio.to_thread(self._may_mount))
        internet = job.network is Network.INTERNET
        record = record_of(job, on_disk_image=on_disk, internet=internet)
        place = self._place(job.job_id)
        try:
            return await self._start(job, record, place)
        except BaseException:
            with contextlib.suppress(ComputeError, OSError):
                await asyncio.shield(self.remove(job.job_id))
            raise

    async def find(self, job_id: str) -> Box | None:
        """Return the container of a job, also one of an earlier life of this node, running or ended."""
        if (known := self._boxes.get(job_id)) is not None and not known.failed:
            return known
        listed = await self._engine.call(lambda client: containers.labelled(client, self._owner, job_id))
        if not listed:
            return None
        place = self._place(job_id)
        record = await asyncio.to_thread(place.read) or _unknown(job_id)
        return await self._adopt(listed[0], record, place)

    async def remove(self, job_id: str) -> None:
        """Take back all that a job had: container, network, disk. Nothing happens when there is nothing."""
        if (box := self._boxes.pop(job_id, None)) is not None:
            await box.leave()
        for found in await self._engine.call(lambda client: containers.labelled(client, self._owner, job_id)):
            await self._engine.call(partial(containers.remove, name=found["Id"]))
        await remove_network(self._engine, owner=self._owner, job_id=job_id)
        await asyncio.to_thread(_clear, self._place(job_id))

    async def leftovers(self) -> tuple[str, ...]:
        """The jobs that have a container of this node, or files of one, and were not removed."""
        listed = await self._engine.call(lambda client: containers.labelled(client, self._owner))
        named = {str(found["Labels"].get(JOB_LABEL, "")) for found in listed}
        records = await asyncio.to_thread(self._records)
        return tuple(sorted(named.union(record.job_id for record in records)))

    async def close(self) -> None:
        """Stop watching; what runs goes on, and is found by the next life of this node."""
        boxes, self._boxes = list(self._boxes.values()), {}
        await asyncio.gather(*(box.leave() for box in boxes))
        await self._engine.close()

    async def _must_be_ready(self, job: BoxedJob) -> None:
        found = await self.readiness()
        if not found.ok:
            raise SandboxError(found.sentence, hint=found.hint)
        limits = job.limits
        if (
            limits.memory_bytes < SMALLEST_MEMORY_BYTES
            or min(limits.pids, limits.cpus, limits.disk_bytes) <= 0
        ):
            raise SandboxError(f"a job cannot run within {limits}")

    async def _start(self, job: BoxedJob, record: BoxRecord, place: Place) -> Box:
        user = storage.container_user()
        outputs = await asyncio.to_thread(_prepare, job, record, place, user)
        network = "none"
        resolvers: tuple[str, ...] = ()
        if record.internet:
            here = await asyncio.to_thread(self._see)
            network = await internet_network(self._engine, owner=self._owner, job_id=job.job_id, here=here)
            resolvers = JOB_RESOLVERS
        made = await self._engine.call(
            lambda client: self._create(
                client,
                job,
                user,
                Placement(
                    user=f"{user[0]}:{user[1]}",
                    outputs=outputs,
                    network=network,
                    resolvers=resolvers,
                    init=not self._without_init,
                ),
            )
        )
        await self._engine.call(lambda client: self._launch(client, made))
        box = Box(self._around, made, record, place, attended=True, look=self._look(record))
        self._boxes[job.job_id] = box
        await box.begin()
        return box

    def _create(self, client: Any, job: BoxedJob, user: tuple[int, int], placement: Placement) -> str:
        from docker import errors

        try:
            built = client.api.inspect_image(job.image.image_id)
        except errors.NotFound as error:
            raise ImageError(f"the image {job.image.reference} is not here any more") from error
        config = built.get("Config") or {}
        placement = replace(
            placement,
            volumes=tuple(config.get("Volumes") or ()),
            processors=int(client.api.info()["NCPU"]),
        )
        made = client.api.create_container_from_config(
            _container_config(job, placement, self._owner), name=f"edgepi-{self._owner}-{key_of(job.job_id)}"
        )
        name = str(made["Id"])
        if dropped := serious(made.get("Warnings")):
            raise SandboxError(f"the container engine drops a limit: {dropped[0]}")
        shown = placement.outputs
        own_disk = shown is not None and shown != job.outputs
        if shown is not None and own_disk and not containers.sees(client, name, job.outputs_at, shown):
            raise SandboxError(
                "the container engine does not see what this node mounts, so no limit on files would hold",
                hint="run the node without mount namespaces of its own, or not as root",
            )
        if job.writable_root:
            containers.open_root(client, name, user, config.get("WorkingDir") or "")
        return name

    def _launch(self, client: Any, name: str) -> None:
        """Start it; that its app cannot be started is its own end, not an error here."""
        from docker import errors

        try:
            client.api.start(name)
        except errors.APIError:
            state = client.api.inspect_container(name)["State"]
            if str(state.get("ExitCode")) not in NO_SUCH_COMMAND:
                raise

    async def _adopt(self, listed: Mapping[str, Any], record: BoxRecord, place: Place) -> Box:
        self._log.info("found the container of job %s, %s", record.job_id, listed["Status"].lower())
        used_s = min(record.used_s(self._around.clock.now()), record.time_s)
        await asyncio.to_thread(place.folder.mkdir, mode=0o711, parents=True, exist_ok=True)
        there = listed["State"] in {"running", "paused", "restarting"}
        known = replace(record, run_s=used_s)
        box = Box(self._around, listed["Id"], known, place, attended=there, look=self._look(record))
        self._boxes[record.job_id] = box
        await box.begin(paused=not there or listed["State"] == "paused")
        return box

    def _look(self, record: BoxRecord) -> Look | None:
        async def look() -> Sequence[Breach]:
            here = await asyncio.to_thread(self._see)
            return await look_again(self._engine, owner=self._owner, job_id=record.job_id, here=here)

        return look if record.internet else None

    def _place(self, job_id: str) -> Place:
        return Place(self._folder / "boxes" / key_of(job_id))

    def _records(self) -> list[BoxRecord]:
        folders = (self._folder / "boxes").glob("*")
        found = (Place(folder).read() for folder in folders)
        return [record for record in found if record is not None]

    def _may_mount(self) -> bool:
        return storage.may_mount() if self._mount is None else self._mount


def _container_config(job: BoxedJob, placement: Placement, owner: str) -> dict[str, Any]:
    variables = {"HOME": "/tmp", **job.environment}  # noqa: S108 (the container's own)
    config: dict[str, Any] = {
        "Image": job.image.image_id,
        "User": placement.user,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "Labels": {OWNER_LABEL: owner, JOB_LABEL: job.job_id},
        "Hostname": "job",
        "Healthcheck": {"Test": ["NONE"]},  # it would start processes from time to time
        "NetworkDisabled": job.network is Network.NONE,
        "HostConfig": host_config(job, placement),
    }
    return config if job.command is None else {**config, "Cmd": list(job.command)}


def _prepare(job: BoxedJob, record: BoxRecord, place: Place, user: tuple[int, int]) -> Path | None:
    """Make the place of a job and return the folder that is its outputs to the container. Blocks."""
    _clear(place)
    place.folder.mkdir(parents=True, mode=0o711)
    place.write(record)
    if job.outputs is None:
        return None
    if job.outputs.is_symlink() or not job.outputs.is_dir() or any(job.outputs.iterdir()):
        raise SandboxError(f"{job.outputs} is no empty folder")
    if record.on_disk_image:
        storage.make_disk(place.image, job.limits.disk_bytes, user)
        storage.mount_disk(place.image, place.mounted)
        return place.mounted
    if os.geteuid() == 0:
        os.chown(job.outputs, *user)
    return job.outputs


def _clear(place: Place) -> None:
    storage.unmount(place.mounted)
    storage.remove_tree(place.folder)


def _unknown(job_id: str) -> BoxRecord:
    """The record of a container whose record is gone: nothing is known but that its time is up."""
    return BoxRecord(
        job_id=job_id,
        time_s=0.0,
        memory_bytes=0,
        disk_bytes=0,
        log_bytes=65536,
        outputs=None,
        decided=(ExitReason.LOST.value, "the record of its container is gone"),
    )


def _swap_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("SwapTotal:"):
            return int(line.split()[1]) * 1024
    return 0
