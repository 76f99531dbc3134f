"""The child process with web3 and the wallet's key: it signs, sends and reads; it never waits."""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from edgepi.errors import WalletError
from edgepi.plugin import Message
from edgepi_iexec.chain.refusals import Refusal, refusal

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from eth_typing import Hash32
    from hexbytes import HexBytes
    from web3 import Web3
    from web3.contract import Contract

__all__ = ["keep_memory_private", "serve"]

RPC_TIMEOUT_S = 10.0
RECURSION_LIMIT = 1000
PR_SET_DUMPABLE = 4


class _Chain:
    """Answers one question at a time; a refusal is an answer, too.

    Signing and submitting are two, so that the parent knows a transaction's hash before any node does.
    """

    def __init__(self) -> None:
        self._w3: Web3 | None = None
        self._account: LocalAccount | None = None
        self._hub: Contract | None = None
        self._abi: dict[str, list[dict[str, Any]]] = {}
        self._events: dict[str, Any] = {}

    def __call__(self, message: Message) -> Message:
        """Do what is asked; what cannot be done comes back with its kind."""
        try:
            act: Callable[..., Any] = getattr(self, f"_do_{message.kind}")
            return Message("answer", {"result": act(**message.fields)})
        except Exception as error:  # noqa: BLE001 (web3 raises of every kind; each is told in words)
            return Message("refused", refusal(error))

    def _do_open(self, rpc: str, hub: str, keystore: str | None, password: str) -> str | None:
        from web3 import HTTPProvider, Web3

        # A package below web3 raises it so far that deeply nested JSON would end the process.
        sys.setrecursionlimit(RECURSION_LIMIT)
        provider = HTTPProvider(
            rpc, request_kwargs={"timeout": RPC_TIMEOUT_S}, exception_retry_configuration=None
        )
        self._w3 = Web3(provider)
        self._abi = json.loads((files("edgepi_iexec.chain") / "abi.json").read_text(encoding="utf-8"))
        self._events = {}
        self._hub = self._contract(hub, [*self._abi["hub"], *self._abi["token"]])
        if keystore is not None and self._account is None:
            keep_memory_private()
            self._account = _unlock(keystore, password)
        return self._account.address.lower() if self._account else None

    def _contract(self, address: str, abi: list[dict[str, Any]]) -> Contract:
        from eth_utils.address import to_checksum_address

        assert self._w3 is not None
        return self._w3.eth.contract(address=to_checksum_address(address), abi=abi)

    def _at(self, kind: str, address: str | None) -> Contract:
        if kind == "hub" or address is None:
            assert self._hub is not None
            return self._hub
        return self._contract(address, self._abi[kind])

    def _do_view(self, contract: str, address: str | None, name: str, arguments: list[Any]) -> Any:
        function = getattr(self._at(contract, address).functions, name)
        return _plain(function(*map(_argument, arguments)).call())

    def _do_logs(self, name: str, first: int, last: int, topics: list[str]) -> list[dict[str, Any]]:
        assert self._hub is not None
        assert self._w3 is not None
        if (number := self._w3.eth.block_number) < last:  # it would keep silent about what it lacks
            raise ConnectionError(f"it is at block {number}, {last} was asked for")
        event = getattr(self._hub.events, name)()
        wanted = [_topic(event.abi)] + ["0x" + topic.removeprefix("0x").rjust(64, "0") for topic in topics]
        found = self._w3.eth.get_logs(
            {"address": self._hub.address, "fromBlock": first, "toBlock": last, "topics": wanted}
        )
        return [_event(event.process_log(log)) for log in found]

    def _do_receipt(self, tx_hash: str) -> dict[str, Any] | None:
        from web3.exceptions import TransactionNotFound

        assert self._w3 is not None
        try:
            receipt = self._w3.eth.get_transaction_receipt(_hex(tx_hash))
        except TransactionNotFound:
            return None
        return {
            "ok": receipt["status"] == 1,
            "block": receipt["blockNumber"],
            "gas": receipt["gasUsed"],
            "events": self._events_of(receipt),
        }

    def _events_of(self, receipt: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The hub's events that we have a use for, as they happened."""
        assert self._hub is not None
        if not self._events:
            entries = (entry for entry in self._abi["hub"] if entry["type"] == "event")
            self._events = {_topic(entry): getattr(self._hub.events, entry["name"])() for entry in entries}
        mine = (log for log in receipt["logs"] if log["address"].lower() == self._hub.address.lower())
        named = (
            (self._events.get("0x" + bytes(log["topics"][0]).hex()), log) for log in mine if log["topics"]
        )
        found = [_event(event.process_log(log)) for event, log in named if event is not None]
        return sorted(found, key=lambda event: int(event["log_index"]))

    def _do_nonces(self) -> dict[str, int]:
        assert self._w3 is not None
        address = self._me().address
        count = self._w3.eth.get_transaction_count
        return {"latest": count(address, "latest"), "pending": count(address, "pending")}

    def _do_estimate(self, call: dict[str, Any]) -> int:
        return int(self._function(call).estimate_gas(self._frame(call)))

    def _do_sign(
        self, call: dict[str, Any], nonce: int, gas: int, gas_price_wei: int, chain_id: int
    ) -> dict[str, str]:
        terms = {"nonce": nonce, "gas": gas, "gasPrice": gas_price_wei, "chainId": chain_id}
        built = self._function(call).build_transaction({**self._frame(call), **terms})
        signed = self._me().sign_transaction(built)
        return {name: "0x" + bytes(getattr(signed, name)).hex() for name in ("hash", "raw_transaction")}

    def _do_submit(self, raw: str) -> None:
        """Hand a signed transaction to the node; that it has it already is fine."""
        assert self._w3 is not None
        try:
            self._w3.eth.send_raw_transaction(_hex(raw))
        except Exception as error:
            if refusal(error)["kind"] != Refusal.KNOWN:
                raise

    def _function(self, call: dict[str, Any]) -> Any:
        contract = self._at(call["kind"], call["address"])
        if call["name"] == "deposit" and not call["arguments"]:
            contract = self._contract(contract.address, self._abi["native"])
        return getattr(contract.functions, call["name"])(*map(_argument, call["arguments"]))

    def _frame(self, call: dict[str, Any]) -> dict[str, Any]:
        return {"from": self._me().address, "value": call["value_wei"]}

    def _me(self) -> LocalAccount:
        if self._account is None:
            raise WalletError("there is no wallet", hint="`edgepi iexec wallet new` makes one")
        return self._account

    def _do_sign_raw(self, digest: str) -> str:
        return _signature(self._me().unsafe_sign_hash(cast("Hash32", bytes(_hex(digest)))))

    def _do_sign_personal(self, digest: str) -> str:
        from eth_account.messages import encode_defunct

        return _signature(self._me().sign_message(encode_defunct(_hex(digest))))

    def _do_sign_typed(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> str:
        return _signature(self._me().sign_typed_data(domain, types, message))

    def _do_recover(self, digest: str, signature: str) -> str:
        from eth_account import Account
        from eth_account.messages import encode_defunct

        signer: str = Account.recover_message(encode_defunct(_hex(digest)), signature=_hex(signature))
        return signer.lower()


def keep_memory_private() -> None:
    """Let nobody read this process's memory, which has the key: no core file, no other program."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _unlock(keystore: str, password: str) -> LocalAccount:
    from edgepi_iexec.wallet.keystore import unlock

    return unlock(keystore, password)


def _signature(signed: Any) -> str:
    return "0x" + bytes(signed.signature).hex()


def _hex(text: str) -> HexBytes:
    from hexbytes import HexBytes

    return HexBytes(text.removeprefix("0x"))


def _topic(abi: Any) -> str:
    from eth_utils.abi import event_abi_to_log_topic

    return "0x" + event_abi_to_log_topic(abi).hex()


def _argument(value: Any) -> Any:
    """Turn 0x texts into what the ABI wants: addresses with their checksum, everything else into bytes."""
    if isinstance(value, list):
        return [_argument(each) for each in value]
    if not isinstance(value, str):
        return value
    from eth_utils.address import to_checksum_address

    return to_checksum_address(value) if len(value) == 42 else _hex(value)


def _event(log: Any) -> dict[str, Any]:
    return {
        "name": log["event"],
        "block_number": log["blockNumber"],
        "block_hash": "0x" + bytes(log["blockHash"]).hex(),
        "tx_hash": "0x" + bytes(log["transactionHash"]).hex(),
        "log_index": log["logIndex"],
        "arguments": {key: _plain(value) for key, value in log["args"].items()},
    }


def _plain(value: Any) -> Any:
    """Turn what web3 returns into JSON: bytes and addresses to lower-case 0x texts."""
    if isinstance(value, bytes):
        return "0x" + bytes(value).hex()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        return value.lower()
    return value


serve = _Chain()
