"""The four orders that a deal is made of: how they are signed, named and given to the contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.eip712 import Members, typed_hash
from edgepi_iexec.protocol.hashing import ZERO_ADDRESS, ZERO_HASH, hash_bytes, hex_bytes, hex_text

__all__ = [
    "FIELDS",
    "NO_DATASET_ORDER",
    "domain",
    "filled",
    "order_digest",
    "order_hash",
    "order_tuple",
    "typed_data",
]

_RESTRICTIONS = {
    name: (f"{name}restrict", "address") for name in ("app", "dataset", "workerpool", "requester")
}
FIELDS: Mapping[str, Members] = {
    "AppOrder": (
        ("app", "address"),
        ("appprice", "uint256"),
        ("volume", "uint256"),
        ("tag", "bytes32"),
        _RESTRICTIONS["dataset"],
        _RESTRICTIONS["workerpool"],
        _RESTRICTIONS["requester"],
        ("salt", "bytes32"),
    ),
    "DatasetOrder": (
        ("dataset", "address"),
        ("datasetprice", "uint256"),
        ("volume", "uint256"),
        ("tag", "bytes32"),
        _RESTRICTIONS["app"],
        _RESTRICTIONS["workerpool"],
        _RESTRICTIONS["requester"],
        ("salt", "bytes32"),
    ),
    "WorkerpoolOrder": (
        ("workerpool", "address"),
        ("workerpoolprice", "uint256"),
        ("volume", "uint256"),
        ("tag", "bytes32"),
        ("category", "uint256"),
        ("trust", "uint256"),
        _RESTRICTIONS["app"],
        _RESTRICTIONS["dataset"],
        _RESTRICTIONS["requester"],
        ("salt", "bytes32"),
    ),
    "RequestOrder": (
        ("app", "address"),
        ("appmaxprice", "uint256"),
        ("dataset", "address"),
        ("datasetmaxprice", "uint256"),
        ("workerpool", "address"),
        ("workerpoolmaxprice", "uint256"),
        ("requester", "address"),
        ("volume", "uint256"),
        ("tag", "bytes32"),
        ("category", "uint256"),
        ("trust", "uint256"),
        ("beneficiary", "address"),
        ("callback", "address"),
        ("params", "string"),
        ("salt", "bytes32"),
    ),
}
"""Members of each kind in the contracts' order, without the signature."""

_NOTHING: Mapping[str, Any] = {"address": ZERO_ADDRESS, "uint256": 0, "bytes32": ZERO_HASH, "string": ""}


def domain(chain_id: int, hub: str) -> dict[str, Any]:
    """Return the EIP-712 domain of all orders."""
    return {"name": "iExecODB", "version": "5.0.0", "chainId": chain_id, "verifyingContract": hub}


def filled(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order with nothing, or nobody, where *values* has none; raises ProtocolError."""
    members = _members(kind)
    if unknown := values.keys() - {name for name, _ in members}:
        raise ProtocolError(f"{kind} has no {', '.join(sorted(unknown))}")
    return {name: values.get(name, _NOTHING[of]) for name, of in members}


def typed_data(kind: str, order: Mapping[str, Any], chain_id: int, hub: str) -> dict[str, Any]:
    """Return ``domain``, ``types`` and ``message`` as signers want them; raises ProtocolError."""
    members = [{"name": name, "type": of} for name, of in _members(kind)]
    return {"domain": domain(chain_id, hub), "types": {kind: members}, "message": filled(kind, order)}


def order_digest(kind: str, order: Mapping[str, Any], chain_id: int, hub: str) -> bytes:
    """Return the 32 bytes that an order's owner signs; raises ProtocolError."""
    return typed_hash(domain(chain_id, hub), kind, _members(kind), filled(kind, order))


def order_hash(kind: str, order: Mapping[str, Any], chain_id: int, hub: str) -> str:
    """Return what the contracts call an order; raises ProtocolError."""
    return hex_text(order_digest(kind, order, chain_id, hub))


def order_tuple(kind: str, order: Mapping[str, Any], sign: str = "0x") -> tuple[Any, ...]:
    """Return the struct that the contracts take, its signature last; raises ProtocolError."""
    values = filled(kind, order)
    members = ((values[name], of) for name, of in _members(kind))
    encoded = (hash_bytes(value) if of == "bytes32" else value for value, of in members)
    return (*encoded, hex_bytes(sign, "a signature", most=2048))


def _members(kind: str) -> Members:
    if kind not in FIELDS:
        raise ProtocolError(f"{kind[:40]!r} is no kind of order")
    return FIELDS[kind]


NO_DATASET_ORDER = filled("DatasetOrder", {})
"""For a deal without a dataset, unsigned."""
