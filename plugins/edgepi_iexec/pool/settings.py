"""What the owner of a pool decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["MB", "Limits", "PoolSettings"]

MB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What strangers may take: of memory, disk and patience."""

    workers: int = 20_000
    sessions: int = 20_000
    subscriptions: int = 256
    outbox_frames: int = 256
    frame_bytes: int = 64 * 1024
    small_body_bytes: int = 16 * 1024
    report_bytes: int = 2 * MB
    result_bytes: int = 32 * MB
    unpacked_bytes: int = 256 * MB
    unpacked_files: int = 10_000
    results_quota_bytes: int = 2048 * MB
    log_chars: int = 100_000
    read_s: float = 60.0
    upload_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """Addresses are lower-case; *whitelist* None lets every wallet in; *public_url* is what workers are told.

    *rpc_url* and *hub* are what workers are told of the chain; *ask_s* is how often they ask for work.
    """

    pool_address: str
    hub: str
    rpc_url: str
    state_dir: Path
    chain_id: int
    host: str = "127.0.0.1"
    port: int = 13000
    public_url: str | None = None
    sidechain: bool = False
    block_time_s: float = 5.0
    whitelist: frozenset[str] | None = None
    required_worker_version: str = ""
    ask_s: float = 5.0
    ping_s: float = 10.0
    lost_after_s: float = 60.0
    gas_price_cap_wei: int = 22_000_000_000
    contribute_and_finalize: bool = True
    claim: bool = True
    websocket: bool = True
    heartbeat_s: float = 5.0
    start_block: int | None = None
    batch_blocks: int = 1000
    depth_blocks: int = 12
    poll_s: float = 1.0
    check_s: float = 10.0
    remind_s: float = 30.0
    unreported_s: float = 15.0
    upload_wait_s: float = 120.0
    logs_days: float = 3.0
    results_days: float = 30.0
    limits: Limits = field(default_factory=Limits)
