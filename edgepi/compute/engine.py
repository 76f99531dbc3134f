"""The container engine: Docker's own SDK in threads, loaded when it is first used."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from edgepi.errors import EdgePiError, EngineError

__all__ = ["DEFAULT_URL", "JOB_LABEL", "OWNER_LABEL", "Engine", "connect", "owner_of", "translated"]

DEFAULT_URL = "unix:///var/run/docker.sock"
OWNER_LABEL = "edgepi.owner"
JOB_LABEL = "edgepi.job"
MIN_API = (1, 41)  # Docker 20.10

T = TypeVar("T")

_THREADS = 4
_KNOCK_S = 10.0
_WAITERS = 16


class Engine:
    """A Docker Engine behind *base_url*; its SDK's calls run in threads, never in the event loop.

    Every failure is an `EngineError` with a hint. The API version is agreed on at the first call,
    and again after the engine was away.
    """

    def __init__(self, base_url: str = DEFAULT_URL, *, timeout_s: float = 60.0) -> None:
        self.base_url = base_url
        self.timeout_s = timeout_s
        self._client: Any = None
        self._connecting = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="engine")
        self._waiters = ThreadPoolExecutor(_WAITERS, thread_name_prefix="engine-wait")

    async def call(self, work: Callable[[Any], T], *, long: bool = False) -> T:
        """Run *work* with the SDK's client in a thread; *long* for what waits on the engine most of the time.

        Raises:
            EngineError: the engine cannot be reached, does not answer in time, or refuses.
        """
        client = await self._connected()
        try:
            return await self._run(partial(work, client), long=long)
        except EngineError as error:
            if isinstance(error.__cause__, OSError):  # gone: the next one may be another version
                self._client = None
            raise

    async def close(self) -> None:
        """Let go of the connections and threads, once the latter are done."""
        for pool in (self._threads, self._waiters):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._client = await self._run(partial(connect, self.base_url, timeout_s=self.timeout_s))
            return self._client

    async def _run(self, work: Callable[[], T], *, long: bool = False) -> T:
        pool = self._waiters if long else self._threads
        return await asyncio.get_running_loop().run_in_executor(pool, _guarded, self.base_url, work)


def _guarded(base_url: str, work: Callable[[], T]) -> T:
    with translated(base_url):
        _knock(base_url)
        return work()


def connect(base_url: str, *, timeout_s: float = 60.0) -> Any:
    """Return the SDK's client of an engine that answers and is new enough; raises EngineError. Blocks."""
    with translated(base_url):
        _knock(base_url)
        import docker

        client = docker.DockerClient(base_url=base_url, version="auto", timeout=timeout_s)
        version = str(client.api.api_version)
        if _numbers(version) < MIN_API:
            client.close()
            raise EngineError(
                f"the container engine is too old: it speaks version {version} of its API",
                hint="install Docker 20.10 or newer: sudo apt-get install docker.io",
            )
        return client


@contextlib.contextmanager
def translated(base_url: str) -> Iterator[None]:
    """Raise whatever the SDK raises as `EngineError` with a hint."""
    try:
        yield
    except EdgePiError:
        raise
    except ImportError as error:
        raise EngineError(
            "the Docker SDK for Python is not installed", hint="pip install 'edgepi[compute]'"
        ) from error
    except Exception as error:
        if not _from_sdk(error):
            raise
        raise _told(error, base_url) from error


def owner_of(state_dir: Path) -> str:
    """Return what marks the containers of the node with this state directory: 12 hex digits."""
    return hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]


def _knock(base_url: str) -> None:
    """Fail here and plainly where nobody answers: the SDK would leave its socket open."""
    if base_url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_KNOCK_S)
            probe.connect(base_url.removeprefix("unix://"))


def _from_sdk(error: Exception) -> bool:
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in {
        "docker",
        "requests",
        "urllib3",
        "http",
    }


def _told(error: Exception, base_url: str) -> EngineError:
    number = next((e.errno for e in _chain(error) if isinstance(e, OSError) and e.errno), None)
    names = {type(e).__name__ for e in _chain(error)}
    if number in {errno.EACCES, errno.EPERM}:
        return EngineError(
            f"this user may not use the container engine at {base_url}",
            hint="sudo usermod -aG docker $USER, then log in again (a service: restart it)",
        )
    if number in {errno.ENOENT, errno.ECONNREFUSED}:
        return EngineError(
            f"no container engine answers at {base_url}",
            hint="sudo apt-get install docker.io, or if it is installed: sudo systemctl start docker",
        )
    if names & {"ReadTimeout", "ReadTimeoutError", "TimeoutError"}:
        return EngineError(
            f"the container engine at {base_url} did not answer in time",
            hint="look at it with: sudo journalctl -u docker -n 50",
        )
    said = str(getattr(error, "explanation", None) or error).strip()
    hint = (
        None
        if "APIError" in names or "NotFound" in names
        else "is Docker running? sudo systemctl status docker"
    )
    return EngineError(f"the container engine says: {said[:500]}", hint=hint)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, *found.args]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
