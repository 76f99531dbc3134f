"""Whom the owner works for, on what and for how much; every refusal is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgepi_iexec.chain.model import ZERO_ADDRESS
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.protocol import tags
from edgepi_iexec.worker.checks import Terms

__all__ = ["RLC", "OwnersPolicy", "Parties", "refusal"]

RLC = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom to work for: nobody that is denied, and if anybody is allowed nobody else."""

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()

    def refuse(self, address: str) -> str | None:
        """What the owner says against somebody, as the end of a sentence."""
        if address in self.deny:
            return "is on the owner's list of denied ones"
        if self.allow and address not in self.allow:
            return "is not on the owner's list of allowed ones"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersPolicy:
    """The owner's wishes; addresses are lower-case, *longest_s* is the longest category's time.

    *categories* and *most_trust* allow all where nothing is said. *floor_nrlc_per_wh* is of net earnings,
    *nrlc_per_wei* what the coin is worth that gas is paid in.
    """

    apps: Parties = Parties()
    requesters: Parties = Parties()
    datasets: Parties = Parties()
    categories: frozenset[int] = frozenset()
    min_price_nrlc: int = 0
    floor_nrlc_per_wh: float = 0.0
    longest_s: float = 3600.0
    most_trust: int | None = None
    nrlc_per_wei: float = 1e-9

    @classmethod
    def of(cls, config: IexecConfig) -> OwnersPolicy:
        """The policy that a configuration states; its prices are in RLC."""
        return cls(
            apps=Parties(frozenset(config.allow_apps), frozenset(config.deny_apps)),
            requesters=Parties(frozenset(config.allow_requesters), frozenset(config.deny_requesters)),
            datasets=Parties(frozenset(config.allow_datasets), frozenset(config.deny_datasets)),
            categories=frozenset(config.categories),
            min_price_nrlc=round(config.min_price * RLC),
            floor_nrlc_per_wh=config.floor_per_wh * RLC,
            longest_s=config.longest,
            most_trust=config.most_trust,
            nrlc_per_wei=config.rlc_per_coin * RLC / 1e18,
        )


def refusal(policy: OwnersPolicy, terms: Terms) -> str | None:
    """Why a task is not wanted, whatever the energy; None if it is.

    Raises:
        ProtocolError: the deal's tag is none.
    """
    return next((why for check in _CHECKS if (why := check(policy, terms)) is not None), None)


def _tag(policy: OwnersPolicy, terms: Terms) -> str | None:
    del policy
    if tags.needs_tee(terms.deal.tag):
        return "the task needs an enclave, which this machine has not"
    if tags.needs_gpu(terms.deal.tag):
        return "the task needs a GPU, which this machine does not lend"
    return None


def _app(policy: OwnersPolicy, terms: Terms) -> str | None:
    if terms.app.kind.upper() != "DOCKER":
        return f"the app is of kind {terms.app.kind[:20]!r}, not a Docker image"
    why = policy.apps.refuse(terms.app.address)
    return why and f"the app {terms.app.address} {why}"


def _requester(policy: OwnersPolicy, terms: Terms) -> str | None:
    why = policy.requesters.refuse(terms.deal.requester)
    return why and f"the requester {terms.deal.requester} {why}"


def _dataset(policy: OwnersPolicy, terms: Terms) -> str | None:
    address = terms.deal.dataset.pointer
    if address == ZERO_ADDRESS:
        return None
    why = policy.datasets.refuse(address)
    return why and f"the dataset {address} {why}"


def _category(policy: OwnersPolicy, terms: Terms) -> str | None:
    category = terms.category
    if policy.categories and category.number not in policy.categories:
        return f"the owner takes no tasks of category {category.number}"
    if category.time_ref_s > policy.longest_s:
        return (
            f"a task of category {category.number} may run {category.time_ref_s / 60:.0f} min,"
            f" longer than the owner's {policy.longest_s / 60:.0f} min"
        )
    return None


def _trust(policy: OwnersPolicy, terms: Terms) -> str | None:
    if policy.most_trust is None or terms.deal.trust <= policy.most_trust:
        return None
    return f"it asks for a trust of {terms.deal.trust}, more than the owner's {policy.most_trust}"


def _price(policy: OwnersPolicy, terms: Terms) -> str | None:
    price = terms.deal.workerpool.price_nrlc
    if price >= policy.min_price_nrlc:
        return None
    return f"it pays {price / RLC:g} RLC, less than the owner's {policy.min_price_nrlc / RLC:g} RLC"


_CHECKS: tuple[Callable[[OwnersPolicy, Terms], str | None], ...] = (
    _tag,
    _app,
    _requester,
    _dataset,
    _category,
    _trust,
    _price,
)
