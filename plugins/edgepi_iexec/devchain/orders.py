"""The four orders that a deal is made of, signed by the accounts of a local chain."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgepi_iexec.devchain.accounts import Account

__all__ = ["NO_DATASET", "Order", "new_order"]

ZERO = "0x" + "00" * 20
NO_TAG = "0x" + "00" * 32

FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "AppOrder": (
        ("app", "address"),
        ("appprice", "uint256"),
        ("volume", "uint256"),
        ("tag", "bytes32"),
        ("datasetrestrict", "address"),
        ("workerpoolrestrict", "address"),
        ("requesterrestrict", "address"),
        ("salt", "bytes32"),
    ),
    "DatasetOrder": (
        ("dataset", "address"),
        ("datasetprice", "uint256"),
        ("volume", "uint256"),
        ("tag", "bytes32"),
        ("apprestrict", "address"),
        ("workerpoolrestrict", "address"),
        ("requesterrestrict", "address"),
        ("salt", "bytes32"),
    ),
    "WorkerpoolOrder": (
        ("workerpool", "address"),
        ("workerpoolprice", "uint256"),
        ("volume", "uint256"),
        ("tag", "bytes32"),
        ("category", "uint256"),
        ("trust", "uint256"),
        ("apprestrict", "address"),
        ("datasetrestrict", "address"),
        ("requesterrestrict", "address"),
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
DEFAULTS: Mapping[str, Any] = {"address": ZERO, "uint256": 0, "bytes32": NO_TAG, "string": ""}


@dataclass(frozen=True, slots=True)
class Order:
    """An order of one *kind*; *values* by the protocol's names, *sign* 65 bytes or none."""

    kind: str
    values: Mapping[str, Any]
    sign: bytes = b""

    def typed_data(self, chain_id: int, hub: str) -> dict[str, Any]:
        """Return what is signed, as EIP-712 has it."""
        domain = {"name": "iExecODB", "version": "5.0.0", "chainId": chain_id, "verifyingContract": hub}
        members = [{"name": name, "type": kind} for name, kind in FIELDS[self.kind]]
        return {"domain": domain, "types": {self.kind: members}, "message": dict(self.values)}

    def signed(self, by: Account, chain_id: int, hub: str) -> Order:
        """Return it with the signature of whoever it binds."""
        from eth_account import Account as Signer
        from eth_account.messages import encode_typed_data

        typed = self.typed_data(chain_id, hub)
        message = encode_typed_data(typed["domain"], typed["types"], typed["message"])
        return Order(self.kind, self.values, bytes(Signer.sign_message(message, by.private_key).signature))

    def struct(self) -> tuple[Any, ...]:
        """Return what the contract takes."""
        values = (self._for_contract(name, kind) for name, kind in FIELDS[self.kind])
        return (*values, self.sign)

    def _for_contract(self, name: str, kind: str) -> Any:
        value = self.values[name]
        return bytes.fromhex(value[2:]) if kind == "bytes32" else value


def new_order(kind: str, **values: Any) -> Order:
    """Return an order that differs from any other by its salt; what is not named is nothing or nobody."""
    full = {name: DEFAULTS[of] for name, of in FIELDS[kind]}
    unknown = values.keys() - full.keys()
    if unknown:
        raise ValueError(f"{kind} has no {', '.join(sorted(unknown))}")
    return Order(kind, full | {"salt": "0x" + secrets.token_hex(32)} | values)


NO_DATASET = Order("DatasetOrder", {name: DEFAULTS[of] for name, of in FIELDS["DatasetOrder"]})
