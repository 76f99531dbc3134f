from __future__ import annotations

import asyncio
import logging
import os
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import pytest

from edgepi.clock import SystemClock
from edgepi.errors import NotFoundError, RequestError
from edgepi.plugin import Message
from edgepi.runtime.child import Child as RealChild
from tests.plugins.camera.commands.doubles import Child, config, context_of, ran
from tests.plugins.camera.films import film

PASS = (3.0, 5.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds in which the box passes once."""
    return film(tmp_path_factory.mktemp("films") / "pass.mp4", 8.0, [PASS])


def size_of(path: Path) -> tuple[int, int, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        count = sum(1 for _ in container.decode(stream))
        assert container.duration
        return stream.width, count, container.duration / av.time_base


def test_tune_finds_the_event_of_a_film(clip: Path) -> None:
    context, shown, _ = context_of()
    assert ran(context, "tune", str(clip), "--each-second") == 0
    assert "1 event in 0:07.9 of pass.mp4 (320x180) at sensitivity 50" in shown.text
    assert any("pass.mp4: 0:05.0, " in each for each in shown.told)
    assert [row for row in shown.text.splitlines() if row.startswith("0:04 | ")]


def test_tune_as_json_has_its_time(clip: Path) -> None:
    context, shown, _ = context_of()
    assert ran(context, "tune", str(clip), "--json") == 0
    (found,) = shown.data["events"]
    assert PASS[0] - 0.2 <= found["start_s"] <= PASS[0] + 0.5
    assert PASS[1] - 0.5 <= found["end_s"] <= PASS[1] + 1.5
    assert shown.data["pictures"] == 80
    assert len(shown.data["seconds"]) == 8
    assert 0 < shown.data["moving_percent"] < 50


def test_a_film_in_which_nothing_moves_has_no_event(tmp_path: Path) -> None:
    context, shown, _ = context_of()
    ran(context, "tune", str(film(tmp_path / "calm.mp4", 4.0)), "-o", str(tmp_path / "sheet.png"))
    assert shown.text.startswith("no events in 0:03.9 of calm.mp4")
    assert not (tmp_path / "sheet.png").exists()


def test_tune_writes_a_film_of_what_it_sees(clip: Path, tmp_path: Path) -> None:
    context, shown, _ = context_of()
    ran(context, "tune", str(clip), "-o", str(tmp_path / "seen.mp4"))
    width, count, length_s = size_of(tmp_path / "seen.mp4")
    assert (width, count) == (320, 80)
    assert abs(length_s - 8.0) < 0.3
    assert f"written: {tmp_path}/seen.mp4" in shown.text


def test_tune_writes_a_sheet_with_a_tile_for_each_event(clip: Path, tmp_path: Path) -> None:
    context, _, _ = context_of()
    ran(context, "tune", str(clip), "-o", str(tmp_path / "sheet.png"))
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    assert sheet.shape[1] == 400


def test_the_arguments_go_before_the_cameras_settings(clip: Path) -> None:
    child = Child(answer=Message("tuned", {"events": []}))
    zone = [[0, 0], [0.1, 0], [0.1, 0.1]]
    yard = config(sensitivity=20, smallest=2, after="9s", zones={"corner": zone})
    context, shown, _ = context_of(None, {"yard": yard}, child)
    ran(context, "tune", str(clip), "--camera", "yard", "--sensitivity", "80", "--smallest", "0.5", "--json")
    motion: Any = child.asked[0].fields["settings"]
    assert motion["motion"]["sensitivity"] == 80
    assert motion["motion"]["smallest"] == 0.005
    assert motion["motion"]["zones"][0]["name"] == "corner"
    assert motion["clip"]["after_s"] == 9.0
    ran(context, "tune", str(clip), "--no-zones", "--json")
    assert child.asked[1].fields["settings"]["motion"]["zones"] == ()
    assert child.stopped
    assert shown.data["sensitivity"] == 20


@pytest.mark.parametrize("name", ["none.mp4", "./none", "/none/none.mkv"])
def test_no_such_file_is_told(name: str) -> None:
    context, _, _ = context_of()
    with pytest.raises(NotFoundError, match="there is no file"):
        ran(context, "tune", name)


def test_what_would_be_waited_for_without_end_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    context, _, child = context_of()
    for name, kind in ((f"{tmp_path}/pipe.mp4", "a named pipe"), ("/dev/zero", "a device")):
        with pytest.raises(RequestError, match=f"is {kind}, neither a film nor") as caught:
            ran(context, "tune", name)
        assert "edgepi camera tune NAME" in str(caught.value.hint)
    assert not child.asked


def test_an_address_is_no_film() -> None:
    context, _, _ = context_of()
    with pytest.raises(RequestError, match="watched as a camera") as caught:
        ran(context, "tune", "rtsp://10.0.0.7/main")
    assert "`source`" in str(caught.value.hint)


@pytest.mark.parametrize("content", [b"", b"hello, this is no film\n" * 200, b"\0" * 5000])
def test_a_file_without_a_film_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.mp4"
    path.write_bytes(content)
    context, _, _ = context_of()
    with pytest.raises(RequestError, match=r"odd\.mp4"):
        ran(context, "tune", str(path))


def test_another_ending_is_refused(clip: Path, tmp_path: Path) -> None:
    context, _, _ = context_of()
    with pytest.raises(RequestError, match="no film and no picture") as caught:
        ran(context, "tune", str(clip), "-o", str(tmp_path / "seen.gif"))
    assert caught.value.hint == "end its name with .mp4 or .png"
    with pytest.raises(NotFoundError, match="there is no folder"):
        ran(context, "tune", str(clip), "-o", str(tmp_path / "none" / "seen.mp4"))


@pytest.mark.parametrize(
    ("failure", "said", "hint"),
    [
        ("child 'pictures': it ended (exit code -6); it said: abort", "died", "nothing else is harmed"),
        ("child 'pictures': ... No module named 'av'", "not installed", "edgepi[camera]"),
    ],
)
def test_a_child_that_dies_or_lacks_libraries_is_explained(
    clip: Path, failure: str, said: str, hint: str
) -> None:
    context, _, _ = context_of(child=Child(failure))
    with pytest.raises(RequestError, match=said) as caught:
        ran(context, "tune", str(clip))
    assert hint in str(caught.value.hint)


def test_a_grid_with_the_zones_is_drawn(clip: Path, tmp_path: Path) -> None:
    square = [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]]
    context, shown, _ = context_of(None, {"yard": config(zones={"door": square}, privacy=[square])})
    assert ran(context, "zones", "--picture", str(clip), "-o", str(tmp_path / "grid.png")) == 0
    drawn = cv2.imread(str(tmp_path / "grid.png"))
    assert drawn is not None
    assert drawn.shape == (540, 960, 3)
    assert drawn[460, 600].mean() < 60 < drawn[100, 200].mean(), "what is private is dark"
    assert "zone door: [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]]" in shown.text
    assert "privacy: [[0.5, 0.5]" in shown.text


def test_the_grid_is_drawn_over_the_cameras_own_picture(clip: Path, tmp_path: Path) -> None:
    with av.open(str(clip)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="bgr24")
    jpeg = bytes(cv2.imencode(".jpg", picture)[1])
    context, _, node = context_of({"plugins/yard/snapshot.jpg": jpeg})
    ran(context, "zones", "-o", str(tmp_path / "grid.png"))
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    assert node.asked == [("plugins/yard/snapshot.jpg", {})]
    broken, _, _ = context_of({"plugins/yard/snapshot.jpg": b"no picture"})
    with pytest.raises(RequestError, match="is no picture"):
        ran(broken, "zones", "-o", str(tmp_path / "grid.png"))


def test_without_a_configuration_the_nodes_own_zones_are_drawn(clip: Path, tmp_path: Path) -> None:
    status = {"zones": {"door": [[0.5, 0.5], [1, 0.5], [1, 1]]}}
    context, shown, _ = context_of({"plugins/camera/status": status}, {})
    assert ran(context, "zones", "--picture", str(clip), "-o", str(tmp_path / "grid.png")) == 0
    assert "zone door: [[0.5, 0.5], [1, 0.5], [1, 1]]" in shown.text


def test_a_day_is_saved_as_the_node_made_it(tmp_path: Path) -> None:
    context, shown, _ = context_of({"plugins/yard/timelapse/2026-11-28.mp4": b"film"})
    assert ran(context, "timelapse", "-o", str(tmp_path / "day.mp4")) == 0
    assert (tmp_path / "day.mp4").read_bytes() == b"film"
    assert shown.text == f"{tmp_path}/day.mp4: 1 day\n"


def test_several_days_become_one_film_and_what_is_missing_is_said(tmp_path: Path, clip: Path) -> None:
    missing = NotFoundError("there are not enough stills of 2026-11-27 for a film")
    answers = {
        "plugins/yard/timelapse/2026-11-26.mp4": clip.read_bytes(),
        "plugins/yard/timelapse/2026-11-27.mp4": missing,
        "plugins/yard/timelapse/2026-11-28.mp4": clip.read_bytes(),
    }
    context, shown, _ = context_of(answers)
    assert ran(context, "timelapse", "--from", "2026-11-26", "-o", str(tmp_path / "days.mp4")) == 0
    _, count, length_s = size_of(tmp_path / "days.mp4")
    assert count == 160
    assert abs(length_s - 16.0) < 0.3
    assert "2 days; without 2026-11-27" in shown.text


def test_days_of_which_there_is_nothing_are_told() -> None:
    context, _, _ = context_of({"plugins/yard/timelapse/2026-11-27.mp4": NotFoundError("not enough stills")})
    with pytest.raises(NotFoundError, match="no film of 2026-11-27"):
        ran(context, "timelapse", "--day", "2026-11-27")
    for words in (
        ["--day", "x"],
        ["--to", "2026-11-27"],
        ["--from", "2026-11-29"],
        ["--day", "x", "--to", "y"],
    ):
        with pytest.raises(RequestError):
            ran(context, "timelapse", *words)
    with pytest.raises(RequestError, match="2026-11-27 is after 2026-11-02"):
        ran(context, "timelapse", "--from", "2026-11-27", "--to", "2026-11-02")


def test_why_a_day_has_no_film_depends_on_whether_stills_are_taken() -> None:
    answers = {"plugins/yard/timelapse/2026-11-28.mp4": NotFoundError("not enough stills")}
    hints = []
    for cameras in ({"yard": config()}, {"yard": config(timelapse="5min")}):
        context, _, _ = context_of(answers, cameras)
        with pytest.raises(NotFoundError) as caught:
            ran(context, "timelapse")
        hints.append(str(caught.value.hint))
    assert hints[0] == "`timelapse: 5min` makes it take stills"
    assert hints[1].startswith("it takes a still each 300 s while it is on")


@pytest.mark.slow
async def test_the_workshop_works_in_a_process_of_its_own(clip: Path) -> None:
    pushed: list[Message] = []
    clock = SystemClock()
    child = partial(RealChild, clock=clock, log=logging.getLogger("test"))(
        "edgepi_camera.tuning.main:handle", name="pictures", on_push=pushed.append
    )
    from edgepi_camera.model import CameraSettings, SourceSettings

    settings = CameraSettings(source=SourceSettings(url=str(clip), live=False))
    try:
        answer = await child.ask(Message("tune", {"settings": settings.to_fields()}), timeout_s=50)
    finally:
        await child.stop()
    assert len(answer.fields["events"]) == 1
    assert {each.kind for each in pushed} == {"push.progress"}
    await asyncio.sleep(0)
