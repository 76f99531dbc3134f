from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from edgepi.runtime.bus import EventBus


@dataclass(frozen=True)
class Rain:
    mm: float


@dataclass(frozen=True)
class Hail(Rain):
    pass


@dataclass(frozen=True)
class Wind:
    speed: float


def test_a_listener_hears_its_type_and_what_derives_from_it_only() -> None:
    bus = EventBus()
    heard: list[object] = []
    bus.listen(Rain, heard.append, name="gauge")
    for event in (Rain(1), Hail(2), Wind(3)):
        bus.publish(event)
    assert heard == [Rain(1), Hail(2)]


def test_listeners_hear_in_the_order_in_which_they_came() -> None:
    bus = EventBus()
    order: list[str] = []
    bus.listen(Rain, lambda _: order.append("first"), name="first")
    bus.listen(object, lambda _: order.append("second"), name="second")
    bus.publish(Rain(1))
    assert order == ["first", "second"]


def test_a_listener_added_after_the_first_event_hears_the_next() -> None:
    bus = EventBus()
    bus.publish(Rain(1))
    heard: list[object] = []
    unlisten = bus.listen(Rain, heard.append, name="late")
    bus.publish(Rain(2))
    unlisten()
    unlisten()
    bus.publish(Rain(3))
    assert heard == [Rain(2)]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_a_failing_listener_harms_neither_publisher_nor_others(error: BaseException) -> None:
    bus = EventBus()
    heard: list[object] = []

    def bad(event: Rain) -> None:
        raise error

    bus.listen(Rain, bad, name="bad")
    bus.listen(Rain, heard.append, name="good")
    bus.publish(Rain(1))
    assert heard == [Rain(1)]


def test_each_distinct_error_is_logged_once_with_the_listeners_name_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = EventBus()

    def bad(event: Rain) -> None:
        if event.mm > 50:
            raise OverflowError(event.mm)
        raise ValueError(event.mm)

    bus.listen(Rain, bad, name="the gauge")
    for mm in range(100):
        bus.publish(Rain(mm))
    assert [r.levelname for r in caplog.records] == ["ERROR", "ERROR"]
    assert all("'the gauge'" in r.message for r in caplog.records)
    assert bus.failures() == {"the gauge": 100}


async def test_a_subscription_yields_what_was_queued_in_order() -> None:
    bus = EventBus()
    with bus.subscribe(Rain, Wind, name="reader") as subscription:
        bus.publish(Rain(1))
        bus.publish(Wind(2))
        assert [await anext(subscription) for _ in range(2)] == [Rain(1), Wind(2)]


async def test_a_waiting_reader_wakes() -> None:
    bus = EventBus()
    subscription = bus.subscribe(Rain, name="reader")
    waiting = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    bus.publish(Rain(1))
    assert await waiting == Rain(1)


async def test_a_full_queue_drops_the_oldest_and_counts() -> None:
    bus = EventBus()
    subscription = bus.subscribe(Rain, name="slow", maxsize=3)
    for mm in range(10):
        bus.publish(Rain(mm))
    assert subscription.dropped == 7
    assert await anext(subscription) == Rain(7)


async def test_a_closed_subscription_ends_its_loop_and_gets_no_more() -> None:
    bus = EventBus()
    subscription = bus.subscribe(Rain, name="reader")
    bus.publish(Rain(1))
    subscription.close()
    bus.publish(Rain(2))
    assert [event async for event in subscription] == [Rain(1)]


async def test_closing_wakes_a_waiting_reader() -> None:
    subscription = EventBus().subscribe(Rain, name="reader")

    async def read() -> list[object]:
        return [event async for event in subscription]

    waiting = asyncio.create_task(read())
    await asyncio.sleep(0)
    subscription.close()
    assert await waiting == []


async def test_a_reader_that_was_cancelled_does_not_break_the_next_event() -> None:
    bus = EventBus()
    subscription = bus.subscribe(Rain, name="reader")
    waiting = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    bus.publish(Rain(1))
    assert await anext(subscription) == Rain(1)
    assert bus.failures() == {}
