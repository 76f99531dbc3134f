"""Levels, stills, an event and two cameras at once, each in its own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from real_bus_rows import Row, about, exact
from real_camera_eye import Eye
from real_camera_vivid import set_control

__all__ = ["levels", "square", "two"]

FIRST, SECOND = "/dev/video0", "/dev/video1"
MOST_MB = 120.0
SHARE, LOOKS = 0.284, 200  # of the picture, as the test camera draws it


async def levels(folder: Path) -> AsyncIterator[Row]:
    """Which level has the device open."""
    eye = await Eye(FIRST, folder).open()
    yield exact("off at first: the device is open", False, eye.holds())
    yield exact("off: a still", True, "the camera is off" in await eye.still())
    for level in ("full", "saver", "full"):
        await eye.level(level)
        yield exact(
            f"{level}: runs, has the device open", ("running", True), (await eye.link("running"), eye.holds())
        )
        yield exact(
            f"{level}: pictures come, a still", (True, "320x180"), (await eye.goes_on(), await eye.still())
        )
    status = await eye.until(lambda status: status["fps"] > 0)
    yield Row(
        "full: pictures a second of 10, the machine is slow",
        "2 to 11",
        f"{status['fps']}",
        2 <= status["fps"] <= 11,
    )
    yield Row("full: memory, MB", f"<= {MOST_MB:.0f}", f"{status['rss_mb']}", status["rss_mb"] <= MOST_MB)
    await eye.level("snapshot")
    yield exact("snapshot: lets go of the device", True, await eye.lets_go())
    for _ in range(2):
        yield exact("snapshot: opens it for a still", "320x180", await eye.still())
        yield exact(
            "snapshot: lets go again", (True, "closed"), (await eye.lets_go(), await eye.link("closed"))
        )
    await eye.level("full")
    await eye.goes_on()
    yield exact("off: holds, and the device is closed", (True, False), (await eye.level("off"), eye.holds()))
    await eye.close()


async def square(folder: Path) -> AsyncIterator[Row]:
    """A square appears in the test picture and stays; nothing in it can walk."""
    set_control(FIRST, "OSD Text Mode", 2)  # no text, for it counts the time
    eye = await Eye(FIRST, folder).open()
    await eye.level("full")
    await eye.goes_on(60)
    set_control(FIRST, "Show Square", 1)
    most = 0.0
    for _ in range(LOOKS):
        most = max(most, (await eye.ask("sight")).fields["changed"])
        if most > SHARE / 2:
            break
        await asyncio.sleep(0.3)
    yield about("a square appears: share of the picture that the detector finds changed", SHARE, most, 0.05)
    events = [message.fields for message in eye.pushed if message.kind == "push.event"]
    yield exact("events of a picture that stands still, and of what appears in it at once", [], events)
    for name in ("Show Square", "OSD Text Mode"):
        set_control(FIRST, name, 0)
    await eye.close()


async def two(folder: Path) -> AsyncIterator[Row]:
    """Two devices, two processes, at the same time."""
    eyes = [await Eye(device, folder).open() for device in (FIRST, SECOND)]
    for eye in eyes:
        await eye.level("full")
    yield exact("two at once: both run", ["running"] * 2, [await eye.link("running") for eye in eyes])
    yield exact("two at once: pictures of both", [True, True], [await eye.goes_on() for eye in eyes])
    yield exact("two at once: a still of both", ["320x180"] * 2, [await eye.still() for eye in eyes])
    await eyes[0].level("off")
    yield exact(
        "two at once: one goes off, the other goes on",
        (False, True),
        (eyes[0].holds(), await eyes[1].goes_on()),
    )
    for eye in eyes:
        await eye.close()
