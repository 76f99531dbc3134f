"""Orders signed by the accounts of a local chain."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.protocol.orders import NO_DATASET_ORDER, filled, order_tuple, typed_data

__all__ = ["NO_DATASET", "Order", "new_order"]


@dataclass(frozen=True, slots=True)
class Order:
    """An order of one *kind*; *values* by the protocol's names, *sign* 65 bytes as 0x text or none."""

    kind: str
    values: Mapping[str, Any]
    sign: str = "0x"

    def signed(self, by: Account, chain_id: int, hub: str) -> Order:
        """Return it with the signature of whoever it binds."""
        from eth_account import Account as Signer
        from eth_account.messages import encode_typed_data

        typed = typed_data(self.kind, self.values, chain_id, hub)
        message = encode_typed_data(typed["domain"], typed["types"], typed["message"])
        signature = bytes(Signer.sign_message(message, by.private_key).signature)
        return Order(self.kind, self.values, "0x" + signature.hex())

    def struct(self) -> tuple[Any, ...]:
        """Return what the contract takes."""
        return order_tuple(self.kind, self.values, self.sign)


def new_order(kind: str, **values: Any) -> Order:
    """Return an order that differs from any other by its salt; what is not named is nothing or nobody.

    Raises:
        ProtocolError: the protocol knows no such order, or not all of its fields.
    """
    return Order(kind, filled(kind, {"salt": "0x" + secrets.token_hex(32)} | values))


NO_DATASET = Order("DatasetOrder", NO_DATASET_ORDER)
