from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepi.clock import SystemClock
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import SourceEndError, SourceError, Unit
from edgepi_camera.source.folder import FolderSource, _place
from edgepi_camera.source.open import make_source


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepi_camera.source.folder.LOOK_EVERY_S", 0.01)


def drop(folder: Path, name: str, grey: int) -> None:
    cv2.imwrite(str(folder / name), np.full((32, 48, 3), grey, np.uint8))


def source(folder: Path, *, live: bool) -> FolderSource:
    made = make_source(SourceSettings(url=str(folder), live=live, fps=2.0), SystemClock())
    assert isinstance(made, FolderSource)
    made.open()
    return made


def brightness(unit: Unit | None, folder: FolderSource) -> int:
    assert unit is not None
    frame = folder.decoder().decode(unit.packet)[0]
    return round(float(frame.to_ndarray(format="gray").mean()))


def test_an_album_is_leafed_through_by_name_at_its_rate(tmp_path: Path) -> None:
    for name, grey in (("b.png", 100), ("a.jpg", 50), ("c.jpeg", 150)):
        drop(tmp_path, name, grey)
    (tmp_path / "notes.txt").write_text("no picture")
    album = source(tmp_path, live=False)
    units = [album.read() for _ in range(3)]
    assert [brightness(unit, album) for unit in units] == pytest.approx([50, 100, 150], abs=2)
    assert [unit.pts_s for unit in units if unit is not None] == [0.0, 0.5, 1.0]
    with pytest.raises(SourceEndError):
        album.read()


def test_numbers_in_names_count_as_numbers(tmp_path: Path) -> None:
    names = ["IMG_1.png", "IMG_2.png", "img_9.png", "IMG_10.png", "IMG_011.png", "IMG_100.png"]
    for number, name in enumerate(names):
        drop(tmp_path, name, 30 * number + 40)
    album = source(tmp_path, live=False)
    shown = [brightness(album.read(), album) for _ in names]
    assert shown == pytest.approx([30 * number + 40 for number in range(len(names))], abs=2)
    assert sorted(
        ["2026-10-05_2.jpg", "2026-9-30_11.jpg", "2026-10-05_10.jpg", "a.jpg", "9" * 200], key=_place
    ) == [
        "2026-9-30_11.jpg",
        "2026-10-05_2.jpg",
        "2026-10-05_10.jpg",
        "9" * 200,
        "a.jpg",
    ]


def test_a_live_folder_shows_the_newest_and_then_what_is_added_once_it_is_whole(tmp_path: Path) -> None:
    drop(tmp_path, "1.jpg", 50)
    drop(tmp_path, "2.jpg", 100)
    folder = source(tmp_path, live=True)
    assert folder.read() is None  # it might still grow
    assert brightness(folder.read(), folder) == pytest.approx(100, abs=2)
    drop(tmp_path, "3.jpg", 150)
    content = (tmp_path / "3.jpg").read_bytes()
    (tmp_path / "3.jpg").write_bytes(content[:100])
    assert folder.read() is None
    (tmp_path / "3.jpg").write_bytes(content)
    assert folder.read() is None
    assert brightness(folder.read(), folder) == pytest.approx(150, abs=2)
    assert folder.read() is None


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no pictures are in it"):
        source(tmp_path, live=False)


def test_pictures_that_are_damaged_or_larger_than_any_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepi_camera.source.folder.MOST_BYTES", 5000)

    def decode(*_: object) -> None:
        raise cv2.error("Insufficient memory")

    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8" + bytes(6000))
    drop(tmp_path, "b.png", 80)
    drop(tmp_path, "c.jpg", 50)
    monkeypatch.setattr(cv2, "imdecode", decode)
    album = source(tmp_path, live=False)
    assert [album.read(), album.read()] == [None, None]
    assert brightness(album.read(), album) == pytest.approx(50, abs=2)
