"""JSON-RPC to a node on this machine, in plain blocking calls."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from typing import Any, cast

from edgepi.errors import ChainError, TransactionError

__all__ = ["Rpc"]

# A receipt is there at once, but for a machine that is busy with something else.
LOOKS, LOOKS_AT_ONCE, LOOK_EVERY_S = 600, 20, 0.05


class Rpc:
    """Asks the node at one loopback port; every call blocks and raises ChainError when it gets no answer."""

    def __init__(self, port: int, *, timeout_s: float = 30.0) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)

    def __call__(self, method: str, *params: Any) -> Any:
        """Return the result; raises TransactionError with the node's own words when it refuses."""
        asked = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        answer = self._post(json.dumps(asked))
        if "error" in answer:
            raise TransactionError(f"{method}: {answer['error'].get('message', answer['error'])}")
        return answer.get("result")

    def send(self, sender: str, to: str | None, data: str, *, value_wei: int = 0) -> dict[str, Any]:
        """Send from an account that the node holds the key of, and return the receipt."""
        asked = {"from": sender, "data": data, "value": hex(value_wei)} | ({} if to is None else {"to": to})
        asked["gas"] = hex(int(int(self("eth_estimateGas", asked), 16) * 1.3))
        receipt = self.receipt(self("eth_sendTransaction", asked))
        if int(receipt["status"], 16) != 1:
            raise TransactionError(f"transaction {receipt['transactionHash']} to {to} failed")
        return receipt

    def receipt(self, tx_hash: str) -> dict[str, Any]:
        """Return the receipt of a transaction that is mined as soon as it arrives."""
        pause = threading.Event()
        for look in range(LOOKS):
            if found := self("eth_getTransactionReceipt", tx_hash):
                return cast("dict[str, Any]", found)
            pause.wait(0.0 if look < LOOKS_AT_ONCE else LOOK_EVERY_S)
        raise TransactionError(f"transaction {tx_hash} is in no block")

    def call(self, to: str, data: str) -> bytes:
        """Ask a contract without a transaction."""
        return bytes.fromhex(self("eth_call", {"to": to, "data": data}, "latest")[2:])

    def latest(self) -> dict[str, Any]:
        """Return the newest block without its transactions."""
        return cast("dict[str, Any]", self("eth_getBlockByNumber", "latest", False))

    def latest_time_s(self) -> int:
        """Return the newest block's time, seconds since 1970."""
        return int(self.latest()["timestamp"], 16)

    def _post(self, body: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self._timeout_s)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            return cast("dict[str, Any]", json.loads(connection.getresponse().read()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ChainError(f"the local chain at {self.url} does not answer: {error}") from error
        finally:
            connection.close()
