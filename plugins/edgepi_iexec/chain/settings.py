"""How a node deals with its chain."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ChainSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """*free_gas* for side chains on which gas costs nothing; *native* None: looked up at the hub.

    *confirmations* counts the block that holds a transaction; *replace_after_blocks* without a receipt it is
    sent again for more, and given up for good after *give_up_after_blocks* and *give_up_after_s*.
    """

    rpc_urls: tuple[str, ...]
    hub: str
    native: bool | None = None
    free_gas: bool = False
    gas_price_cap_wei: int = 22_000_000_000
    gas_price_factor: float = 1.3
    gas_factor: float = 1.2
    gas_limit: int = 5_000_000
    confirmations: int = 1
    block_time_s: float = 5.0
    replace_after_blocks: int = 5
    give_up_after_blocks: int = 50
    give_up_after_s: float = 900.0
    idle_s: float = 60.0
