"""Sending transactions so that each happens once: nonces, prices, receipts, what was replaced or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from edgepi.clock import Clock
from edgepi.errors import ChainError, TransactionError
from edgepi_iexec.chain.model import Event, Receipt
from edgepi_iexec.chain.settings import ChainSettings

__all__ = ["Call", "Expected", "Pending", "Sender", "Wire", "next_price_wei", "proof"]

FIRST_LOOK_S = 0.05
REPLACE_FACTOR = 1.125  # nodes refuse a replacement for less than a tenth more


@dataclass(frozen=True, slots=True)
class Expected:
    """The event that proves a transaction: *name*, and *task_id* among its arguments if given."""

    name: str
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One function of a contract to be called; *expected* None where success alone is proof."""

    name: str
    arguments: tuple[Any, ...] = ()
    kind: str = "hub"
    address: str | None = None
    value_wei: int = 0
    expected: Expected | None = None

    def as_fields(self) -> dict[str, Any]:
        """As it goes to the chain's process."""
        return {
            "name": self.name,
            "arguments": list(self.arguments),
            "kind": self.kind,
            "address": self.address,
            "value_wei": self.value_wei,
        }


@dataclass(slots=True)
class Pending:
    """A transaction on its way: every hash under which it was sent with one nonce."""

    call: Call
    nonce: int
    gas: int
    price_wei: int
    sent_block: int
    first_block: int
    first_s: float
    hashes: list[str] = field(default_factory=list)


class Wire(Protocol):
    """What the sender asks of the chain's process and node."""

    async def ask(self, kind: str, what: str, **fields: Any) -> Any:
        """Ask the chain's process; raises as `edgepi_iexec.chain.refusals.raise_refusal`."""

    async def block_number(self) -> int:
        """The newest block."""

    async def gas_price_wei(self) -> int:
        """What the node asks for gas."""

    async def chain_id(self) -> int:
        """The chain's id."""


def next_price_wei(last_wei: int, network_wei: int, settings: ChainSettings) -> int:
    """Return what to offer for gas in place of *last_wei*; the same when the cap leaves no room."""
    wanted = max(int(last_wei * REPLACE_FACTOR) + 1, int(network_wei * settings.gas_price_factor))
    return min(wanted, settings.gas_price_cap_wei) if settings.gas_price_cap_wei > last_wei else last_wei


def proof(events: tuple[Event, ...], expected: Expected | None) -> bool:
    """Whether the receipt's events show what the transaction is for."""
    if expected is None:
        return True
    return any(
        event.name == expected.name
        and (expected.task_id is None or event.arguments.get("taskid") == expected.task_id)
        for event in events
    )


