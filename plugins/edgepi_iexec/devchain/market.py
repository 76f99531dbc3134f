"""Plays everybody on a local chain who is not a worker or pool: apps, datasets, deals, money. Blocks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.errors import MarketError
from edgepi_iexec.devchain.contracts import Contract, Library
from edgepi_iexec.devchain.deploy import ERC20, STAKE_NRLC, WEI_PER_NRLC, created
from edgepi_iexec.devchain.deployment import Deployment
from edgepi_iexec.devchain.orders import NO_DATASET, Order, new_order
from edgepi_iexec.devchain.rpc import Rpc

__all__ = ["Market", "Placed"]

ZERO = "0x" + "00" * 20
ORDERS_MATCHED = "0xd811b592ed0899225773e8933d8df64bd0b62761a9d7aad4ed5b22735f4610a4"
ENDLESS = 2**53 - 1  # a volume, as large as a number in JSON can be
CLOSE = 1

# A contract for callbacks, by hand, of seventeen bytes: takes every call for one of
# `receiveResult(bytes32 task, bytes data)` and keeps keccak256(data) under the task's id.
CALLBACK = bytes.fromhex(
    "604435"  # length of data
    "806064600037600020"  # copy data to memory, hash it
    "60043555"  # store at the task's id
    "00"  # done
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A deal that was matched, and its tasks."""

    deal_id: str
    task_ids: tuple[str, ...]


