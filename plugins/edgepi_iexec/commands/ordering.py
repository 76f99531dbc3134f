"""The requester's side on a local chain: places a deal, follows its tasks, fetches results. Blocks."""

from __future__ import annotations

import re
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.errors import EdgePiError, MarketError, PeerError, ProtocolError
from edgepi_iexec.chain.model import ZERO_ADDRESS, TaskStatus
from edgepi_iexec.devchain.local import open_market
from edgepi_iexec.devchain.market import Placed
from edgepi_iexec.protocol.archive import archive_digest
from edgepi_iexec.protocol.links import read_link

__all__ = ["Order", "Ordering"]

LOOK_S = 0.5
FETCH_S = 60.0
MOST_BYTES = 256 * 1024**2
SHOWN_CHARS = 200
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_NOTHING = "0x" + "00" * 32
DEMO_ARGS = "2000000 7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be computed; *app* an address, the name of an image, or None for the chain's own."""

    app: str | None = None
    args: str | None = None
    input_files: tuple[str, ...] = ()
    dataset: str | None = None
    checksum: str | None = None
    category: int = 0
    trust: int = 1
    price_nrlc: int = 0
    volume: int = 1

    def params(self, *, demo: bool = False) -> Mapping[str, Any]:
        """As it goes into the deal; *demo* for the demo's app, which does nothing without arguments."""
        params: dict[str, Any] = {"iexec_result_storage_provider": "ipfs"}
        args = DEMO_ARGS if demo and self.args is None else self.args
        if args:
            params["iexec_args"] = args
        if self.input_files:
            params["iexec_input_files"] = list(self.input_files)
        return params


class Ordering:
    """One requester on the chain that is kept in *folder*; raises MarketError or ChainError."""

    def __init__(self, folder: Path, cache: Path, *, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self._market = open_market(folder, cache)

    def place(self, order: Order) -> Placed:
        """Match a deal."""
        market, there = self._market, self._market.deployment
        app = order.app or there.app
        if not app:
            raise MarketError("the local chain has no app yet", hint="name one, or an image")
        if not _ADDRESS.fullmatch(app):
            app = market.create_app(app, order.checksum or _NOTHING)
        needed = order.price_nrlc * order.volume
        for role in ("requester", "pool"):
            address = there.account(role).address
            if market.hub.call("viewAccount", address)[0] < needed:
                market.fund(address, stake_nrlc=needed, eth=0)
        return market.place(
            app.lower(),
            dataset=(order.dataset or ZERO_ADDRESS).lower(),
            volume=order.volume,
            category=order.category,
            trust=order.trust,
            pool_price=order.price_nrlc,
            params=order.params(demo=app.lower() == there.app),
        )

    def result(self, task_id: str, patience_s: float, out: Path | None) -> dict[str, Any]:
        """Wait for one task and fetch what came of it."""
        until_s = time.monotonic() + patience_s  # a requester's own patience, in a program without a node
        while True:
            task = self._market.task(task_id)
            status = TaskStatus(task["status"])
            if status in {TaskStatus.COMPLETED, TaskStatus.FAILED}:
                return self._outcome(task_id, task, status, out)
            if time.monotonic() > until_s:
                return {"task": task_id, "status": "waiting", "error": "it was not done in time; it goes on"}
            self._progress(f"{task_id[:10]}: {status.name.lower()}, {self._stage(task_id)}")
            time.sleep(LOOK_S)

    def _stage(self, task_id: str) -> str:
        """What the pool says of a task, for people who wait."""
        try:
            told = self._get(f"/tasks/{task_id}")
        except EdgePiError:
            return "the pool does not answer"
        found = re.search(rb'"currentStatus"\s*:\s*"(\w+)"[^{}]*"trust"', told)
        found = found or re.search(rb'"currentStatus"\s*:\s*"(\w+)"', told)
        return found[1].decode().lower().replace("_", " ") if found else "not yet known to the pool"

    def _outcome(
        self, task_id: str, task: Mapping[str, Any], status: TaskStatus, out: Path | None
    ) -> dict[str, Any]:
        told: dict[str, Any] = {"task": task_id, "status": status.name.lower()}
        if status is TaskStatus.FAILED:
            return {**told, "error": "nobody computed it in time; the money is back"}
        if task["resultsCallback"]:
            told["callback"] = "0x" + bytes(task["resultsCallback"]).hex()
        link = bytes(task["results"]).decode("utf-8", "replace")
        try:
            storage, location = read_link(link)
            if storage == "ipfs":
                digest = "0x" + bytes(task["resultDigest"]).hex()
                told |= {"link": location} | _unpacked(self._get(location), digest, out and out / task_id)
        except (ProtocolError, PeerError, OSError) as error:
            told["error"] = f"the result cannot be fetched: {error}"
        return told

    def _get(self, path: str) -> bytes:
        base = self._market.deployment.scheduler_url
        if not base.startswith("http://"):
            raise PeerError("the local chain has no pool at the moment")
        try:
            with urllib.request.urlopen(f"{base}{path}", timeout=FETCH_S) as reply:  # noqa: S310 (checked above)
                found: bytes = reply.read(MOST_BYTES)
                return found
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise PeerError(f"{base}{path}: {error}") from error


def _unpacked(archive: bytes, digest: str, folder: Path | None) -> dict[str, Any]:
    """Show the files of a result in short, or unpack them; raises ProtocolError if the chain has another."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as kept:
        kept.write(archive)
        kept.flush()
        if archive_digest(Path(kept.name)) != digest:
            raise ProtocolError("it is not what the chain holds proof of")
        with zipfile.ZipFile(kept.name) as packed:
            if folder is None:
                return {"files": {name: _short(packed.read(name)) for name in packed.namelist()[:20]}}
            packed.extractall(folder)  # its names were checked
    return {"folder": str(folder)}


def _short(content: bytes) -> str:
    text = "".join(
        c for c in content[: SHOWN_CHARS * 4].decode("utf-8", "replace") if c.isprintable() or c == "\n"
    )
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "..."
