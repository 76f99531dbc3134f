"""Levels, stills, an event and two cameras at once, each in its own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import av
from real_bus_rows import Row, exact
from real_camera_eye import Eye
from real_camera_vivid import set_control

__all__ = ["event", "levels", "two"]

FIRST, SECOND = "/dev/video0", "/dev/video1"
MOST_MB = 120.0


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
    await eye.close()


async def event(folder: Path) -> AsyncIterator[Row]:
    """A square appears in the test picture and goes."""
    # The bars stand still; their text, which counts the time, is left out.
    set_control(FIRST, "OSD Text Mode", 2)
    eye = await Eye(FIRST, folder).open()
    await eye.level("full")
    await eye.goes_on(60)
    quiet = [message for message in eye.pushed if message.kind == "push.event"]
    yield exact("event: none while the picture stands still", [], quiet)
    since = len(eye.pushed)
    for shown in (1, 0):
        set_control(FIRST, "Show Square", shown)
        await asyncio.sleep(1.5)

    def phases() -> list[str]:
        return [str(m.fields["phase"]) for m in eye.pushed[since:] if m.kind == "push.event"]

    await eye.until(lambda _: "ended" in phases())
    yield exact(
        "event: began and ended",
        ("began", "ended"),
        (phases()[:1] or [""])[0:1] and (phases()[0], phases()[-1]),
    )
    await eye.close()
    yield exact(
        "event: its clip, H.264 of 320x180 with pictures in it",
        [("h264", 320, 180, True)],
        [_clip(c) for c in eye.clips()],
    )
    set_control(FIRST, "OSD Text Mode", 0)


def _clip(path: Path) -> tuple[str, int, int, bool]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        count = sum(1 for _ in container.decode(stream))
        return stream.codec_context.name, stream.width, stream.height, count >= 10


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
