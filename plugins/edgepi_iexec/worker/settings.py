"""What a worker is told by its owner."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgepi.compute.model import Limits, Network

__all__ = ["WorkerSettings"]

MB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Addresses are lower-case; what *limits* says of time is the category's and not looked at.

    *cpu* and *memory_gb* are what the scheduler is told of the machine. *watch_every_s* is how often the
    chain is looked at while a task waits for others; *docker* the engine's address.
    """

    pool: str
    scheduler: str
    name: str = "edgepi"
    consumer: str = "iexec"
    cpu: str = "aarch64"
    memory_gb: int = 1
    max_tasks: int = 1
    docker: str = "unix:///var/run/docker.sock"
    limits: Limits = field(default_factory=lambda: Limits(time_s=0.0))
    network: Network = Network.NONE
    writable_apps: frozenset[str] = frozenset()
    gas_price_cap_wei: int = 22_000_000_000
    allow_private_urls: bool = False
    ipfs_gateways: tuple[str, ...] = ("https://ipfs.io",)
    max_input_bytes: int = 512 * MB
    max_result_bytes: int = 256 * MB
    ping_every_s: float = 10.0
    watch_every_s: float = 60.0
    patience_s: float = 180.0
