"""What worker, pool and commands ask of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from edgepi_iexec.chain.model import (
    Account,
    App,
    Block,
    Category,
    Contribution,
    Dataset,
    Deal,
    Event,
    Receipt,
    Task,
    Workerpool,
)

__all__ = ["Chain", "Signer"]


class Signer(Protocol):
    """Signs with the one key of a wallet, which never leaves its process."""

    @property
    def address(self) -> str:
        """The wallet's address, lower-case."""

    async def sign_raw(self, digest: bytes) -> str:
        """Sign 32 bytes as they are; 65 bytes as 0x text, v 27 or 28."""

    async def sign_personal(self, digest: bytes) -> str:
        """Sign 32 bytes with EIP-191's prefix."""

    async def sign_typed(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> str:
        """Sign EIP-712 typed data."""


class Chain(Signer, Protocol):
    """The hub's contracts through one node; every method raises ChainError when it cannot be reached.

    `send` is one transaction at a time, waits for its receipt, checks the event that proves it and
    raises TransactionError when it failed or was dropped for good.
    """

    async def latest_block(self) -> Block:
        """The newest block; its time is what the contracts' deadlines go by."""

    async def chain_id(self) -> int:
        """The chain's id."""

    async def deal(self, deal_id: str) -> Deal:
        """A deal; all zeros for one that is not there, or no longer."""

    async def task(self, task_id: str) -> Task:
        """A task; UNSET before it was initialised."""

    async def contribution(self, task_id: str, worker: str) -> Contribution:
        """What a worker contributed to a task."""

    async def account(self, address: str) -> Account:
        """What an account has in the hub."""

    async def score(self, address: str) -> int:
        """How often a worker was right."""

    async def category(self, number: int) -> Category:
        """A class of tasks."""

    async def category_count(self) -> int:
        """How many classes of tasks there are."""

    async def app(self, address: str) -> App:
        """An app; ChainError too for what is none."""

    async def dataset(self, address: str) -> Dataset:
        """A dataset; ChainError too for what is none."""

    async def workerpool(self, address: str) -> Workerpool:
        """A pool; ChainError too for what is none."""

    async def balance_wei(self, address: str) -> int:
        """What an account has of the chain's own coin."""

    async def gas_price_wei(self) -> int:
        """What the node asks for gas."""

    async def recover_personal(self, digest: bytes, signature: str) -> str:
        """The address that signed 32 bytes with EIP-191's prefix; raises ProtocolError for no signature."""

    async def events(
        self, name: str, *, from_block: int, to_block: int, topics: Sequence[str] = ()
    ) -> tuple[Event, ...]:
        """Logs of the hub by name; *topics* are the values of its indexed arguments in order."""

    async def initialize(self, deal_id: str, index: int) -> Receipt:
        """Make a task of a deal; nothing is sent for one that is there."""

    async def contribute(
        self, task_id: str, result_hash: str, result_seal: str, enclave_challenge: str, authorization: str
    ) -> Receipt:
        """Contribute a result; nothing is sent if this very contribution is on the chain."""

    async def reveal(self, task_id: str, result_digest: str) -> Receipt:
        """Disclose the digest; nothing is sent if it is disclosed."""

    async def finalize(self, task_id: str, results: bytes, callback_data: bytes) -> Receipt:
        """End a task and pay everybody; nothing is sent if it is done."""

    async def contribute_and_finalize(  # noqa: PLR0917 (in the contract's order)
        self,
        task_id: str,
        result_digest: str,
        results: bytes,
        callback_data: bytes,
        enclave_challenge: str,
        authorization: str,
    ) -> Receipt:
        """Contribute, reveal and finalise in one; for trust 1 alone."""

    async def claim(self, task_id: str) -> Receipt:
        """Give the requester the money back after the final deadline."""

    async def initialize_and_claim(self, deal_id: str, index: int) -> Receipt:
        """Claim a task that was never initialised."""

    async def reopen(self, task_id: str) -> Receipt:
        """Let others contribute when nobody revealed in time."""

    async def deposit(self, amount_nrlc: int) -> Receipt:
        """Move RLC from the wallet into the hub: approve and deposit, or native value."""

    async def withdraw(self, amount_nrlc: int) -> Receipt:
        """Move RLC from the hub into the wallet."""

    async def close(self) -> None:
        """Let go of the process or connection."""
