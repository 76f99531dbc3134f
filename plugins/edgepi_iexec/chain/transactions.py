"""Sending transactions so that each happens once: nonces, prices, receipts, what was replaced or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from edgepi.clock import Clock
from edgepi.errors import ChainError, TransactionError, WalletError
from edgepi_iexec.chain.model import Event, Receipt
from edgepi_iexec.chain.refusals import Refusal, RefusedError
from edgepi_iexec.chain.settings import ChainSettings

__all__ = ["Call", "Expected", "Pending", "Sender", "Wire", "next_price_wei", "proof"]

Done = Callable[[], Awaitable[Receipt | None]]

FIRST_LOOK_S = 0.05
BEGINNINGS, LAGS = 4, 4
ALONE = "use a wallet for one worker only"
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
    """A transaction on its way: every hash that was signed with one nonce, the newest in *raw*.

    *accepted*: some node has taken one of them; *unheard*: one may have. *sent_block* and *sent_s* tell when
    one was handed over last.
    """

    call: Call
    nonce: int
    gas: int
    price_wei: int
    first_block: int
    first_s: float
    sent_block: int
    sent_s: float
    raw: str = ""
    hashes: list[str] = field(default_factory=list)
    unheard: bool = False
    accepted: bool = False
    trouble: ChainError | None = None


class _NonceTakenError(Exception):
    """Another transaction has the nonce with which this one was to be sent; nothing was sent."""


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
        self._next_nonce = 0

    async def send(self, call: Call, *, done: Done | None = None) -> Receipt:
        """Send and wait for the receipt; *done* finds out whether an earlier life has done it already.

        Raises:
            TransactionError: it failed, its nonce was used by another, or it was dropped for good.
            ChainError: the node cannot be asked, or could not be for too long.
            WalletError: the wallet cannot pay.
        """
        async with self._turn:
            for _ in range(BEGINNINGS):
                if done is not None and (before := await done()) is not None:
                    return before
                pending = await self._begin(call)
                try:
                    return await self._settle(pending, done)
                except _NonceTakenError:  # the node that told it lags, or somebody else uses the wallet
                    await self._wait(self._settings.block_time_s)
            raise TransactionError(
                f"{call.name}: other transactions of this wallet take its place", hint=ALONE
            )

    async def _begin(self, call: Call) -> Pending:
        nonce = await self._nonce(call.name)
        estimate = await self._wire.ask("estimate", call.name, call=call.as_fields())
        block, now_s = await self._wire.block_number(), self._clock.monotonic()
        pending = Pending(
            call=call,
            nonce=nonce,
            gas=min(int(estimate * self._settings.gas_factor), self._settings.gas_limit),
            price_wei=await self._price_wei(0),
            first_block=block,
            first_s=now_s,
            sent_block=block,
            sent_s=now_s,
        )
        await self._sign(pending)
        return pending

    async def _nonce(self, what: str) -> int:
        """The first that no block has: what hangs in a node's pool is replaced, not queued behind.

        A node that does not know our last transaction lags, for a while; then that is undone.
        """
        latest = 0
        for _ in range(LAGS):
            latest = int((await self._wire.ask("nonces", what))["latest"])
            if latest >= self._next_nonce:
                return latest
            await self._wait(self._settings.block_time_s)
        self._next_nonce = latest
        return latest

    async def _price_wei(self, last_wei: int) -> int:
        if self._settings.free_gas:
            return 0
        network_wei = await self._wire.gas_price_wei()
        if last_wei:
            return next_price_wei(last_wei, network_wei, self._settings)
        return min(int(network_wei * self._settings.gas_price_factor), self._settings.gas_price_cap_wei)

    async def _sign(self, pending: Pending) -> None:
        signed = await self._wire.ask(
            "sign",
            pending.call.name,
            call=pending.call.as_fields(),
            nonce=pending.nonce,
            gas=pending.gas,
            gas_price_wei=pending.price_wei,
            chain_id=await self._wire.chain_id(),
        )
        pending.raw = signed["raw_transaction"]
        if signed["hash"] not in pending.hashes:
            pending.hashes.append(signed["hash"])

    async def _push(self, pending: Pending) -> None:
        """Hand the newest to a node; for more when it is not enough. Raises what cannot be mended."""
        try:
            await self._wire.ask("submit", pending.call.name, raw=pending.raw)
        except RefusedError as error:
            if error.kind is Refusal.NONCE_USED:
                if not (pending.accepted or pending.unheard):
                    raise _NonceTakenError from error
                pending.accepted = True  # of those that we handed over one may be in a block
            elif error.kind is Refusal.UNDERPRICED:
                await self._raise(pending, error)
            elif not pending.accepted:
                raise
        except (TransactionError, WalletError):
            if not pending.accepted:
                raise
        except ChainError:
            pending.unheard = True
            raise
        else:
            pending.accepted = True

    async def _raise(self, pending: Pending, error: RefusedError) -> None:
        """Offer more next time; where there is no room, wait for what is in the way."""
        price_wei = await self._price_wei(max(pending.price_wei, 1))
        if price_wei > pending.price_wei:
            pending.price_wei = price_wei
            await self._sign(pending)
        pending.trouble = error

    async def _settle(self, pending: Pending, done: Done | None) -> Receipt:
        wait_s = FIRST_LOOK_S
        while True:
            try:
                if not pending.accepted:
                    await self._push(pending)
                if (receipt := await self._look(pending, done)) is not None:
                    return receipt
            except TransactionError:
                raise
            except ChainError as error:  # a node that is away for a while takes nothing back
                pending.trouble = error
            self._give_up_in_time(pending)
            await self._wait(wait_s)
            wait_s = min(wait_s * 2.0, self._settings.block_time_s)

    async def _wait(self, real_s: float) -> None:
        await self._clock.sleep(real_s * max(1.0, self._clock.rate))

    def _since(self, monotonic_s: float) -> float:
        return (self._clock.monotonic() - monotonic_s) / max(1.0, self._clock.rate)

    async def _look(self, pending: Pending, done: Done | None) -> Receipt | None:
        block = await self._wire.block_number()
        for tx_hash in reversed(pending.hashes):
            found = await self._wire.ask("receipt", pending.call.name, tx_hash=tx_hash)
            if found is not None:
                return self._mined(pending, tx_hash, found, block)
        nonces = await self._wire.ask("nonces", pending.call.name)
        if nonces["latest"] > pending.nonce:
            return await self._overtaken(pending, done, block)
        if self._stale(pending, block):
            if block - pending.first_block >= self._settings.give_up_after_blocks:
                raise TransactionError(f"{pending.call.name}: no block takes the transaction")
            await self._again(pending, block)
        return None

    def _stale(self, pending: Pending, block: int) -> bool:
        """Whether enough blocks passed without it; a chain without blocks tells by time."""
        blocks, settings = block - pending.sent_block, self._settings
        long_s = 3.0 * settings.replace_after_blocks * settings.block_time_s
        return blocks >= settings.replace_after_blocks or self._since(pending.sent_s) >= long_s

    def _mined(self, pending: Pending, tx_hash: str, found: Mapping[str, Any], block: int) -> Receipt | None:
        call = pending.call
        if block - found["block"] + 1 < self._settings.confirmations:
            return None
        self._next_nonce = pending.nonce + 1
        if not found["ok"]:
            raise TransactionError(f"{call.name}: the contracts refused in block {found['block']}")
        events = tuple(Event(**event) for event in found["events"])
        if not proof(events, call.expected):
            assert call.expected is not None
            raise TransactionError(f"{call.name}: the receipt lacks {call.expected.name}")
        return Receipt(tx_hash, found["block"], found["gas"], events)

    async def _overtaken(self, pending: Pending, done: Done | None, block: int) -> Receipt | None:
        """Another transaction has this nonce, or the node that tells the receipts lags behind."""
        patience_s = 3.0 * self._settings.block_time_s
        if block - pending.sent_block < 2 and self._since(pending.sent_s) < patience_s:
            return None
        if done is not None and (found := await done()) is not None:
            return found
        raise TransactionError(
            f"{pending.call.name}: another transaction of this wallet took its place", hint=ALONE
        )

    async def _again(self, pending: Pending, block: int) -> None:
        price_wei = await self._price_wei(pending.price_wei)
        if price_wei > pending.price_wei:
            pending.price_wei = price_wei
            await self._sign(pending)
        pending.sent_block, pending.sent_s = block, self._clock.monotonic()
        await self._push(pending)

    def _give_up_in_time(self, pending: Pending) -> None:
        if self._since(pending.first_s) <= self._settings.give_up_after_s:
            return
        if not pending.accepted and pending.trouble is not None:
            raise pending.trouble
        raise TransactionError(
            f"{pending.call.name}: no receipt within {self._settings.give_up_after_s:.0f} s"
        )
