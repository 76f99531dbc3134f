"""Where a worker works: the pool, the chain and the wallet that its configuration or a local chain names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import MarketError, WalletError
from edgepi_iexec.chain.link import Key
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.wallet.keystore import read_password

__all__ = ["DEVCHAIN_WALLET", "Station", "find_station", "read_key", "wallet_path"]

WALLET = "wallet.json"
DEVCHAIN_WALLET = "worker-1.json"


@dataclass(frozen=True, slots=True)
class Station:
    """What is None is asked of the scheduler; *key* opens the wallet."""

    pool: str
    scheduler: str
    rpc: tuple[str, ...]
    hub: str | None
    key: Key


def find_station(config: IexecConfig, folder: Path) -> Station:
    """Read what the configuration names, a local chain's record too; *folder* is the instance's own. Blocks.

    Raises:
        MarketError: the local chain was never started.
        WalletError: there is no wallet, or no password for it.
    """
    if config.devchain is not None:
        return _local(config, config.devchain)
    assert config.pool is not None
    assert config.scheduler is not None
    key = read_key(wallet_path(config, folder), _password(config))
    return Station(config.pool, config.scheduler, config.rpc, config.hub, key)


def wallet_path(config: IexecConfig, folder: Path) -> Path:
    """Return where the wallet's file is, or would be."""
    return config.wallet or folder / WALLET


def read_key(path: Path, password: str) -> Key:
    """Read a wallet's file; raises WalletError."""
    try:
        return Key(path.read_text(encoding="utf-8"), password)
    except FileNotFoundError:
        raise WalletError(
            f"there is no wallet at {path}", hint="`edgepi iexec wallet new` makes one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise WalletError(f"the wallet {path} cannot be read: {error}") from error


def _password(config: IexecConfig) -> str:
    if config.password_file is not None:
        return read_password(config.password_file)
    return config.password or ""


def _local(config: IexecConfig, record: Path) -> Station:
    """Take what `edgepi iexec devchain` wrote: its pool, its chain, and the wallet of a worker with stake."""
    try:
        chain = json.loads(record.read_text(encoding="utf-8"))
        scheduler = config.scheduler or str(chain["scheduler_url"])
        if not scheduler:
            raise MarketError("the local chain's pool is not there yet", hint="it comes up by itself")
        key = read_key(config.wallet or record.parent / DEVCHAIN_WALLET, _password(config))
        rpc = config.rpc or (str(chain["rpc_url"]),)
        return Station(
            config.pool or str(chain["pool"]), scheduler, rpc, config.hub or str(chain["hub"]), key
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MarketError(
            f"no local chain runs at {record.parent}", hint="`edgepi iexec devchain` starts one"
        ) from error
