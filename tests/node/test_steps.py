from __future__ import annotations

import asyncio
import logging

import pytest

from edgepi.node.steps import Steps


async def test_what_was_started_first_is_stopped_last() -> None:
    order: list[str] = []

    def note(text: str) -> object:
        async def act() -> None:
            order.append(text)

        return act

    async with Steps() as steps:
        await steps.start("a", note("+a"), note("-a"))  # type: ignore[arg-type]
        await steps.start("b", note("+b"), note("-b"))  # type: ignore[arg-type]
    assert order == ["+a", "+b", "-b", "-a"]


async def test_a_part_that_fails_to_start_is_still_stopped_and_so_are_those_before_it() -> None:
    stopped: list[str] = []

    async def stop_a() -> None:
        stopped.append("a")

    async def stop_b() -> None:
        stopped.append("b")

    async def fail() -> None:
        raise OSError("no")

    async def life() -> None:
        async with Steps() as steps:
            await steps.start("a", None, stop_a)
            await steps.start("b", fail, stop_b)

    with pytest.raises(OSError, match="no"):
        await life()
    assert stopped == ["b", "a"]


async def test_a_part_that_hangs_or_fails_while_stopping_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stopped: list[str] = []

    async def stop_a() -> None:
        stopped.append("a")

    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise ValueError("broken")

    with caplog.at_level(logging.WARNING):
        async with Steps(stop_within_s=0.01) as steps:
            await steps.start("a", None, stop_a)
            await steps.start("hanging", None, hang)
            await steps.start("failing", None, fail)
    assert stopped == ["a"]
    assert "hanging did not stop within" in caplog.text
    assert "failing failed to stop" in caplog.text
