"""The contracts as a worker or a pool reaches them: a child process with web3, only while it is needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import ClientSession

from edgepi.clock import Clock
from edgepi.errors import ChainError, TransactionError, WalletError
from edgepi.plugin import StartChild
from edgepi_iexec.chain import reading
from edgepi_iexec.chain.link import ChainLink, Key
from edgepi_iexec.chain.model import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Account,
    App,
    Block,
    Category,
    Contribution,
    ContributionStatus,
    Dataset,
    Deal,
    Event,
    Receipt,
    Task,
    TaskStatus,
    Workerpool,
)
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.chain.transactions import Call, Expected, Sender
from edgepi_iexec.protocol.ids import task_id as task_name

__all__ = ["ChainClient"]

SEARCH_BLOCKS, SHORT_SEARCH_BLOCKS, SEARCH_STEPS = 5_000, 500, 20
NRLC_WEI = 10**9


class ChainClient:
    """`edgepi_iexec.chain.interface.Chain` through a child process; without a *key* it can only read."""

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
        self._link = ChainLink(settings, key=key, child=child, session=session, clock=clock)
        self._sender = Sender(self._link, clock, settings)
        self._token: str | None = None

    @property
    def address(self) -> str:
        """The wallet's address; the zero address without one."""
        return self._key.address if self._key else ZERO_ADDRESS

    @property
    def loaded(self) -> bool:
        """Whether the process runs now."""
        return self._link.loaded

    @property
    def hub(self) -> str:
        """The contract of all deals."""
        return self._settings.hub

    @property
    def free_gas(self) -> bool:
        """Whether the chain asks nothing for transactions."""
        return self._settings.free_gas

    # What idles cheaply

    async def latest_block(self) -> Block:
        """The newest block; its time is what the contracts' deadlines go by."""
        return await self._link.latest_block()

    async def chain_id(self) -> int:
        """The chain's id."""
        return await self._link.chain_id()

    async def balance_wei(self, address: str) -> int:
        """What an account has of the chain's own coin."""
        return await self._link.balance_wei(address)

    async def gas_price_wei(self) -> int:
        """What the node asks for gas."""
        return await self._link.gas_price_wei()

    async def close(self) -> None:
        """End the process."""
        await self._link.close()

    # What needs the process

    async def _view(self, name: str, *arguments: Any, kind: str = "hub", address: str | None = None) -> Any:
        return await self._link.ask(
            "view", name, contract=kind, address=address, name=name, arguments=list(arguments)
        )

    async def deal(self, deal_id: str) -> Deal:
        """A deal; all zeros for one that is not there, or no longer."""
        return reading.read_deal(deal_id, await self._view("viewDeal", deal_id))

    async def task(self, task_id: str) -> Task:
        """A task; UNSET before it was initialised."""
        return reading.read_task(task_id, await self._view("viewTask", task_id))

    async def contribution(self, task_id: str, worker: str) -> Contribution:
        """What a worker contributed to a task."""
        return reading.read_contribution(await self._view("viewContribution", task_id, worker))

    async def account(self, address: str) -> Account:
        """What an account has in the hub."""
        return reading.read_account(await self._view("viewAccount", address))

    async def score(self, address: str) -> int:
        """How often a worker was right."""
        return int(await self._view("viewScore", address))

    async def category(self, number: int) -> Category:
        """A class of tasks."""
        return reading.read_category(number, await self._view("viewCategory", number))

    async def category_count(self) -> int:
        """How many classes of tasks there are."""
        return int(await self._view("countCategory"))

    async def app(self, address: str) -> App:
        """An app; raises ChainError for what is none."""
        return reading.read_app(address, await self._view("viewApp", address))

    async def dataset(self, address: str) -> Dataset:
        """A dataset; raises ChainError for what is none."""
        return reading.read_dataset(address, await self._view("viewDataset", address))

    async def workerpool(self, address: str) -> Workerpool:
        """A pool; raises ChainError for what is none."""
        return reading.read_workerpool(address, await self._view("viewWorkerpool", address))

    async def events(
        self, name: str, *, from_block: int, to_block: int, topics: Sequence[str] = ()
    ) -> tuple[Event, ...]:
        """Logs of the hub by name; *topics* are the values of its indexed arguments in order."""
        found = await self._link.ask(
            "logs", name, name=name, first=from_block, last=to_block, topics=list(topics)
        )
        return tuple(Event(**each) for each in found)

    # Signing

    async def sign_raw(self, digest: bytes) -> str:
        """Sign 32 bytes as they are."""
        return str(await self._link.ask("sign_raw", "sign", digest=digest.hex()))

    async def sign_personal(self, digest: bytes) -> str:
        """Sign 32 bytes with EIP-191's prefix."""
        return str(await self._link.ask("sign_personal", "sign", digest=digest.hex()))

    async def sign_typed(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> str:
        """Sign EIP-712 typed data."""
        return str(await self._link.ask("sign_typed", "sign", domain=domain, types=types, message=message))

    async def recover_personal(self, digest: bytes, signature: str) -> str:
        """The address that signed 32 bytes with EIP-191's prefix; raises ProtocolError."""
        return str(await self._link.ask("recover", "a signature", digest=digest.hex(), signature=signature))

    # Transactions

    async def initialize(self, deal_id: str, index: int) -> Receipt:
        """Make a task of a deal; nothing is sent for one that is there."""
        name = task_name(deal_id, index)

        async def done() -> Receipt | None:
            if (await self.task(name)).status is TaskStatus.UNSET:
                return None
            return await self._earlier("TaskInitialize", name)

        call = Call("initialize", (deal_id, index), expected=Expected("TaskInitialize", name))
        return await self._sender.send(call, done=done)

    async def contribute(
        self, task_id: str, result_hash: str, result_seal: str, enclave_challenge: str, authorization: str
    ) -> Receipt:
        """Contribute a result; nothing is sent if this very contribution is on the chain."""

        async def done() -> Receipt | None:
            there = await self.contribution(task_id, self.address)
            if there.status is ContributionStatus.UNSET:
                return None
            if there.result_hash != result_hash:
                raise TransactionError("another result of this wallet is contributed already")
            return await self._earlier("TaskContribute", task_id, self.address)

        arguments = (task_id, result_hash, result_seal, enclave_challenge, "0x", authorization)
        call = Call("contribute", arguments, expected=Expected("TaskContribute", task_id))
        return await self._sender.send(call, done=done)

    async def reveal(self, task_id: str, result_digest: str) -> Receipt:
        """Disclose the digest; nothing is sent if it is disclosed."""

        async def done() -> Receipt | None:
            there = await self.contribution(task_id, self.address)
            if there.status is not ContributionStatus.REVEALED:
                return None
            return await self._earlier("TaskReveal", task_id, self.address)

        call = Call("reveal", (task_id, result_digest), expected=Expected("TaskReveal", task_id))
        return await self._sender.send(call, done=done)

    async def finalize(self, task_id: str, results: bytes, callback_data: bytes) -> Receipt:
        """End a task and pay everybody."""
        arguments = (task_id, "0x" + results.hex(), "0x" + callback_data.hex())
        call = Call("finalize", arguments, expected=Expected("TaskFinalize", task_id))
        return await self._sender.send(call, done=self._completed(task_id))

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
        arguments = (
            *(task_id, result_digest, "0x" + results.hex(), "0x" + callback_data.hex()),
            *(enclave_challenge, "0x", authorization),
        )
        call = Call("contributeAndFinalize", arguments, expected=Expected("TaskFinalize", task_id))

        async def done() -> Receipt | None:
            there = await self.contribution(task_id, self.address)
            if there.status is not ContributionStatus.REVEALED:
                return None
            return await self._earlier("TaskFinalize", task_id)

        return await self._sender.send(call, done=done)

    async def claim(self, task_id: str) -> Receipt:
        """Give the requester the money back after the final deadline."""
        call = Call("claim", (task_id,), expected=Expected("TaskClaimed", task_id))
        return await self._sender.send(call, done=self._claimed(task_id))

    async def initialize_and_claim(self, deal_id: str, index: int) -> Receipt:
        """Claim a task that was never initialised."""
        task_id = task_name(deal_id, index)
        call = Call(
            "initializeAndClaimArray", ([deal_id], [index]), expected=Expected("TaskClaimed", task_id)
        )
        return await self._sender.send(call, done=self._claimed(task_id))

    async def reopen(self, task_id: str) -> Receipt:
        """Let others contribute when nobody revealed in time."""
        call = Call("reopen", (task_id,), expected=Expected("TaskReopen", task_id))
        return await self._sender.send(call)

    async def deposit(self, amount_nrlc: int) -> Receipt:
        """Move RLC from the wallet into the hub; raises WalletError when there is not enough."""
        held = await self.rlc_balance(self.address)
        if held < amount_nrlc:
            raise WalletError(
                f"the wallet has {held / 1e9:g} RLC, {amount_nrlc / 1e9:g} are to be deposited",
                hint=f"send RLC to {self.address}",
            )
        if await self._is_native():
            return await self._sender.send(Call("deposit", value_wei=amount_nrlc * NRLC_WEI))
        token = await self._token_address()
        call = Call("approveAndCall", (self._settings.hub, amount_nrlc, "0x"), kind="rlc", address=token)
        return await self._sender.send(call)

    async def withdraw(self, amount_nrlc: int) -> Receipt:
        """Move RLC from the hub into the wallet."""
        free = (await self.account(self.address)).stake_nrlc
        if free < amount_nrlc:
            raise WalletError(f"{free / 1e9:g} RLC are free in the hub, {amount_nrlc / 1e9:g} are asked for")
        return await self._sender.send(Call("withdraw", (amount_nrlc,)))

    async def rlc_balance(self, address: str) -> int:
        """What a wallet has outside of the hub, nRLC."""
        if await self._is_native():
            return await self.balance_wei(address) // NRLC_WEI
        return int(await self._view("balanceOf", address, kind="rlc", address=await self._token_address()))

    async def _is_native(self) -> bool:
        if self._settings.native is not None:
            return self._settings.native
        return await self._token_address() == ZERO_ADDRESS

    async def _token_address(self) -> str:
        if self._token is None:
            self._token = str(await self._view("token"))
        return self._token

    def _claimed(self, task_id: str) -> Callable[[], Awaitable[Receipt | None]]:
        async def done() -> Receipt | None:
            failed = (await self.task(task_id)).status is TaskStatus.FAILED
            return await self._earlier("TaskClaimed", task_id) if failed else None

        return done

    def _completed(self, task_id: str) -> Callable[[], Awaitable[Receipt | None]]:
        async def done() -> Receipt | None:
            completed = (await self.task(task_id)).status is TaskStatus.COMPLETED
            return await self._earlier("TaskFinalize", task_id) if completed else None

        return done

    async def _earlier(self, name: str, *topics: str) -> Receipt:
        """Find the event of what was done before; without a trace of it only the block is a guess."""
        latest = last = await self._link.block_number()
        size, steps = SEARCH_BLOCKS, SEARCH_STEPS
        while steps and last >= 0:
            try:
                first = max(0, last - size + 1)
                found = await self.events(name, from_block=first, to_block=last, topics=topics)
            except ChainError:
                if size == SHORT_SEARCH_BLOCKS:
                    raise
                size = SHORT_SEARCH_BLOCKS  # many nodes answer for so many at a time only
                continue
            if found:
                event = found[-1]
                return Receipt(event.tx_hash, event.block_number, 0, (event,))
            last, steps = first - 1, steps - 1
        return Receipt(ZERO_HASH, latest, 0)
