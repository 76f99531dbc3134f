"""The film as it is rendered, cut into pictures, and played over and over."""

from __future__ import annotations

import io
import random
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgepi.errors import WorldError
from edgepi.sim.film.player import Player, torn
from edgepi.sim.film.plot import LENGTH_S, PLOT
from edgepi.sim.film.scene import Scene, truth
from edgepi.sim.film.ts import PACKET, Film, film_of


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


def luma(scene: Scene, time_s: float) -> NDArray[np.float64]:
    return scene.picture(time_s)[:480].astype(np.float64)


def changed(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    apart = cv2.absdiff(cv2.blur(one, (3, 3)), cv2.blur(other, (3, 3)))
    return np.asarray(apart > 12)


def test_who_is_in_the_picture_is_told(scene: Scene) -> None:
    scene.picture(2.0)
    assert scene.seen == set()
    scene.picture(12.0)
    assert scene.seen == {"blue"}
    scene.picture(47.0)
    assert scene.seen == {"red", "ginger"}


def test_the_truth_counts_pictures_in_which_somebody_shows() -> None:
    seen = [set(), {"blue"}, {"blue"}, {"blue", "red"}, set()]
    assert truth(seen, 2.0) == [
        {"what": "person", "name": "blue", "from_s": 0.5, "to_s": 2.0},
        {"what": "person", "name": "red", "from_s": 1.5, "to_s": 2.0},
    ]


def test_twice_nobody_comes_for_twenty_seconds_and_the_film_ends_with_nobody_in_it() -> None:
    busy = sorted((role.from_s, role.to_s) for role in PLOT)
    pauses = [later - max(to for at, to in busy if at <= begun) for (begun, _), (later, _) in pairwise(busy)]
    assert sorted(pauses)[-2] >= 20.0
    assert busy[0][0] > 0.0
    assert max(to for _, to in busy) < LENGTH_S


def test_the_tree_moves_where_nobody_is_and_the_house_stands(scene: Scene) -> None:
    moved = changed(luma(scene, 22.0), luma(scene, 23.1))
    assert moved[20:200, 400:620].mean() > 0.1
    assert moved[190:320, 0:100].mean() < 0.02


def test_a_walker_changes_the_path(scene: Scene) -> None:
    moved = changed(luma(scene, 5.0), luma(scene, 12.0))
    assert moved[250:420, 250:420].mean() > 0.1


def test_the_last_picture_leads_into_the_first(scene: Scene) -> None:
    step = changed(luma(scene, 60.0), luma(scene, 60.0 + 1 / 15)).mean()
    seam = changed(luma(scene, LENGTH_S - 1 / 15), luma(scene, 0.0)).mean()
    assert seam < step * 3 + 0.005


def test_every_picture_is_a_piece_and_each_tenth_can_be_begun_with(tiny: Film) -> None:
    assert len(tiny.pieces) == 20
    assert tiny.length_s == pytest.approx(0.5)
    assert [piece.time_s for piece in tiny.pieces if piece.key] == pytest.approx([0.0, 0.25])
    assert tiny.pieces[0].start == 0
    assert tiny.pieces[-1].end == len(tiny.data)
    assert all(before.end == after.start for before, after in pairwise(tiny.pieces))


def test_a_piece_that_can_be_begun_with_brings_its_tables(tiny: Film) -> None:
    for piece in tiny.pieces:
        if piece.key:
            pictures = decoded(tiny.data[piece.start :])
            assert pictures[0].key_frame
            assert (pictures[0].width, pictures[0].height) == (96, 72)


def decoded(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data), "r", format="mpegts") as container:
        return list(container.decode(video=0))


def played(player: Player, count: int) -> bytes:
    return b"".join(player.shot().data for _ in range(count))


def test_time_goes_on_when_the_film_begins_anew(tiny: Film) -> None:
    times = [frame.time for frame in decoded(played(Player(tiny), 60))]
    assert len(times) == 60
    assert np.diff(times) == pytest.approx(0.025, abs=1e-3)


def test_counters_of_packets_go_on_when_the_film_begins_anew(tiny: Film) -> None:
    data = played(Player(tiny), 50)
    last: dict[int, int] = {}
    for at in range(0, len(data), PACKET):
        stream = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        if data[at + 3] & 0x10:
            counter = data[at + 3] & 0x0F
            assert counter == (last.get(stream, counter - 1) + 1) % 16
            last[stream] = counter


def test_the_first_round_is_the_film_itself(tiny: Film) -> None:
    assert played(Player(tiny), 20) == tiny.data


def test_another_film_takes_over_at_a_picture_that_can_be_begun_with(tiny: Film, smaller: Film) -> None:
    player = Player(tiny)
    data = played(player, 5)
    player.change(smaller)
    frames = decoded(data + played(player, 25))
    assert [frame.width for frame in frames] == [96] * 10 + [64] * 20
    assert np.diff([frame.time for frame in frames]) == pytest.approx(0.025, abs=1e-3)


def test_a_torn_stream_is_no_longer_the_stream(tiny: Film) -> None:
    left = torn(tiny.data, random.Random(1))
    assert len(left) < len(tiny.data)
    assert left != tiny.data[: len(left)]
    assert torn(tiny.data, random.Random(1)) == left


@pytest.mark.parametrize("data", [b"", b"\x47" * 100, b"\0" * PACKET, (b"\x47" + bytes(187)) * 3])
def test_what_is_no_film_is_refused(data: bytes) -> None:
    with pytest.raises(WorldError, match="film"):
        film_of(data)
