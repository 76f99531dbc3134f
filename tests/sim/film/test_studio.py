"""Films are rendered once, in a process of their own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from edgepi.errors import WorldError
from edgepi.sim.film import studio
from edgepi.sim.film.studio import Reel, Studio

# Two seconds in which somebody in blue walks by.
TINY = Reel("tiny", ("--size", "96x72", "--fps", "10", "--start", "11", "--length", "2"))


def texts(folder: Path, pattern: str) -> list[str]:
    return [path.read_text() for path in folder.glob(pattern)]


@pytest.mark.slow
async def test_a_film_is_rendered_once_with_the_truth_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    percents: list[int] = []
    film = await Studio(tmp_path).film(TINY, percents.append)
    assert len(film.pieces) == 20
    assert film.length_s == pytest.approx(2.0)
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(percents) >= 10

    (told,) = [json.loads(text) for text in await asyncio.to_thread(texts, tmp_path, "tiny-*.json")]
    assert told["label"] == "rendered film, no real place"
    assert told["seen"] == [{"what": "person", "name": "blue", "from_s": 0.0, "to_s": 2.0}]

    async def never(*_: object) -> None:
        raise AssertionError("rendered again")

    monkeypatch.setattr(studio, "_render", never)
    assert (await Studio(tmp_path).film(TINY, percents.append)).data == film.data


@pytest.mark.slow
async def test_a_renderer_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"rendered.*size"):
        await Studio(tmp_path).film(Reel("odd", ("--size", "wide")), lambda _percent: None)
    assert not await asyncio.to_thread(texts, tmp_path, "*.ts")


@pytest.mark.slow
async def test_a_renderer_that_is_not_waited_for_ends_and_leaves_no_film(tmp_path: Path) -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(Studio(tmp_path).film(Reel("long"), lambda _percent: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await asyncio.to_thread(texts, tmp_path, "*.ts")
