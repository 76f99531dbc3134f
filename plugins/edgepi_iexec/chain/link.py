"""The way to the chain: a light one for what idles, and a child process with web3 while it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientSession

from edgepi.clock import Clock
from edgepi.errors import ChainError, PluginError, WalletError
from edgepi.plugin import ChildProcess, Message, StartChild
from edgepi_iexec.chain.model import Block
from edgepi_iexec.chain.refusals import Refusal, raise_refusal
from edgepi_iexec.chain.rpc import LightRpc
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.protocol.reading import parse_json

__all__ = ["ChainLink", "Key", "address_of"]

ASK_S = 45.0
READING = frozenset({"view", "logs", "receipt", "nonces"})


class Key:
    """A wallet's file and what unlocks it; its representation tells neither."""

    __slots__ = ("address", "keystore", "password")

    def __init__(self, keystore: str, password: str) -> None:
        self.keystore = keystore
        self.password = password
        self.address = address_of(keystore)

    def __repr__(self) -> str:
        return f"Key({self.address})"


def address_of(keystore: str) -> str:
    """The address that a keystore file names, lower-case; raises WalletError."""
    try:
        address = str(parse_json(keystore, "the file")["address"]).lower().removeprefix("0x")
        if len(bytes.fromhex(address)) == 20:
            return "0x" + address
    except (ValueError, KeyError, TypeError):
        pass
    raise WalletError("this file is no wallet", hint="a keystore file of version 3 is JSON with an `address`")


class ChainLink:
    """Starts the process at the first question that needs it, ends it after *settings.idle_s* without one."""

    def __init__(
        self,
        settings: ChainSettings,
        *,
        key: Key | None,
        child: StartChild,
        session: Callable[[], Awaitable[ClientSession]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._key = key
        self._clock = clock
        self._rpc = LightRpc(settings.rpc_urls, session)
        self._child: ChildProcess = child(
            "edgepi_iexec.chain.process:serve", name="chain", on_end=self._ended
        )
        self._opened: str | None = None
        self._turn = asyncio.Lock()
        self._used_s = 0.0
        self._reaper: asyncio.Task[None] | None = None
        self._chain_id: int | None = None

    @property
    def loaded(self) -> bool:
        """Whether the process runs now."""
        return self._child.alive

    def _ended(self) -> None:
        self._opened = None

    # What idles cheaply

    async def latest_block(self) -> Block:
        """The newest block; its time is what the contracts' deadlines go by."""
        return await self._rpc.latest_block()

    async def block_number(self) -> int:
        """The newest block's number."""
        return await self._rpc.number("eth_blockNumber")

    async def chain_id(self) -> int:
        """The chain's id."""
        if self._chain_id is None:
            self._chain_id = await self._rpc.number("eth_chainId")
        return self._chain_id

    async def balance_wei(self, address: str) -> int:
        """What an account has of the chain's own coin."""
        return await self._rpc.number("eth_getBalance", address, "latest")

    async def gas_price_wei(self) -> int:
        """What the node asks for gas."""
        return await self._rpc.number("eth_gasPrice")

    # What needs the process

    async def ask(self, kind: str, what: str, **fields: Any) -> Any:
        """Ask the chain's process, through each node until one answers; raises as `raise_refusal`."""
        async with self._turn:
            self._used_s = self._clock.monotonic()
            answer = await self._ask(Message(kind, fields))
            self._used_s = self._clock.monotonic()
        if answer.kind == "refused":
            raise_refusal(answer.fields, what, reading=kind in READING)
        return answer.fields["result"]

    async def _ask(self, message: Message) -> Message:
        answer = None
        for _ in range(self._rpc.count):
            url = self._rpc.url
            await self._open(url)
            answer = await self._exchange(message)
            if answer.kind != "refused" or answer.fields["kind"] != Refusal.UNREACHABLE:
                return answer
            self._rpc.give_way(url)
        assert answer is not None
        return answer

    async def _open(self, url: str) -> None:
        if self._child.alive and self._opened == url:
            return
        key = self._key
        fields = {
            "rpc": url,
            "hub": self._settings.hub,
            "keystore": key.keystore if key else None,
            "password": key.password if key else "",
        }
        self._watch()
        answer = await self._exchange(Message("open", fields))
        if answer.kind == "refused":
            raise_refusal(answer.fields, "open the wallet")
        address = answer.fields["result"]
        if key is not None and address != key.address:
            await self._child.stop()
            raise WalletError(f"the wallet's file names {key.address}, but its key is that of {address}")
        self._opened = url

    def _watch(self) -> None:
        if self._reaper is None or self._reaper.done():
            self._reaper = asyncio.create_task(self._end_when_idle(), name="iexec chain idle")

    async def _exchange(self, message: Message) -> Message:
        try:
            return await self._child.ask(message, timeout_s=ASK_S)
        except (PluginError, TimeoutError) as error:
            self._opened = None
            raise ChainError(f"the chain's process failed: {error}") from error

    async def _end_when_idle(self) -> None:
        while True:
            left_s = self._settings.idle_s - (self._clock.monotonic() - self._used_s)
            if left_s > 0:
                await self._clock.sleep(left_s)
                continue
            async with self._turn:
                if self._clock.monotonic() - self._used_s >= self._settings.idle_s:
                    self._opened = None
                    await self._child.stop()
                    return

    async def close(self) -> None:
        """End the process."""
        reaper, self._reaper = self._reaper, None
        if reaper is not None:
            reaper.cancel()
            await asyncio.gather(reaper, return_exceptions=True)
        await self._child.stop()
