from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edgepi.errors import ChainError
from edgepi_iexec.chain.model import ZERO_ADDRESS, ZERO_HASH
from edgepi_iexec.chain.reading import read_app, read_contribution, read_deal, read_task

ONE = "0x" + "11" * 32
NOBODY = [ZERO_ADDRESS, ZERO_ADDRESS, 0]


def deal_row(**changes: Any) -> list[Any]:
    row: dict[str, Any] = {
        "app": NOBODY,
        "dataset": NOBODY,
        "pool": NOBODY,
        "trust": 1,
        "category": 0,
        "tag": ZERO_HASH,
        "requester": ZERO_ADDRESS,
        "beneficiary": ZERO_ADDRESS,
        "callback": ZERO_ADDRESS,
        "params": "0x" + b"{}".hex(),
        "start": 1_800_000_000,
        "first": 0,
        "size": 1,
        "stake": 300,
        "ratio": 1,
        "sponsor": ZERO_ADDRESS,
    }
    return list((row | changes).values())


def task_row(**changes: Any) -> list[Any]:
    row: dict[str, Any] = {
        "status": 1,
        "deal": ONE,
        "index": 0,
        "time": 300,
        "contribution": 1_800_002_100,
        "reveal": 0,
        "final": 1_800_003_000,
        "consensus": ZERO_HASH,
        "revealed": 0,
        "winners": 0,
        "contributors": [],
        "digest": ZERO_HASH,
        "results": "0x",
        "at": 0,
        "callback": "0x",
    }
    return list((row | changes).values())


def test_a_deal_begins_in_utc_and_a_missing_one_never_did() -> None:
    assert read_deal(ONE, deal_row()).start_utc == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    assert read_deal(ONE, deal_row(start=0)).start_utc == datetime(1970, 1, 1, tzinfo=UTC)


def test_params_that_are_no_text_are_read_all_the_same() -> None:
    assert read_deal(ONE, deal_row(params="0xff7b7d")).params == "\ufffd{}"


def test_deadlines_that_are_not_set_are_none() -> None:
    task = read_task(ONE, task_row())
    assert task.reveal_deadline_utc is None
    assert task.final_deadline_utc is not None


@pytest.mark.parametrize(
    "row",
    [
        [],
        None,
        5,
        "text",
        task_row(status=9),
        task_row(status="x"),
        task_row(results="0x1"),
        task_row(results=None),
        task_row(final=10**30),
        task_row(contributors=5),
        task_row()[:10],
    ],
)
def test_what_the_contracts_cannot_say_is_an_error_of_the_node(row: Any) -> None:
    with pytest.raises(ChainError):
        read_task(ONE, row)


@pytest.mark.parametrize("row", [[], deal_row(app=[ZERO_ADDRESS]), deal_row(start="x"), deal_row(params=5)])
def test_a_deal_that_makes_no_sense_is_an_error_of_the_node(row: Any) -> None:
    with pytest.raises(ChainError):
        read_deal(ONE, row)


def test_others_too() -> None:
    with pytest.raises(ChainError):
        read_contribution([4, ZERO_HASH, ZERO_HASH, ZERO_ADDRESS, 0])
    with pytest.raises(ChainError):
        read_app(ZERO_ADDRESS, [ZERO_ADDRESS])