class Market:
    """The market of one local chain; every method blocks and raises ChainError or MarketError.

    Accounts are named by their role in the `Deployment`; prices are nRLC.
    """

    def __init__(self, rpc: Rpc, package: Path, deployment: Deployment) -> None:
        library = Library(package)
        self.rpc = rpc
        self.deployment = deployment
        interface = "IexecInterfaceNative" if deployment.native else "IexecInterfaceToken"
        self.hub = Contract(rpc, deployment.hub, library.artifact(interface).abi)
        self._registries = {
            "App": Contract(rpc, deployment.app_registry, library.artifact("AppRegistry").abi),
            "Dataset": Contract(rpc, deployment.dataset_registry, library.artifact("DatasetRegistry").abi),
            "Workerpool": Contract(
                rpc, deployment.workerpool_registry, library.artifact("WorkerpoolRegistry").abi
            ),
        }
        self._pool_abi = library.artifact("Workerpool").abi

    def create_app(
        self, image: str, checksum: str, *, name: str = "demo", kind: str = "DOCKER", owner: str = "developer"
    ) -> str:
        """Register an app, unless the very same is there already; returns its address."""
        told = (name, kind, image.encode(), bytes.fromhex(checksum.removeprefix("0x")), b"")
        return self._register("App", owner, *told)

    def create_dataset(
        self, location: str, checksum: str, *, name: str = "data", owner: str = "developer"
    ) -> str:
        """Register a dataset at a URL, unless the very same is there already; returns its address."""
        told = (name, location.encode(), bytes.fromhex(checksum.removeprefix("0x")))
        return self._register("Dataset", owner, *told)

    def create_pool(
        self, description: str, *, owner: str = "pool", stake_ratio: int = 30, reward_ratio: int = 1
    ) -> str:
        """Register a workerpool with its policy in percent; returns its address."""
        address = self._register("Workerpool", owner, description)
        pool = Contract(self.rpc, address, self._pool_abi)
        pool.send(self._address(owner), "changePolicy", stake_ratio, reward_ratio)
        return address

    def place(
        self,
        app: str,
        *,
        pool: str = "",
        dataset: str = ZERO,
        volume: int = 1,
        category: int = 0,
        trust: int = 1,
        tag: str = "0x" + "00" * 32,
        params: str | Mapping[str, Any] = "",
        callback: str = ZERO,
        beneficiary: str = "",
        app_price: int = 0,
        dataset_price: int = 0,
        pool_price: int = 1000,
        requester: str = "requester",
        developer: str = "developer",
        pool_owner: str = "pool",
    ) -> Placed:
        """Sign all four orders and match them; without *pool* in the deployment's own."""
        pool, payer = pool or self.deployment.pool, self._address(requester)
        common = {"volume": volume, "tag": tag}
        request = new_order(
            "RequestOrder",
            **common,
            app=app,
            dataset=dataset,
            workerpool=pool,
            requester=payer,
            appmaxprice=app_price,
            datasetmaxprice=dataset_price,
            workerpoolmaxprice=pool_price,
            category=category,
            trust=trust,
            callback=callback,
            beneficiary=beneficiary or payer,
            params=params if isinstance(params, str) else json.dumps(params, separators=(",", ":")),
        )
        offer = new_order("AppOrder", app=app, appprice=app_price, **common)
        data = new_order("DatasetOrder", dataset=dataset, datasetprice=dataset_price, **common)
        work = new_order(
            "WorkerpoolOrder",
            **common,
            workerpool=pool,
            workerpoolprice=pool_price,
            category=category,
            trust=trust,
        )
        return self.match(
            self.sign(offer, developer),
            NO_DATASET if dataset == ZERO else self.sign(data, developer),
            self.sign(work, pool_owner),
            self.sign(request, requester),
        )

    def sign(self, order: Order, role: str) -> Order:
        """Sign an order as the account of a role."""
        return order.signed(self.deployment.account(role), self.deployment.chain_id, self.deployment.hub)

    def match(
        self, app: Order, dataset: Order, pool: Order, request: Order, *, by: str = "requester"
    ) -> Placed:
        """Match four signed orders; raises TransactionError with the contract's word when they do not fit."""
        orders = (order.struct() for order in (app, dataset, pool, request))
        receipt = self.hub.send(self._address(by), "matchOrders", *orders)
        matched = next(log for log in receipt["logs"] if log["topics"][0] == ORDERS_MATCHED)
        deal_id = bytes.fromhex(matched["data"][2:66])
        deal = self.hub.call("viewDeal", deal_id)
        first, size = deal[11], deal[12]
        return Placed("0x" + deal_id.hex(), tuple(task_id(deal_id, first + n) for n in range(size)))

    def close(self, order: Order, role: str) -> None:
        """Take an order back: nobody can match it from now on."""
        name = f"manage{order.kind}"
        self.hub.send(self._address(role), name, (self.sign(order, role).struct(), CLOSE, b""))

    def claim(self, task: str, *, by: str = "requester") -> None:
        """Claim the money of a task that nobody finalised in time."""
        self.hub.send(self._address(by), "claim", bytes.fromhex(task[2:]))

    def fund(self, address: str, *, stake_nrlc: int = STAKE_NRLC, purse_nrlc: int = 0, eth: int = 10) -> None:
        """Give any address a deposit in the hub, RLC in hand and money for gas (whole coins)."""
        bank = self._address("deployer")
        native = self.deployment.native
        wei = eth * 10**18 + (purse_nrlc * WEI_PER_NRLC if native else 0)
        if wei:
            self.rpc.send(bank, address, "0x", value_wei=wei)
        if stake_nrlc and native:
            self.hub.send(bank, "depositFor", address, value_wei=stake_nrlc * WEI_PER_NRLC)
        elif stake_nrlc:
            self.hub.send(bank, "depositFor", stake_nrlc, address)
        if purse_nrlc and not native:
            Contract(self.rpc, self.deployment.rlc, ERC20).send(bank, "transfer", address, purse_nrlc)

    def create_callback(self) -> str:
        """Create a contract that results can be called back to; `called_back` reads what came."""
        code = CALLBACK
        creation = bytes.fromhex(f"60{len(code):02x}600c60003960{len(code):02x}6000f3") + code
        receipt = self.rpc.send(self._address("developer"), None, "0x" + creation.hex())
        return str(receipt["contractAddress"]).lower()

    def called_back(self, callback: str, task: str) -> str:
        """Return keccak256 of the data that came back for a task, its result digest; zeros when none came."""
        return str(self.rpc("eth_getStorageAt", callback, task, "latest"))

    def task(self, task: str) -> dict[str, Any]:
        """Return ``viewTask`` by the contract's names."""
        function = next(e for e in self.hub.abi if e.get("name") == "viewTask")
        names = [member["name"] for member in function["outputs"][0]["components"]]
        return dict(zip(names, self.hub.call("viewTask", bytes.fromhex(task[2:])), strict=True))

    def _register(self, kind: str, owner: str, *told: Any) -> str:
        registry, account = self._registries[kind], self._address(owner)
        there = str(registry.call(f"predict{kind}", account, *told)).lower()
        if registry.call("isRegistered", there):
            return there
        made = created(registry.send(account, f"create{kind}", account, *told))
        if made != there:
            raise MarketError(f"the {kind.lower()} was made at {made}, not at {there}")
        return made

    def _address(self, role: str) -> str:
        return self.deployment.account(role).address


def task_id(deal_id: bytes, index: int) -> str:
    """Return a task's id: keccak256 of its deal's and its index."""
    from eth_utils.crypto import keccak

    return "0x" + keccak(deal_id + index.to_bytes(32, "big")).hex()
