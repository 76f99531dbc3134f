"""A whole market: a chain that lives, a pool, workers with real containers, a requester."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import json
import logging
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import ClientSession

from edgepi.errors import EdgePiError
from edgepi_iexec.backend import IexecBackend
from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.devchain.deployment import Category, Deployment
from edgepi_iexec.devchain.local import LocalChain, Settings
from edgepi_iexec.devchain.market import Market, Placed
from tests.engine import Registry, TestImage

from .crew import Spec, backend_of, pool_of
from .process import Lone

__all__ = ["CATEGORIES", "HASTY", "LivelyChain", "Scene", "script", "starts", "timed_runs"]

T = TypeVar("T")
LOG = logging.getLogger("test")
UNSET, ACTIVE, REVEALING, COMPLETED, FAILED = range(5)
HASTY = 1  # the category whose tasks have few seconds
CATEGORIES = (Category("XS", 300), Category("HASTY", 6))
PATIENCE_S = 90.0


class LivelyChain:
    """A local chain whose time is that of the machine."""

    def __init__(self, folder: Path, cache: Path, *, native: bool = False) -> None:
        self.local = LocalChain(folder, cache, Settings(native=native, categories=CATEGORIES))
        self.local.start(int(time.time()))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        self.pools = itertools.count(1)

    @property
    def market(self) -> Market:
        return self.local.market

    @property
    def there(self) -> Deployment:
        return self.local.deployment

    def _follow(self) -> None:
        mined_s = 0
        while not self._end.wait(0.5):
            now_s = int(time.time())
            with contextlib.suppress(EdgePiError):  # the node is away in some tests
                self.local.rpc("evm_setNextBlockTimestamp", now_s)
                if now_s - mined_s >= 2:
                    self.local.rpc("evm_mine")
                    mined_s = now_s

    def vanish(self) -> None:
        """End the node as a power cut would; what it had is kept."""
        self.local.process.save()
        self.local.process.kill()

    def come_back(self) -> None:
        """Start the node again at the same address."""
        self.local.revive()

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self.local.kill()


def script(text: str, result: str = "/iexec_out/result.txt", **more: Any) -> TestImage:
    """An image that runs a script, then says where its result is."""
    told = json.dumps({"deterministic-output-path": result})
    whole = f"{text}\necho '{told}' >/iexec_out/computed.json"
    return TestImage(entrypoint=("/bin/sh", "-c", whole, "app"), command=(), **more)


@dataclass
class Scene:
    """One test's market: a workerpool of its own on the shared chain, whose scheduler may stop and start."""

    chain: LivelyChain
    engine: str
    registry: Registry
    folder: Path
    pool_settings: dict[str, Any] = field(default_factory=dict)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    pool_address: str = ""
    url: str = ""
    _pool_life: AsyncExitStack = field(default_factory=AsyncExitStack)
    _lones: list[Lone] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self.session = await self.stack.enter_async_context(ClientSession())
        number = next(self.chain.pools)
        self.pool_address = await self.act(self.market.create_pool, f"pool {number} of the tests")
        self.stack.push_async_callback(self.stop_pool)  # after the workers, which have a last word to say
        self.stack.push_async_callback(self._end_lones)
        try:
            await self.start_pool()
        except BaseException:
            await self.stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    @property
    def market(self) -> Market:
        return self.chain.market

    @property
    def there(self) -> Deployment:
        return self.chain.there

    async def act(self, what: Callable[..., T], *args: Any, **named: Any) -> T:
        """Do what blocks."""
        return await asyncio.to_thread(partial(what, *args, **named))

    # The pool

    def pool_spec(self, *, die_at: str = "") -> Spec:
        """What makes its scheduler; a later life is reached at the same address as the first."""
        there, owner = self.there, self.there.account("pool")
        told = {
            "pool_address": self.pool_address,
            "hub": there.hub,
            "rpc_url": there.rpc_url,
            "native": there.native,
            "chain_id": there.chain_id,
            "port": int(self.url.rpartition(":")[2]) if self.url else 0,
            "sidechain": True,
            "block_time_s": 1.0,
            "contribute_and_finalize": False,
            **HURRIED,
            **self.pool_settings,
        }
        return Spec(
            kind="pool",
            folder=str(self.folder / "pool"),
            address=owner.address,
            private_key=owner.private_key,
            config=told,
            die_at=die_at,
        )

    async def start_pool(self) -> None:
        """Start its scheduler in this process."""
        self._pool_life = AsyncExitStack()
        pool = await self._pool_life.enter_async_context(pool_of(self.pool_spec()))
        self.url = pool.url

    async def stop_pool(self) -> None:
        """Stop it."""
        await self._pool_life.aclose()

    def lone_pool(self) -> Lone:
        """Make its scheduler a process of its own; not started yet, and the one here must be stopped."""
        return self._lone(self.pool_spec())

    def _lone(self, spec: Spec) -> Lone:
        self._lones.append(Lone(spec))
        return self._lones[-1]

    async def _end_lones(self) -> None:
        for each in self._lones:
            await self.act(each.tell)
        for each in self._lones:
            await self.act(each.end)

    # Workers

    def spec(self, n: int, *, die_at: str = "", lies: bool = False, **config: Any) -> Spec:
        """What makes worker *n* (0 and on)."""
        account: Account = self.there.workers[n]
        told = {
            "pool": self.pool_address,
            "scheduler": self.url,
            "docker": self.engine,
            "memory_mb": 64,
            "cpus": 1.0,
            "disk_mb": 16,
            "pids": 32,
            "allow_private_urls": True,
            "ipfs_gateways": [self.url],
            **config,
        }
        folder = str(self.folder / account.role)
        return Spec(
            folder=folder,
            address=account.address,
            private_key=account.private_key,
            config=told,
            die_at=die_at,
            lies=lies,
        )

    async def worker(self, n: int = 0, **config: Any) -> IexecBackend:
        """Start a worker in this process; it is stopped at the end of the scene."""
        backend = await self.stack.enter_async_context(backend_of(self.spec(n, **config)))
        await backend.start()
        return backend

    def lone_worker(self, n: int = 0, **more: Any) -> Lone:
        """Make a worker of its own process; not started yet."""
        return self._lone(self.spec(n, **more))

    # The requester

    async def image(self, name: str, image: TestImage) -> tuple[str, str]:
        """Publish an image; returns its reference and the checksum that pins it."""
        reference = await self.act(self.registry.push, name, image)
        digest = await self.act(self.registry.digest, name)
        return reference, "0x" + digest.removeprefix("sha256:")

    async def app(self, name: str, image: TestImage) -> str:
        """Publish an image and register the app, pinned by its digest."""
        reference, checksum = await self.image(name, image)
        return await self.act(self.market.create_app, reference, checksum, name=name)

    async def place(
        self, app: str, *, args: str = "", params: Mapping[str, Any] | None = None, **more: Any
    ) -> Placed:
        """Place a deal at this scene's pool."""
        told = {"iexec_args": args, "iexec_result_storage_provider": "ipfs", **(params or {})}
        return await self.act(self.market.place, app, pool=self.pool_address, params=told, **more)

    async def stake(self, account: str) -> tuple[int, int]:
        """Free and locked deposit (nRLC) of an address or role."""
        address = account if account.startswith("0x") else self.there.account(account).address
        stake, locked = await self.act(self.market.hub.call, "viewAccount", address)
        return int(stake), int(locked)

    async def set_score(self, role: str, score: int) -> None:
        """Have a worker as experienced as if it had been right so often."""
        await self.act(self._set_score, self.there.account(role).address, score)

    def _set_score(self, address: str, score: int) -> None:
        rpc, hub = self.chain.local.rpc, self.market.hub
        call = {"to": hub.address, "data": "0xdb230b52" + address[2:].rjust(64, "0")}  # viewScore
        for entry in rpc("eth_createAccessList", call, "latest")["accessList"]:
            for key in entry["storageKeys"]:
                before = rpc("eth_getStorageAt", entry["address"], key, "latest")
                rpc("anvil_setStorageAt", entry["address"], key, "0x" + score.to_bytes(32, "big").hex())
                if _attempt(lambda: hub.call("viewScore", address)) == score:
                    return
                rpc("anvil_setStorageAt", entry["address"], key, before)
        raise AssertionError("no place of the score was found")

    async def state(self, task_id: str) -> dict[str, Any]:
        return await self.act(self.market.task, task_id)

    async def until(
        self, what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S, each_s: float = 0.1
    ) -> Any:
        """Ask again and again until the answer is true; *look* blocks or is a coroutine function."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            found = look()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(each_s)
        raise AssertionError(f"never happened: {what}")

    async def completed(self, *task_ids: str, patience_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """Wait until tasks are paid, and return what the chain says of them."""

        async def all_done() -> list[dict[str, Any]] | None:
            states = [await self.state(each) for each in task_ids]
            return states if all(each["status"] == COMPLETED for each in states) else None

        try:
            return list(await self.until("the tasks are completed", all_done, patience_s))
        except AssertionError:
            stories = [await self.story(each) for each in task_ids]
            raise AssertionError("\n".join(["not completed:", *stories])) from None

    async def story(self, task_id: str) -> str:
        """What became of a task, in a few lines."""
        told, seen = await self.told(task_id), await self.state(task_id)
        lines = [f"{task_id}: {seen['status']} on the chain, {told.get('currentStatus')} for the scheduler"]
        for each in told.get("replicates", []):
            steps = (f"{u['date'][14:23]} {u['status']} {u['cause'] or ''}" for u in each["statusUpdateList"])
            lines.append(f"  {each['walletAddress'][:8]}: " + ", ".join(steps))
        return "\n".join(lines)

    async def told(self, task_id: str) -> dict[str, Any]:
        """What the scheduler tells a requester of a task."""
        async with self.session.get(f"{self.url}/tasks/{task_id}") as answer:
            return dict(await answer.json()) if answer.status == 200 else {}

    async def replicates(self, task_id: str) -> dict[str, dict[str, Any]]:
        """The scheduler's record of each worker's part."""
        return {each["walletAddress"]: each for each in (await self.told(task_id)).get("replicates", [])}

    async def cause(self, task_id: str, status: str) -> str:
        """Wait until some worker reports a status, and return its cause."""

        async def look() -> str | None:
            for replicate in (await self.replicates(task_id)).values():
                for update in replicate["statusUpdateList"]:
                    if update["status"] == status:
                        return str(update["cause"])
            return None

        return str(await self.until(f"{status} of {task_id}", look))

    async def result(self, state: Mapping[str, Any]) -> dict[str, bytes]:
        """Download what a task made, by the link on the chain."""
        link = json.loads(bytes(state["results"]))
        assert link["storage"] == "ipfs"
        async with self.session.get(self.url + link["location"]) as answer:
            assert answer.status == 200, await answer.text()
            packed = await answer.read()
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


# What makes a pool quick enough for a test.
HURRIED = {
    "poll_s": 0.2,
    "ask_s": 1.0,
    "check_s": 1.0,
    "remind_s": 5.0,
    "unreported_s": 5.0,
}


def _attempt(look: Callable[[], T]) -> T | None:
    try:
        return look()
    except (EdgePiError, ValueError):  # the contract no longer finds its parts
        return None


def starts(engine: str, since_s: float) -> list[str]:
    """Which jobs had a container started since a moment (seconds since 1970), once for each start."""
    return [job for what, job, _ in _events(engine, since_s) if what == "start"]


def timed_runs(engine: str, since_s: float) -> dict[str, float]:
    """How long containers ran since a moment, in seconds by job, as the engine saw it."""
    began, took = {}, {}
    for what, job, at_s in _events(engine, since_s):
        if what == "start":
            began[job] = at_s
        elif job in began:
            took[job] = at_s - began[job]
    return took


def _events(engine: str, since_s: float) -> Iterator[tuple[str, str, float]]:
    import docker

    wanted = {"type": "container", "event": ["start", "die"]}
    client = docker.DockerClient(base_url=engine)
    try:
        until_s = int(time.time()) + 1
        for event in client.api.events(since=int(since_s), until=until_s, filters=wanted, decode=True):
            job = event["Actor"]["Attributes"].get("edgepi.job", "")
            yield event["Action"], job, event["timeNano"] / 1e9
    finally:
        client.close()
