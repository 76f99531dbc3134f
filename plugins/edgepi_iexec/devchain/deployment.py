"""What a local chain has: addresses, accounts, categories; written beside the chain for others to read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edgepi.errors import MarketError
from edgepi.files import atomic_write
from edgepi_iexec.devchain.accounts import Account

__all__ = ["VERSION", "Category", "Deployment"]

# Of what is deployed and how: a chain kept from another version is begun anew.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Category:
    """A class of tasks; *time_s* is the longest that a container may run, deadlines are multiples of it."""

    name: str
    time_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The contracts on one local chain; addresses are lower-case 0x texts.

    *rlc* is the zero address where the escrow is native. *pool* belongs to the account ``pool``, whose
    scheduler answers at *scheduler_url*; *app* is the demo app. Both are empty until they are known.
    """

    version: int
    chain_id: int
    rpc_url: str
    native: bool
    hub: str
    rlc: str
    app_registry: str
    dataset_registry: str
    workerpool_registry: str
    pool: str
    categories: tuple[Category, ...]
    accounts: tuple[Account, ...]
    app: str = ""
    scheduler_url: str = ""

    def account(self, role: str) -> Account:
        """Return the account that plays *role*: deployer, pool, requester, developer, worker-1 to -16."""
        return next(account for account in self.accounts if account.role == role)

    @property
    def workers(self) -> tuple[Account, ...]:
        """Accounts with stake in the hub, for workers."""
        return tuple(account for account in self.accounts if account.role.startswith("worker-"))

    def to_json(self) -> str:
        """Put it into words for a file."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Deployment:
        """Read what `to_json` wrote; raises MarketError for anything else."""
        try:
            read = json.loads(text)
            read["categories"] = tuple(Category(**category) for category in read["categories"])
            read["accounts"] = tuple(Account(**account) for account in read["accounts"])
            return cls(**read)
        except (ValueError, TypeError, KeyError) as error:
            raise MarketError(f"what was kept about the local chain cannot be read: {error}") from error

    def save(self, path: Path) -> None:
        """Write it so that it is never torn. Blocks."""
        atomic_write(path, self.to_json(), 0o600)

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read it from a file; raises MarketError when there is none. Blocks."""
        try:
            return cls.from_json(path.read_text())
        except OSError as error:
            raise MarketError(
                f"no local chain in {path.parent}", hint="`edgepi iexec devchain` starts one"
            ) from error