class Sender:
    """One transaction at a time, each with a receipt before the next begins."""

    def __init__(self, wire: Wire, clock: Clock, settings: ChainSettings) -> None:
        self._wire = wire
        self._clock = clock
        self._settings = settings
        self._turn = asyncio.Lock()

    async def send(
        self, call: Call, *, done: Callable[[], Awaitable[Receipt | None]] | None = None
    ) -> Receipt:
        """Send and wait for the receipt; *done* finds out whether an earlier life has done it already.

        Raises:
            TransactionError: it failed, its nonce was used by another, or it was dropped for good.
            ChainError: the node cannot be asked, before anything was sent.
            WalletError: the wallet cannot pay.
        """
        async with self._turn:
            if done is not None and (before := await done()) is not None:
                return before
            pending = await self._begin(call)
            return await self._settle(pending, done)

    async def _begin(self, call: Call) -> Pending:
        what = call.name
        nonces = await self._wire.ask("nonces", what)
        estimate = await self._wire.ask("estimate", what, call=call.as_fields())
        block = await self._wire.block_number()
        pending = Pending(
            call=call,
            nonce=int(nonces["latest"]),  # what hangs unmined in the pool is replaced, not queued behind
            gas=min(int(estimate * self._settings.gas_factor), self._settings.gas_limit),
            price_wei=await self._price_wei(0),
            sent_block=block,
            first_block=block,
            first_s=self._clock.monotonic(),
        )
        await self._submit(pending)
        return pending

    async def _price_wei(self, last_wei: int) -> int:
        if self._settings.free_gas:
            return 0
        network_wei = await self._wire.gas_price_wei()
        if last_wei:
            return next_price_wei(last_wei, network_wei, self._settings)
        return min(int(network_wei * self._settings.gas_price_factor), self._settings.gas_price_cap_wei)

    async def _submit(self, pending: Pending) -> None:
        try:
            tx_hash = await self._wire.ask(
                "send",
                pending.call.name,
                call=pending.call.as_fields(),
                nonce=pending.nonce,
                gas=pending.gas,
                gas_price_wei=pending.price_wei,
                chain_id=await self._wire.chain_id(),
            )
        except TransactionError as error:
            if error.hint in {"known", "nonce_used"} and pending.hashes:
                return  # what was sent before is on its way, or mined
            if error.hint == "underpriced" and pending.price_wei < self._settings.gas_price_cap_wei:
                pending.price_wei = await self._price_wei(max(pending.price_wei, 1))
                await self._submit(pending)
                return
            raise
        if tx_hash not in pending.hashes:
            pending.hashes.append(tx_hash)

    async def _settle(
        self, pending: Pending, done: Callable[[], Awaitable[Receipt | None]] | None
    ) -> Receipt:
        wait_s = FIRST_LOOK_S
        while True:
            try:
                if (receipt := await self._look(pending, done)) is not None:
                    return receipt
            except TransactionError:
                raise
            except ChainError:
                self._give_up_in_time(pending)  # a node that is away for a while takes nothing back
            await self._clock.sleep(wait_s * max(1.0, self._clock.rate))
            wait_s = min(wait_s * 2.0, self._settings.block_time_s)

    async def _look(
        self, pending: Pending, done: Callable[[], Awaitable[Receipt | None]] | None
    ) -> Receipt | None:
        block = await self._wire.block_number()
        for tx_hash in reversed(pending.hashes):
            found = await self._wire.ask("receipt", pending.call.name, tx_hash=tx_hash)
            if found is not None:
                return self._mined(pending.call, tx_hash, found, block)
        nonces = await self._wire.ask("nonces", pending.call.name)
        if nonces["latest"] > pending.nonce:
            return await self._overtaken(pending, done, block)
        if block - pending.sent_block >= self._settings.replace_after_blocks:
            self._give_up_in_time(pending)
            if block - pending.first_block >= self._settings.give_up_after_blocks:
                raise TransactionError(f"{pending.call.name}: no block takes the transaction")
            await self._again(pending, block)
        return None

    def _mined(self, call: Call, tx_hash: str, found: Mapping[str, Any], block: int) -> Receipt | None:
        if block - found["block"] + 1 < self._settings.confirmations:
            return None
        if not found["ok"]:
            raise TransactionError(f"{call.name}: the contracts refused in block {found['block']}")
        events = tuple(Event(**event) for event in found["events"])
        if not proof(events, call.expected):
            assert call.expected is not None
            raise TransactionError(f"{call.name}: the receipt lacks {call.expected.name}")
        return Receipt(tx_hash, found["block"], found["gas"], events)

    async def _overtaken(
        self, pending: Pending, done: Callable[[], Awaitable[Receipt | None]] | None, block: int
    ) -> Receipt | None:
        """Another transaction has this nonce, or the node that tells the receipts lags behind."""
        if block - pending.sent_block < 2:
            return None
        if done is not None and (found := await done()) is not None:
            return found
        raise TransactionError(
            f"{pending.call.name}: another transaction of this wallet took its place",
            hint="use a wallet for one worker only",
        )

    async def _again(self, pending: Pending, block: int) -> None:
        pending.price_wei = await self._price_wei(pending.price_wei)
        pending.sent_block = block
        await self._submit(pending)

    def _give_up_in_time(self, pending: Pending) -> None:
        if self._clock.monotonic() - pending.first_s > self._settings.give_up_after_s:
            raise TransactionError(
                f"{pending.call.name}: no receipt within {self._settings.give_up_after_s:.0f} s"
            )
