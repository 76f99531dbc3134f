"""A device that is busy, is pulled out, fails or hangs while its camera is watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from real_bus_rows import Row, exact, refusal, said
from real_camera_eye import Eye
from real_camera_vivid import plug, press, set_control, unplug

from edgepi.errors import DeviceNotFoundError
from edgepi.hardware.linux_video import find_video

__all__ = ["busy", "errors", "gone", "stuck"]

FIRST, SECOND = "/dev/video0", "/dev/video1"
DROPPED = "Percentage of Dropped Buffers"
HANG_S = 5.0
RUNS = ("running", True)
NEXT_CALL = {
    "Inject VIDIOC_REQBUFS Error": "REQBUFS fails",
    "Inject VIDIOC_STREAMON Error": "STREAMON fails",
}


async def busy(folder: Path) -> AsyncIterator[Row]:
    """Two processes want the same device."""
    first, second = [await Eye(FIRST, folder / name).open() for name in ("one", "two")]
    await first.level("full")
    await first.goes_on()
    since = len(second.pushed)
    await second.level("full")
    yield said("busy: another process streams", "another program uses it", await second.lost(since))
    yield exact("busy: that one goes on", True, await first.goes_on())
    yield exact("busy: off holds while it waits to try again", True, await second.level("off"))
    await second.level("full")
    await first.level("off")
    yield exact(
        "busy: it runs once the other is off",
        RUNS,
        await _runs(second),
    )
    for eye in (first, second):
        await eye.close()


async def gone(folder: Path) -> AsyncIterator[Row]:
    """A camera is lost while it streams, its neighbour does not notice; then both are pulled out."""
    eye, other = eyes = [await Eye(device, folder).open() for device in (FIRST, SECOND)]
    for each in eyes:
        await each.level("full")
        await each.goes_on()
    since, others = len(eye.pushed), len(other.pushed)
    press(FIRST, "Disconnect")
    yield said("disconnected: lost, and why", "it is not there", await eye.lost(since))
    yield exact("disconnected: comes back by itself", RUNS, await _runs(eye))
    yield exact(
        "disconnected: its neighbour goes on", (True, []), (await other.goes_on(), _losses(other, others))
    )
    since = len(eye.pushed)
    unplug()
    yield said("pulled out: lost, and why", "it is not there", await eye.lost(since))
    yield exact(
        "pulled out: both devices are let go of", [True, True], [await each.lets_go() for each in eyes]
    )
    yield said("pulled out: the reason stays", "it is not there", await eye.why())
    yield exact("pulled out: the last picture can still be had", "320x180", await eye.still())
    words = f"there is no '{FIRST}'"
    yield refusal("pulled out: what the node says", DeviceNotFoundError, words, lambda: find_video(FIRST))
    plug()
    yield exact(
        "put back: the devices have their names again",
        [FIRST, SECOND],
        [find_video(e.device).url for e in eyes],
    )
    yield exact("put back: both run again", [RUNS, RUNS], [await _runs(each) for each in eyes])
    unplug()
    await eye.link("lost")
    yield exact("pulled out: off holds", True, await eye.level("off"))
    plug()
    await eye.level("full")
    yield exact("put back while off: full runs", RUNS, await _runs(eye))
    for each in eyes:
        await each.close()


async def errors(folder: Path) -> AsyncIterator[Row]:
    """Errors that the test camera injects, when it is opened and while it streams."""
    eye = await Eye(FIRST, folder).open()
    for button, what in NEXT_CALL.items():
        since = len(eye.pushed)
        press(FIRST, button)
        await eye.level("full")
        reason = await eye.lost(since)
        yield Row(f"{what}: lost, with a reason", "words", reason, reason not in {"", "nothing"})
        yield exact(f"{what}: then runs", RUNS, await _runs(eye))
        await eye.level("off")
    await eye.level("full")
    await eye.goes_on()
    since = len(eye.pushed)
    press(FIRST, "Inject VIDIOC_QBUF Error")
    yield exact("QBUF fails: goes on, not lost", (True, []), (await eye.goes_on(40), _losses(eye, since)))
    press(FIRST, "Inject Fatal Streaming Error")
    yield said("a fatal error of the stream: lost", "does not answer any more", await eye.lost(since))
    yield exact("a fatal error of the stream: comes back", RUNS, await _runs(eye))
    since = len(eye.pushed)
    for _ in range(5):
        press(FIRST, "Inject V4L2_BUF_FLAG_ERROR")
        await asyncio.sleep(0.25)
    yield exact(
        "five torn pictures: goes on, not lost", (True, []), (await eye.goes_on(), _losses(eye, since))
    )
    set_control(FIRST, DROPPED, 50)
    yield exact(
        "half of the pictures dropped: goes on, not lost",
        (True, []),
        (await eye.goes_on(20), _losses(eye, since)),
    )
    set_control(FIRST, DROPPED, 0)
    await eye.level("off")
    for wrap, what in ((1, "its times wrap at 64 bits of ns"), (2, "its times wrap at 32 bits of s")):
        set_control(FIRST, "Wrap Timestamp", wrap)
        since = len(eye.pushed)
        await eye.level("full")
        await eye.link("running")
        before = await eye.status()
        await asyncio.sleep(20.0)  # it wraps 16 s after it began
        after = await eye.status()
        yield exact(f"{what}: goes on, not lost", (True, []), (await eye.goes_on(20), _losses(eye, since)))
        yield Row(f"{what}: seconds in the ring", "<= 10", f"{after['ring_s']}", after["ring_s"] <= 10)
        yield Row(
            f"{what}: pictures in 20 s",
            "> 20",
            f"{after['pictures'] - before['pictures']}",
            after["pictures"] - before["pictures"] > 20,
        )
        await eye.level("off")
    set_control(FIRST, "Wrap Timestamp", 0)
    await eye.close()


async def stuck(folder: Path) -> AsyncIterator[Row]:
    """The device is there, and sends nothing."""
    eye = await Eye(FIRST, folder, timeout_s=HANG_S).open()
    await eye.level("full")
    await eye.goes_on()
    since = len(eye.pushed)
    set_control(FIRST, DROPPED, 100)
    yield said("hangs: noticed", "no answer in time", await eye.lost(since))
    yield exact("hangs: off holds", True, await eye.level("off"))
    yield exact("hangs: then the device is let go of", True, await eye.lets_go())
    await eye.level("full")
    await eye.link("opening")
    set_control(FIRST, DROPPED, 0)
    yield exact("hangs, then sends again: runs", RUNS, await _runs(eye))
    await eye.close()


async def _runs(eye: Eye) -> tuple[str, object]:
    """Wait until it runs; if it does not, why."""
    link = await eye.link("running")
    return link, await eye.goes_on() if link == "running" else await eye.why()


def _losses(eye: Eye, since: int) -> list[str]:
    return [
        str(message.fields["reason"])
        for message in eye.pushed[since:]
        if message.kind == "push.status" and message.fields["link"] == "lost"
    ]
