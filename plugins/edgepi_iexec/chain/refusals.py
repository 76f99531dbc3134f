"""How errors cross from the chain's process to the node: a kind, a sentence, a hint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from edgepi.errors import ChainError, EdgePiError, ProtocolError, TransactionError, WalletError

__all__ = ["Refusal", "RefusedError", "raise_refusal", "refusal"]


class Refusal(StrEnum):
    """What the chain or its node objected to."""

    UNREACHABLE = "unreachable"
    REVERTED = "reverted"
    NO_GAS = "no_gas"
    NONCE_USED = "nonce_used"
    UNDERPRICED = "underpriced"
    KNOWN = "known"
    WALLET = "wallet"
    MALFORMED = "malformed"
    OTHER = "other"


class RefusedError(TransactionError):
    """A transaction was not taken; *kind* says why."""

    def __init__(self, message: str, kind: Refusal) -> None:
        super().__init__(message, hint=_ADVICE.get(kind))
        self.kind = kind


_ADVICE = {
    Refusal.UNDERPRICED: "see `gas_price_cap_gwei` in the configuration",
    Refusal.NONCE_USED: "use a wallet for one worker only",
}
_WORDS = (
    (Refusal.NO_GAS, re.compile(r"insufficient funds|insufficient balance", re.IGNORECASE)),
    (Refusal.NONCE_USED, re.compile(r"nonce too low|nonce has already|already been used", re.IGNORECASE)),
    (Refusal.UNDERPRICED, re.compile(r"underpriced|fee too low|less than block base fee", re.IGNORECASE)),
    (Refusal.KNOWN, re.compile(r"already known|known transaction|already imported", re.IGNORECASE)),
    (Refusal.REVERTED, re.compile(r"revert", re.IGNORECASE)),
)
_UNREACHABLE = (
    "ConnectionError",
    "Timeout",
    "ConnectTimeout",
    "ReadTimeout",
    "HTTPError",
    "ProxyError",
    "SSLError",
)


# A node's address may carry the key to an account there.
_SECRETS = (
    (re.compile(r"(https?://)(?:[^/\s'\"@]*@)?([^/\s'\"?#)]+)[^\s'\")]*"), r"\1\2"),
    (re.compile(r"(with url: )/\S*"), r"\1/..."),
    (re.compile(r"0x[0-9a-fA-F]{128,}"), "0x..."),
)


def refusal(error: BaseException) -> dict[str, Any]:
    """Put an error into words that fit into a message; never a key, whatever a library quotes."""
    text = str(error)
    for secret, instead in _SECRETS:
        text = secret.sub(instead, text)
    text = text[:500]
    return {"kind": _kind(error, text).value, "text": text or type(error).__name__, "hint": _hint(error)}


def _kind(error: BaseException, text: str) -> Refusal:
    if isinstance(error, WalletError):
        return Refusal.WALLET
    names = {each.__name__ for each in type(error).__mro__}
    if names & set(_UNREACHABLE) or isinstance(error, OSError):
        return Refusal.UNREACHABLE
    if "ContractLogicError" in names:
        return Refusal.REVERTED
    if names & {"BadSignature", "ValidationError", "ProtocolError"}:
        return Refusal.MALFORMED
    garbled = names & {"BadResponseFormat", "BadFunctionCallOutput"}
    otherwise = Refusal.UNREACHABLE if garbled else Refusal.OTHER
    return next((kind for kind, words in _WORDS if words.search(text)), otherwise)


def _hint(error: BaseException) -> str | None:
    return error.hint if isinstance(error, EdgePiError) else None


def raise_refusal(fields: Mapping[str, Any], what: str, *, reading: bool = False) -> None:
    """Raise what a refusal stands for; *reading* sent nothing, so that no transaction can have failed.

    Raises:
        ChainError: the node cannot be reached or talks nonsense.
        TransactionError: the contracts refuse.
        RefusedError: the transaction was not taken.
        WalletError: the wallet cannot pay or be unlocked.
        ProtocolError: what was handed over is malformed.
    """
    kind, text, hint = Refusal(fields["kind"]), str(fields["text"]), fields["hint"]
    if kind is Refusal.WALLET:
        raise WalletError(text, hint=hint)
    if kind is Refusal.MALFORMED:
        raise ProtocolError(f"{what}: {text}")
    if kind is Refusal.UNREACHABLE:
        raise ChainError(f"the chain's node cannot be asked: {text}", hint="see `rpc` in the configuration")
    if reading:
        raise ChainError(f"{what}: {text}")
    if kind is Refusal.NO_GAS:
        raise WalletError(f"{what}: the wallet cannot pay for gas", hint="send it some of the chain's coin")
    if kind is Refusal.REVERTED:
        raise TransactionError(f"{what}: the contracts refuse: {text}")
    raise RefusedError(f"{what}: {text}", kind)
