"""Turns what the contracts' views return into what the plugin works with.

Texts come as bytes: what strangers wrote need not be text at all, and must not keep others from being read.
Anything that a view cannot return is a ChainError: the node is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from edgepi.errors import ChainError
from edgepi_iexec.chain.model import (
    Account,
    App,
    Category,
    Contribution,
    ContributionStatus,
    Dataset,
    Deal,
    Resource,
    Task,
    TaskStatus,
    Workerpool,
)

__all__ = [
    "read_account",
    "read_app",
    "read_category",
    "read_contribution",
    "read_dataset",
    "read_deal",
    "read_task",
    "read_workerpool",
]

Row = Sequence[Any]
P = ParamSpec("P")
T = TypeVar("T")
NEVER = datetime.fromtimestamp(0, UTC)


def _utc(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, ValueError, OSError) as error:
        raise ChainError(f"the chain names a time that is none: {seconds}") from error


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _text(text: str) -> str:
    return _bytes(text).decode("utf-8", "replace")


def _checked(read: Callable[P, T]) -> Callable[P, T]:
    @wraps(read)
    def checked(*args: P.args, **named: P.kwargs) -> T:
        try:
            return read(*args, **named)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ChainError("the chain's node answers what the contracts cannot say") from error

    return checked


@_checked
def read_deal(deal_id: str, row: Row) -> Deal:
    """``viewDeal``; all zeros for a deal that is not there."""
    return Deal(
        deal_id=deal_id,
        app=Resource(*row[0]),
        dataset=Resource(*row[1]),
        workerpool=Resource(*row[2]),
        trust=row[3],
        category=row[4],
        tag=row[5],
        requester=row[6],
        beneficiary=row[7],
        callback=row[8],
        params=_text(row[9]),
        start_utc=_utc(row[10]) or NEVER,
        bot_first=row[11],
        bot_size=row[12],
        worker_stake_nrlc=row[13],
        scheduler_reward_ratio=row[14],
        sponsor=row[15],
    )


@_checked
def read_task(task_id: str, row: Row) -> Task:
    """``viewTask``."""
    return Task(
        task_id=task_id,
        status=TaskStatus(row[0]),
        deal_id=row[1],
        index=row[2],
        time_ref_s=row[3],
        contribution_deadline_utc=_utc(row[4]),
        reveal_deadline_utc=_utc(row[5]),
        final_deadline_utc=_utc(row[6]),
        consensus=row[7],
        reveal_count=row[8],
        winner_count=row[9],
        contributors=tuple(row[10]),
        result_digest=row[11],
        results=_bytes(row[12]),
        callback_data=_bytes(row[14]),
    )


@_checked
def read_contribution(row: Row) -> Contribution:
    """``viewContribution``."""
    return Contribution(ContributionStatus(row[0]), row[1], row[2], row[3], row[4])


@_checked
def read_account(row: Row) -> Account:
    """``viewAccount``."""
    return Account(row[0], row[1])


@_checked
def read_category(number: int, row: Row) -> Category:
    """``viewCategory``."""
    return Category(number, _text(row[0]), row[2])


@_checked
def read_app(address: str, row: Row) -> App:
    """``viewApp``."""
    return App(address, row[0], _text(row[1]), _text(row[2]), _text(row[3]), row[4])


@_checked
def read_dataset(address: str, row: Row) -> Dataset:
    """``viewDataset``."""
    return Dataset(address, row[0], _text(row[1]), _bytes(row[2]), row[3])


@_checked
def read_workerpool(address: str, row: Row) -> Workerpool:
    """``viewWorkerpool``."""
    return Workerpool(address, row[0], _text(row[1]), row[2], row[3])
