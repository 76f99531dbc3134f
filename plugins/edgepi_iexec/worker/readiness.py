"""Whether containers can be run here, asked of the engine's socket without loading its library."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiohttp import BaseConnector, ClientError, ClientSession, ClientTimeout, TCPConnector, UnixConnector

from edgepi.clock import Clock
from edgepi.compute.limits import readiness
from edgepi.errors import ProtocolError
from edgepi.model import Answer
from edgepi_iexec.worker.web import limited

__all__ = ["EngineReadiness"]

ASK_S = 10.0
KEEP_S = 600.0
MAX_INFO = 4 * 1024**2


class EngineReadiness:
    """Asks now and then; a yes holds for ten minutes."""

    def __init__(self, docker: str, clock: Clock, meminfo: Path = Path("/proc/meminfo")) -> None:
        self._docker = docker
        self._clock = clock
        self._meminfo = meminfo
        self._until_s = float("-inf")

    async def __call__(self) -> Answer:
        """Say whether every limit of a job would be enforced."""
        if self._clock.monotonic() < self._until_s:
            return Answer(yes=True, sentence="containers can be run")
        answer = await self._ask()
        if answer.yes:
            self._until_s = self._clock.monotonic() + KEEP_S
        return answer

    async def _ask(self) -> Answer:
        try:
            async with (
                ClientSession(connector=self._connector(), timeout=ClientTimeout(total=ASK_S)) as session,
                session.get(self._url()) as response,
            ):
                info = json.loads(await limited(response, MAX_INFO))
            found = readiness(info, swap_bytes=await asyncio.to_thread(_swap_bytes, self._meminfo))
        except PermissionError:
            return Answer(
                yes=False, sentence=f"{self._docker} may not be opened; is the user in the group docker?"
            )
        except (ClientError, OSError, ProtocolError, ValueError, AttributeError) as error:
            return Answer(yes=False, sentence=f"no container engine answers at {self._docker}: {error}"[:200])
        hint = f" ({found.hint})" if found.hint else ""
        return Answer(yes=found.ok, sentence=found.sentence + hint)

    def _connector(self) -> BaseConnector:
        if self._docker.startswith("unix://"):
            return UnixConnector(path=self._docker.removeprefix("unix://"))
        return TCPConnector()

    def _url(self) -> str:
        if self._docker.startswith("unix://"):
            return "http://docker/info"
        return "http://" + self._docker.removeprefix("tcp://") + "/info"


def _swap_bytes(meminfo: Path) -> int:
    for line in meminfo.read_text(encoding="ascii").splitlines():
        if line.startswith("SwapTotal:"):
            return int(line.split()[1]) * 1024
    return 0
