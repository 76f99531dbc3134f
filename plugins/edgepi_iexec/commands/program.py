"""How a command that runs for long begins, is told to end, and ends."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import voluptuous as vol

from edgepi.plugin.fields import TimeSpan

if TYPE_CHECKING:
    from aiohttp import ClientSession

__all__ = ["run_until_told", "shared_session", "span", "until_told"]


def span(text: str) -> float:
    """Read a time span such as 20min, in seconds."""
    try:
        return float(TimeSpan(min_s=1.0)(text) or 0.0)
    except vol.Invalid as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run_until_told(main: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run *main* with an event that Ctrl-C or a service manager sets; returns the exit code."""

    async def run() -> None:
        await main(until_told())

    asyncio.run(run())
    return 0


def until_told() -> asyncio.Event:
    """Return an event that is set when the process is told to end."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, told.set)
    return told


@asynccontextmanager
async def shared_session() -> AsyncIterator[Callable[[], Awaitable[ClientSession]]]:
    """Give what hands out one HTTP session, and close it at the end."""
    from aiohttp import ClientSession

    session = ClientSession(trust_env=True)

    async def shared() -> ClientSession:
        return session

    try:
        yield shared
    finally:
        await session.close()
