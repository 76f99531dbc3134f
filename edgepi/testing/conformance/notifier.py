"""What every way to tell people something must do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepi.plugin import Notifier
from edgepi.testing.conformance.base import Conformance, Run

__all__ = ["NotifierConformance"]


@pytest.mark.asyncio
class NotifierConformance(Conformance[Notifier]):
    """What every way to tell people something must do."""

    @pytest.mark.parametrize(
        ("title", "message"),
        [("Short", "Battery low"), ("Ünïcode ☀", "9 °C\nline two"), ("Long", "word " * 2000), ("Empty", "")],
    )
    async def test_sends_what_it_is_given(
        self, make: Callable[[], Notifier], run: Run, title: str, message: str
    ) -> None:
        notifier = make()
        await run(notifier.start())
        await run(notifier.notify(title, message))
        await run(notifier.stop())

    async def test_can_be_stopped_at_any_time_and_started_again(
        self, make: Callable[[], Notifier], run: Run
    ) -> None:
        notifier = make()
        await run(notifier.stop())
        await run(notifier.start())
        await run(notifier.stop())
        await run(notifier.stop())
        await run(notifier.start())
        await run(notifier.stop())
