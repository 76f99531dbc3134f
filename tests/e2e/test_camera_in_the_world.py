"""A node in the world watches a film: it keeps what moves, through cuts, at the level the energy allows."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import av
import pytest

from edgepi.sim.build import demo_config

from .conftest import Simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Start = Callable[..., Simulated]
ROUTES = "plugins/camera"
FILM_S = 150.0  # somebody comes at least once in this time, and it is rendered once in a minute
SUNNY = ("--start", "2022-01-02T17:00Z", "--soc", "95")


@pytest.fixture
def watched(simulate: Start, tmp_path: Any) -> Callable[..., Simulated]:
    (tmp_path / "edgepi.yaml").write_text(demo_config().read_text() + "\nhttp:\n  port: 0\n")
    return simulate


def events(node: Simulated) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = node.client.get(f"{ROUTES}/events")["events"]
    return found


def pictures(clip: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(clip), "r") as container:
        return list(container.decode(video=0))


def test_motion_is_kept_as_a_clip_and_a_cut_in_the_middle_of_one_loses_no_more_than_its_end(
    watched: Start,
) -> None:
    node = watched("--rate", "20", *SUNNY)
    node.until("pictures", lambda: node.client.get(f"{ROUTES}/status")["link"] == "running", FILM_S)
    assert node.client.get(f"{ROUTES}/status")["label"] == "rendered film"

    def ended() -> Mapping[str, Any] | None:
        return next((each for each in events(node) if each["ended_utc"] and each["clip"]), None)

    event = node.until("an event that has ended", ended, FILM_S)
    assert "path" in event["zones"]
    frames = pictures(node.client.get(f"{ROUTES}/events/{event['id']}/clip.mp4"))
    assert (frames[0].width, frames[0].height) == (640, 480)
    assert frames[-1].time - frames[0].time > 5.0
    assert node.client.get(f"{ROUTES}/events/{event['id']}/picture.jpg").startswith(b"\xff\xd8")

    seen = {each["id"] for each in events(node)}
    underway = node.until(
        "an event underway",
        lambda: next((each for each in events(node) if each["id"] not in seen and each["clip"]), None),
        FILM_S,
    )
    node.edgepi("sim", "fault", "power_cut", "--seconds", "60")
    node.until("the cut", lambda: "the power is cut" in node.said())
    node.until("a second life", lambda: node.said().count("the board gives power") == 2)

    def kept() -> Mapping[str, Any] | None:
        return next(
            (each for each in events(node) if each["id"] == underway["id"] and each["ended_utc"]), None
        )

    again = node.until("the event that the cut ended", kept)
    assert again["clip"]
    assert pictures(node.client.get(f"{ROUTES}/events/{again['id']}/clip.mp4"))
    assert seen <= {each["id"] for each in events(node)}


def test_the_camera_follows_the_energy_through_a_day(watched: Start) -> None:
    node = watched("--rate", "600", "--start", "2022-01-02T18:00Z", "--soc", "70")

    def level() -> str:
        return str(node.truth()["levels"]["camera.watch"])

    node.until("enough sun to watch", lambda: level() in {"full", "saver"}, FILM_S)
    node.until("dusk", lambda: level() in {"snapshot", "off"}, FILM_S)
    decided = [
        each["sentence"].partition(":")[0]
        for each in node.client.get("decisions")
        if (each["subject"], each["action"]) == ("camera.watch", "level")
    ]
    assert {"snapshot", "off"} & set(decided)
    assert {"full", "saver"} & set(decided)
