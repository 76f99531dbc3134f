from __future__ import annotations

from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol import orders

HUB = "0x3eca1b216a7df1c7689aeb259ffb83adfb894e7f"
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "uint256": st.integers(0, (1 << 256) - 1),
    "bytes32": st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex()),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
}
ORDERS = st.sampled_from(sorted(orders.FIELDS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.fixed_dictionaries({name: BY_TYPE[of] for name, of in orders.FIELDS[kind]})
    )
)
SPELLED = {
    "AppOrder": "address app,uint256 appprice,uint256 volume,bytes32 tag,address datasetrestrict,"
    "address workerpoolrestrict,address requesterrestrict,bytes32 salt",
    "DatasetOrder": "address dataset,uint256 datasetprice,uint256 volume,bytes32 tag,address apprestrict,"
    "address workerpoolrestrict,address requesterrestrict,bytes32 salt",
    "WorkerpoolOrder": "address workerpool,uint256 workerpoolprice,uint256 volume,bytes32 tag,"
    "uint256 category,uint256 trust,"
    "address apprestrict,address datasetrestrict,address requesterrestrict,bytes32 salt",
    "RequestOrder": "address app,uint256 appmaxprice,address dataset,uint256 datasetmaxprice,"
    "address workerpool,uint256 workerpoolmaxprice,address requester,uint256 volume,bytes32 tag,"
    "uint256 category,uint256 trust,address beneficiary,address callback,string params,bytes32 salt",
}


def test_the_orders_have_the_members_of_the_contracts() -> None:
    found = {
        kind: ",".join(f"{of} {name}" for name, of in members) for kind, members in orders.FIELDS.items()
    }
    assert found == SPELLED


@given(ORDERS, st.integers(1, 1 << 40))
def test_an_order_hashes_as_wallets_hash_it(order: tuple[str, dict[str, Any]], chain_id: int) -> None:
    typed = orders.typed_data(*order, chain_id, HUB)
    message = encode_typed_data(typed["domain"], typed["types"], typed["message"])
    assert orders.order_digest(*order, chain_id, HUB) == _hash_eip191_message(message)
    assert orders.order_hash(*order, chain_id, HUB) == "0x" + _hash_eip191_message(message).hex()


def test_what_an_order_does_not_say_is_nothing_or_nobody() -> None:
    order = orders.filled("RequestOrder", {"volume": 1})
    assert order["callback"] == "0x" + "00" * 20
    assert (order["volume"], order["params"], order["trust"]) == (1, "", 0)
    assert orders.order_tuple("DatasetOrder", orders.NO_DATASET_ORDER) == (
        *("0x" + "00" * 20, 0, 0, bytes(32)),
        *(("0x" + "00" * 20,) * 3),
        *(bytes(32), b""),
    )


def test_the_signature_is_the_structs_last_member() -> None:
    assert orders.order_tuple("AppOrder", {}, "0x" + "ab" * 65)[-1] == b"\xab" * 65


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("Order", {}),
        ("AppOrder", {"price": 1}),
        ("AppOrder", {"app": "0x11"}),
        ("AppOrder", {"volume": -1}),
        ("AppOrder", {"volume": 1 << 256}),
        ("AppOrder", {"volume": True}),
        ("AppOrder", {"tag": None}),
        ("RequestOrder", {"params": 5}),
        ("RequestOrder", {"params": "\ud800"}),
    ],
)
def test_orders_that_cannot_be_are_refused(kind: str, order: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        orders.order_hash(kind, order, 1, HUB)
