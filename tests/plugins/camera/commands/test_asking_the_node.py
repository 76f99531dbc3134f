from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from edgepi.errors import NodeNotRunningError, NotFoundError, RequestError
from tests.plugins.camera.commands.doubles import NOW, config, context_of, ran

STATUS = {
    "instance": "yard",
    "link": "running",
    "reason": None,
    "level": "saver",
    "fps": 2.04,
    "width": 1280,
    "height": 720,
    "codec": "h264",
    "moving": True,
    "note": "",
    "label": None,
    "viewers": 1,
    "stored_bytes": 412_000_000,
    "free_bytes": 9_400_000_000,
    "events_today": 4,
}


def event(number: int, began: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "began_utc": began,
        "ended_utc": began,
        "clip_s": 12.4,
        "score": 0.9,
        "zones": ["path"],
        "labels": ["person"],
        "bytes": 1_240_000,
        "kept": False,
    } | changes


def test_status_tells_of_every_camera_in_a_line() -> None:
    lost = {
        "instance": "gate",
        "link": "lost",
        "reason": "rtsp://10.0.0.8: no answer in time",
        "level": "full",
    }
    context, shown, _ = context_of(
        {"plugins/yard/status": STATUS, "plugins/gate/status": lost}, {"yard": config(), "gate": config()}
    )
    assert ran(context, "status") == 1, "one has no picture"
    rows = shown.text.splitlines()
    assert rows[1] == "yard | saver | 1280x720 | h264 | 2.0 | 4 | 412.0 MB | 9.4 GB | 1"
    assert rows[3:] == ["yard: something moves now", "gate: rtsp://10.0.0.8: no answer in time"]


def test_status_of_one_as_json() -> None:
    context, shown, node = context_of({"plugins/yard/status": STATUS})
    assert ran(context, "status", "yard", "--json") == 0
    assert shown.data == {"yard": STATUS}
    assert node.asked == [("plugins/yard/status", {})]


def test_a_plugin_that_does_not_run_is_a_camera_without_a_picture() -> None:
    context, shown, _ = context_of({"plugins/yard/status": NotFoundError("no running plugin named 'yard'")})
    assert ran(context, "status") == 1
    assert "yard: no running plugin named 'yard'" in shown.text


@pytest.mark.parametrize("words", [["status"], ["events"], ["snapshot"], ["timelapse"], ["tune"], ["zones"]])
def test_without_a_node_each_says_so(words: list[str]) -> None:
    context, _, _ = context_of(None)
    with pytest.raises(NodeNotRunningError, match="no node is running"):
        ran(context, *words)


@pytest.mark.parametrize("action", ["events", "snapshot", "timelapse", "tune", "zones"])
def test_of_several_cameras_one_must_be_named(action: str) -> None:
    context, _, _ = context_of({}, {"yard": config(), "gate": config()})
    with pytest.raises(NotFoundError, match="several cameras") as caught:
        ran(context, action)
    assert caught.value.hint == "say which: yard, gate"
    with pytest.raises(NotFoundError, match="'cellar'"):
        ran(context, action, "cellar")


def test_events_are_shown_in_local_time_page_after_page() -> None:
    pages: dict[Any, Any] = {
        None: {"events": [event(3, "2026-11-28T14:10:05+00:00", kept=True)], "more": True},
        "e3": {
            "events": [event(2, "2026-11-28T13:00:00Z", ended_utc=None, zones=[], labels=[])],
            "more": False,
        },
    }
    context, shown, node = context_of({"plugins/yard/events": lambda before, **_: pages[before]})
    assert ran(context, "events") == 0
    rows = shown.text.splitlines()
    assert rows[1] == "2026-11-28 15:10:05 | 12 s | 0.90 | path | person | 1.2 MB | kept | e3"
    assert rows[2] == "2026-11-28 14:00:00 | now | 0.90 |  |  | 1.2 MB |  | e2"
    assert [query["limit"] for _, query in node.asked] == [20, 19]


def test_events_since_end_where_they_are_too_old() -> None:
    answer = {
        "events": [event(3, "2026-11-28T14:10:05+00:00"), event(2, "2026-11-28T09:00:00+00:00")],
        "more": True,
    }
    context, shown, node = context_of({"plugins/yard/events": answer})
    assert ran(context, "events", "--since", "2h", "--json") == 0
    assert [each["id"] for each in shown.data] == ["e3"]
    assert len(node.asked) == 1, "older ones are not asked for"


def test_no_events_are_said() -> None:
    context, shown, _ = context_of({"plugins/yard/events": {"events": [], "more": False}})
    ran(context, "events", "--since", "2026-11-28")
    assert shown.text == "nothing has moved since 2026-11-28 00:00\n"


