from __future__ import annotations

import pytest

from edgepi.errors import ChainError, EdgePiError, ProtocolError, TransactionError, WalletError
from edgepi_iexec.chain.refusals import Refusal, RefusedError, raise_refusal, refusal

KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


class ContractLogicError(Exception):
    """As web3 calls it."""


class ReadTimeout(Exception):  # noqa: N818
    """As requests calls it."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ContractLogicError("execution reverted: iExecV5-matchOrders-0x60"), Refusal.REVERTED),
        (ValueError("execution reverted"), Refusal.REVERTED),
        (ValueError("insufficient funds for gas * price + value"), Refusal.NO_GAS),
        (ValueError("nonce too low: next nonce 5, tx nonce 4"), Refusal.NONCE_USED),
        (ValueError("replacement transaction underpriced"), Refusal.UNDERPRICED),
        (ValueError("max fee per gas less than block base fee"), Refusal.UNDERPRICED),
        (ValueError("already known"), Refusal.KNOWN),
        (ConnectionRefusedError("refused"), Refusal.UNREACHABLE),
        (ReadTimeout("timed out"), Refusal.UNREACHABLE),
        (WalletError("it does not open"), Refusal.WALLET),
        (ValueError("whatever"), Refusal.OTHER),
    ],
)
def test_an_error_has_a_kind(error: Exception, kind: Refusal) -> None:
    assert refusal(error)["kind"] == kind


@pytest.mark.parametrize(
    ("kind", "reading", "raised"),
    [
        (Refusal.UNREACHABLE, False, ChainError),
        (Refusal.REVERTED, False, TransactionError),
        (Refusal.REVERTED, True, ChainError),
        (Refusal.NO_GAS, False, WalletError),
        (Refusal.WALLET, True, WalletError),
        (Refusal.MALFORMED, False, ProtocolError),
        (Refusal.NONCE_USED, False, RefusedError),
        (Refusal.OTHER, False, RefusedError),
        (Refusal.OTHER, True, ChainError),
    ],
)
def test_a_kind_is_an_error_again(kind: Refusal, reading: bool, raised: type[EdgePiError]) -> None:
    with pytest.raises(raised) as caught:
        raise_refusal({"kind": kind.value, "text": "why", "hint": None}, "reveal", reading=reading)
    assert type(caught.value) is raised


def test_the_contracts_word_is_told() -> None:
    fields = refusal(ContractLogicError("execution reverted: iExecV5-matchOrders-0x60"))
    with pytest.raises(TransactionError, match="iExecV5-matchOrders-0x60"):
        raise_refusal(fields, "matchOrders")


@pytest.mark.parametrize(
    "text",
    [
        f"HTTPSConnectionPool(host='node.test', port=443): with url: /v2/{KEY} (Caused by x)",
        f"404 Client Error: Not Found for url: https://node.test/v2/{KEY}",
        f"cannot ask https://user:{KEY}@node.test:8545/",
        f"bad transaction 0x{KEY}{KEY}",
    ],
)
def test_nothing_secret_is_told(text: str) -> None:
    told = refusal(ValueError(text))["text"]
    assert KEY not in told
    assert told


def test_the_host_of_a_node_is_told() -> None:
    assert "node.test:8545" in refusal(ValueError("no answer from http://a:b@node.test:8545/x?k=1"))["text"]
