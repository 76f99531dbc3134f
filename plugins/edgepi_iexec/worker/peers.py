"""The scheduler, its notifications and the stores, over the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edgepi.errors import PeerError
from edgepi_iexec.chain.interface import Signer
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.worker.client import SchedulerClient
from edgepi_iexec.worker.guard import Guard
from edgepi_iexec.worker.inputs import download
from edgepi_iexec.worker.listening import Listener
from edgepi_iexec.worker.parts import Found, Notify, Peers, Wanted, WorkerParts
from edgepi_iexec.worker.uploads import ResultStore

__all__ = ["NetworkStore", "network_peers"]

DOWNLOAD_S = 1800.0


@dataclass(slots=True)
class NetworkStore:
    """Files from wherever they are said to lie, and results to the pool's store or the deal's own.

    The scheduler's own host may be asked for results though it lies on the local network; nothing else there.
    """

    parts: WorkerParts
    signer: Callable[[], Signer | None]

    async def fetch(self, wanted: Wanted) -> None:
        """Download one file."""
        settings = self.parts.settings
        await download(
            wanted.url,
            wanted.path,
            guard=Guard(settings.allow_private_urls),
            max_bytes=settings.max_input_bytes,
            timeout_s=DOWNLOAD_S,
            checksum=wanted.checksum,
        )

    async def upload(
        self, proxy: str, authorization: WorkerpoolAuthorization, digest: str, archive: Path
    ) -> str:
        """Give a result to a store."""
        signer = self.signer()
        if signer is None:
            raise PeerError("there is no wallet yet")
        store = ResultStore(proxy, signer, trusting(self.parts), self.parts.settings.max_result_bytes)
        return await store.give(authorization, digest, archive)


def trusting(parts: WorkerParts) -> Guard:
    """Let the configured scheduler's own host be asked, wherever it is."""
    host = urlsplit(parts.settings.scheduler).hostname or ""
    return Guard(parts.settings.allow_private_urls, frozenset({host.lower()}))


def network_peers(parts: WorkerParts) -> Callable[[Notify, Found], Peers]:
    """What makes the peers of a worker."""

    def make(notify: Notify, found: Found) -> Peers:
        client = SchedulerClient(parts.settings.scheduler, parts.http, trusting(parts))
        listener = Listener(
            parts.settings.scheduler,
            parts.http,
            clock=parts.clock,
            log=parts.log,
            notify=notify,
            lost_and_found=found,
        )
        return Peers(scheduler=client, hearing=listener, store=NetworkStore(parts, lambda: client.signer))

    return make