def test_since_takes_spans_days_and_times() -> None:
    from zoneinfo import ZoneInfo

    from edgepi_camera.commands.events import since_of

    zone = ZoneInfo("Europe/Zurich")
    assert (NOW - since_of("3d", zone, NOW)).days == 3
    assert since_of("2026-11-27T18:30", zone, NOW).isoformat() == "2026-11-27T17:30:00+00:00"
    with pytest.raises(RequestError, match="'yesterday' is no time"):
        since_of("yesterday", zone, NOW)


def test_a_snapshot_is_saved(tmp_path: Path) -> None:
    context, shown, node = context_of({"plugins/yard/snapshot.jpg": b"\xff\xd8picture"})
    assert ran(context, "snapshot", "-o", str(tmp_path / "now.jpg"), "--width", "640") == 0
    assert (tmp_path / "now.jpg").read_bytes() == b"\xff\xd8picture"
    assert node.asked == [("plugins/yard/snapshot.jpg", {"width": 640})]
    assert shown.text == f"{tmp_path}/now.jpg: 0 kB\n"


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    context, _, _ = context_of({"plugins/yard/snapshot.jpg": b"picture"})
    with pytest.raises(RequestError, match="cannot be written"):
        ran(context, "snapshot", "-o", str(tmp_path / "none" / "now.jpg"))


def test_an_answer_that_is_no_picture_is_told(tmp_path: Path) -> None:
    context, _, _ = context_of({"plugins/yard/snapshot.jpg": {"odd": True}})
    with pytest.raises(RequestError, match="something else than a picture"):
        ran(context, "snapshot", "-o", str(tmp_path / "now.jpg"))


def test_the_detector_of_a_running_camera_is_told_second_by_second() -> None:
    boxes = [{"x": 0.1, "y": 0.5, "width": 0.05, "height": 0.2, "zones": ["path"]}] * 4
    rows = iter(
        [
            {"changed": 0.0, "moving": False, "boxes": [], "note": "learning"},
            {"changed": 0.031, "moving": True, "score": 0.82, "boxes": boxes, "note": ""},
            {"changed": None, "level": "snapshot"},
        ]
    )
    context, shown, _ = context_of({"plugins/yard/detector": lambda: next(rows)})
    assert ran(context, "tune", "--for", "3") == 0
    lines = shown.text.splitlines()
    assert lines[0] == f"changed   0.00 %  {'.' * 20}  (learning)"
    assert lines[1].startswith(
        "changed   3.10 %  ######..............  MOTION score 0.82  [0.10 0.50 0.05x0.20] in path"
    )
    assert lines[1].endswith("and 1 more")
    assert lines[2] == "no picture is looked at (level snapshot)"


def test_the_picture_of_the_detector_is_saved(tmp_path: Path) -> None:
    context, shown, node = context_of({"plugins/yard/snapshot.jpg": b"seen"})
    assert ran(context, "tune", "yard", "-o", str(tmp_path / "seen.jpg")) == 0
    assert (tmp_path / "seen.jpg").read_bytes() == b"seen"
    assert node.asked == [("plugins/yard/snapshot.jpg", {"what": "detector"})]
    assert shown.text == f"written: {tmp_path}/seen.jpg\n"


@pytest.mark.parametrize(
    ("words", "would_be", "ending"),
    [
        (["tune", "yard", "-o", "x.gif"], "x.gif would be a JPEG", ".jpg or .jpeg"),
        (["snapshot", "-o", "x.png"], "x.png would be a JPEG", ".jpg or .jpeg"),
        (["zones", "-o", "x.jpg"], "x.jpg would be a PNG", ".png"),
        (["timelapse", "-o", "x.avi"], "x.avi would be an MP4", ".mp4 or .m4v"),
    ],
)
def test_a_name_that_promises_something_else_is_refused_before_anything_is_asked(
    words: list[str], would_be: str, ending: str
) -> None:
    context, _, node = context_of({})
    with pytest.raises(RequestError, match=would_be) as caught:
        ran(context, *words)
    assert caught.value.hint == f"end its name with {ending}"
    assert node.asked == []


def test_settings_are_tried_on_films_only() -> None:
    context, _, _ = context_of({})
    with pytest.raises(RequestError, match="as it is configured") as caught:
        ran(context, "tune", "yard", "--sensitivity", "70")
    assert "name a film" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--sensitivity", "0", "from 1 to 100"),
        ("--smallest", "900", "from 0 to 100 percent"),
        ("--smallest", "nan", "from 0 to 100 percent"),
        ("--shortest", "-3", "from 0 to 60 seconds"),
        ("--shortest", "soon", "from 0 to 60 seconds"),
    ],
)
def test_a_number_beyond_its_scale_is_refused(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    context, _, _ = context_of({})
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        ran(context, "tune", "yard", f"{option}={value}")
    assert said in capsys.readouterr().err
