from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgepi.errors import MarketError
from edgepi_iexec.devchain.accounts import roles
from edgepi_iexec.devchain.contracts import Artifact, selectors
from edgepi_iexec.devchain.deploy import CATEGORIES
from edgepi_iexec.devchain.deployment import VERSION, Deployment


@pytest.fixture
def deployment() -> Deployment:
    names = ("hub", "rlc", "app_registry", "dataset_registry", "workerpool_registry", "pool")
    addresses = {name: f"0x{number:040x}" for number, name in enumerate(names)}
    return Deployment(
        version=VERSION,
        chain_id=31337,
        rpc_url="http://127.0.0.1:1",
        native=False,
        categories=CATEGORIES,
        accounts=roles(),
        **addresses,
    )


def test_what_was_written_is_read_again(deployment: Deployment, tmp_path: Path) -> None:
    deployment.save(tmp_path / "devchain.json")
    assert Deployment.load(tmp_path / "devchain.json") == deployment
    assert (tmp_path / "devchain.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"categories": 1}'])
def test_what_is_no_deployment_is_refused(text: str) -> None:
    with pytest.raises(MarketError, match="cannot be read"):
        Deployment.from_json(text)


def test_a_field_too_many_is_refused(deployment: Deployment) -> None:
    with pytest.raises(MarketError, match="cannot be read"):
        Deployment.from_json(json.dumps(json.loads(deployment.to_json()) | {"more": 1}))


def test_every_account_has_a_part_and_its_own_key(deployment: Deployment) -> None:
    from eth_account import Account as Signer

    assert [account.role for account in deployment.accounts[:5]] == [
        *("deployer", "pool", "requester", "developer", "worker-1")
    ]
    assert len(deployment.workers) == 16
    for account in deployment.accounts:
        assert Signer.from_key(account.private_key).address.lower() == account.address


def test_a_librarys_address_is_put_where_it_belongs() -> None:
    code = "0x" + "aa" * 3 + "00" * 20 + "bb"
    artifact = Artifact("Facet", (), code, {"Orders": [3]})
    assert artifact.creation_code({"Orders": "0x" + "11" * 20}) == "0x" + "aa" * 3 + "11" * 20 + "bb"
    with pytest.raises(MarketError, match="Facet needs the library Orders"):
        artifact.creation_code({})


def test_a_facet_can_take_plain_money() -> None:
    abi = ({"type": "receive"}, {"type": "fallback"}, {"type": "function", "name": "owner", "inputs": []})
    assert selectors(abi) == {
        bytes(4): "receive",
        b"\xff" * 4: "fallback",
        bytes.fromhex("8da5cb5b"): "owner",
    }
