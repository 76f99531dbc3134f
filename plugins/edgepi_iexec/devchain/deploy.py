"""Deploys the contracts in the order that they depend on each other, and gives everybody what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgepi_iexec.devchain.accounts import Account, roles
from edgepi_iexec.devchain.contracts import Abi, Contract, Library, selectors
from edgepi_iexec.devchain.deployment import VERSION, Category, Deployment
from edgepi_iexec.devchain.rpc import Rpc

__all__ = ["CATEGORIES", "STAKE_NRLC", "WEI_PER_NRLC", "deploy"]

ZERO = "0x" + "00" * 20
WEI_PER_NRLC = 10**9
RLC = 10**9  # nRLC
PURSE_NRLC = 10_000 * RLC  # to each account, in its own hands
STAKE_NRLC = 1_000 * RLC  # to each account, deposited in the hub

# Names and times of the public chains.
CATEGORIES = (
    Category("XS", 300),
    Category("S", 1200),
    Category("M", 3600),
    Category("L", 10800),
    Category("XL", 36000),
)
CUTTERS = ("DiamondCutFacet", "DiamondLoupeFacet", "OwnershipFacet")
ORDERS = "IexecLibOrders_v5"
FACETS = (
    "IexecAccessorsABILegacyFacet",
    "IexecCategoryManagerFacet",
    "IexecConfigurationExtraFacet",
    "IexecConfigurationFacet",
    "IexecERC20Facet",
    "IexecOrderManagementFacet",
    "IexecPoco1Facet",
    "IexecPoco2Facet",
    "IexecPocoAccessorsFacet",
    "IexecPocoBoostFacet",
    "IexecPocoBoostAccessorsFacet",
    "IexecRelayFacet",
)
REGISTRIES = ("AppRegistry", "DatasetRegistry", "WorkerpoolRegistry")
# The bytecode of the token comes without its interface.
ERC20: Abi = tuple(
    {
        "type": "function",
        "name": name,
        "inputs": [{"type": kind} for kind in inputs],
        "outputs": [{"type": output}],
    }
    for name, inputs, output in (
        ("transfer", ("address", "uint256"), "bool"),
        ("approve", ("address", "uint256"), "bool"),
        ("balanceOf", ("address",), "uint256"),
    )
)


@dataclass(slots=True)
class _Deployer:
    rpc: Rpc
    library: Library
    owner: str
    libraries: dict[str, str] = field(default_factory=dict)

    def create(self, name: str, *arguments: object) -> Contract:
        artifact = self.library.artifact(name)
        receipt = self.rpc.send(self.owner, None, artifact.creation_code(self.libraries, *arguments))
        return Contract(self.rpc, str(receipt["contractAddress"]).lower(), artifact.abi)


def deploy(
    rpc: Rpc, library: Library, *, native: bool, categories: Sequence[Category] = CATEGORIES
) -> Deployment:
    """Deploy everything onto a fresh chain. Blocks for some seconds; raises ChainError or MarketError.

    Always from the same account in the same order, so the addresses are always the same. Afterwards
    every account holds RLC and a deposit, and the account ``pool`` owns a workerpool.
    """
    accounts = roles()
    deployer = _Deployer(rpc, library, accounts[0].address)
    rlc = None if native else Contract(rpc, deployer.create("RLC").address, ERC20)
    hub = _hub(deployer, native=native)
    apps, datasets, pools = (_registry(deployer, name) for name in REGISTRIES)
    token = ZERO if rlc is None else rlc.address
    registries = (apps.address, datasets.address, pools.address)
    hub.send(deployer.owner, "configure", token, "Staked RLC", "SRLC", 9, *registries, ZERO)
    for category in categories:
        hub.send(deployer.owner, "createCategory", category.name, '""', category.time_s)
    _give(hub, rlc, accounts)
    owner = next(account for account in accounts if account.role == "pool")
    return Deployment(
        version=VERSION,
        chain_id=int(rpc("eth_chainId"), 16),
        rpc_url=rpc.url,
        native=native,
        hub=hub.address,
        rlc=token,
        app_registry=apps.address,
        dataset_registry=datasets.address,
        workerpool_registry=pools.address,
        pool=_pool(pools, owner),
        categories=tuple(categories),
        accounts=accounts,
    )


def _hub(deployer: _Deployer, *, native: bool) -> Contract:
    """Create the diamond and cut every facet into it."""
    begin = deployer.create("DiamondInit")
    taken: set[bytes] = set()
    cuts = [_cut(deployer.create(name), taken) for name in CUTTERS]
    diamond = deployer.create("Diamond", cuts, (deployer.owner, begin.address, _data(begin, "init")))
    interface = deployer.library.artifact("IexecInterfaceNative" if native else "IexecInterfaceToken")
    cutting = deployer.library.artifact("DiamondCutFacet")
    hub = Contract(deployer.rpc, diamond.address, (*interface.abi, *cutting.abi))
    deployer.libraries[ORDERS] = deployer.create(ORDERS).address
    escrow = "IexecEscrowNativeFacet" if native else "IexecEscrowTokenFacet"
    for name in (*FACETS, escrow):
        hub.send(deployer.owner, "diamondCut", [_cut(deployer.create(name), taken)], ZERO, b"")
    return hub


def _cut(facet: Contract, taken: set[bytes]) -> tuple[str, int, list[bytes]]:
    """Return what adds a facet; a function that the hub already has stays with the facet that has it."""
    added = [selector for selector in selectors(facet.abi) if selector not in taken]
    taken.update(added)
    return facet.address, 0, added


def _data(contract: Contract, name: str) -> bytes:
    return bytes.fromhex(contract.data(name)[2:])


def _registry(deployer: _Deployer, name: str) -> Contract:
    registry = deployer.create(name)
    registry.send(deployer.owner, "initialize", ZERO)
    registry.send(deployer.owner, "setBaseURI", "https://nfts.example/")
    return registry


def _give(hub: Contract, rlc: Contract | None, accounts: Sequence[Account]) -> None:
    """Give every account RLC and a deposit; native accounts are born with money."""
    owner, everybody = accounts[0].address, [account.address for account in accounts]
    if rlc is None:
        for address in everybody:
            hub.send(address, "deposit", value_wei=STAKE_NRLC * WEI_PER_NRLC)
        return
    for address in everybody[1:]:
        rlc.send(owner, "transfer", address, PURSE_NRLC)
    rlc.send(owner, "approve", hub.address, 2**256 - 1)
    hub.send(owner, "depositForArray", [STAKE_NRLC] * len(everybody), everybody)


def _pool(registry: Contract, owner: Account) -> str:
    receipt = registry.send(owner.address, "createWorkerpool", owner.address, "EdgePi")
    return created(receipt)


def created(receipt: Mapping[str, Any]) -> str:
    """Return the address of an app, dataset or pool: the id of the token that its registry made."""
    token = next(str(log["topics"][3]) for log in receipt["logs"] if len(log["topics"]) == 4)
    return "0x" + token[-40:].lower()
