"""Clips that are copied: from the first key, playable when the power goes, plain once they are closed."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import av
import pytest

from edgepi_camera.model import SourceSettings
from edgepi_camera.record.clip import ClipError, CopiedClip
from edgepi_camera.record.disk import Disk
from edgepi_camera.record.file import ClipFile
from edgepi_camera.record.ring import Kept
from edgepi_camera.record.timeline import Timeline
from edgepi_camera.source.base import SourceEndError
from edgepi_camera.source.stream import StreamSource
from tests.cameras import moving_square
from tests.plugins.camera.driving import counted, write_film

DISK = Disk(logging.getLogger("test"))


def film(path: Path, **settings: object) -> Path:
    pictures = (moving_square(number, width=160, height=128) for number in range(75))
    return write_film(path, pictures, **settings)  # type: ignore[arg-type]


def packets(file: Path) -> tuple[StreamSource, list[Kept]]:
    source, line, found = StreamSource(SourceSettings(url=str(file), live=False)), Timeline(live=False), []
    source.open()
    try:
        while True:
            unit = source.read()
            assert unit is not None
            assert unit.packet is not None
            stamp = line.place(unit.pts_s, unit.dts_s, 50.0)
            found.append(Kept(unit.packet, stamp.time_s, stamp.dts_s, unit.key, unit.packet.size))
    except SourceEndError:
        source.close()
        return source, found


def add_all(clip: CopiedClip, kept: list[Kept]) -> None:
    for entry in kept:
        clip.add(entry)


def boxes(file: Path) -> list[bytes]:
    content, at, names = file.read_bytes(), 0, []
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big") or len(content)
    return names


@pytest.mark.parametrize(("codec", "tag"), [("libx264", "avc1"), ("libx265", "hvc1")])
def test_a_clip_begins_at_a_key_and_at_zero_and_is_a_plain_mp4(tmp_path: Path, codec: str, tag: str) -> None:
    source, kept = packets(film(tmp_path / "film.mp4", codec=codec))
    clip = CopiedClip(tmp_path / "clip.mp4", DISK, source.format)
    for entry in kept[9:]:
        clip.add(entry)
    clip.finish()
    assert boxes(clip.path) == [b"ftyp", b"free", b"mdat", b"moov"]
    with av.open(str(clip.path)) as made:
        assert made.streams.video[0].codec_context.codec_tag == tag
    pictures, first_s, claimed_s = counted(clip.path)
    first_key = next(index for index, entry in enumerate(kept) if index >= 9 and entry.key)
    assert pictures == 75 - first_key
    assert first_s <= 0.1
    assert claimed_s == pytest.approx(pictures / 25, abs=0.1)


def test_what_is_on_disk_can_be_played_while_it_is_written(tmp_path: Path) -> None:
    source, kept = packets(film(tmp_path / "film.mp4"))
    clip = CopiedClip(tmp_path / "clip.mp4", DISK, source.format)
    for entry in kept[:60]:
        clip.add(entry)
    shutil.copy(clip.path, tmp_path / "cut.mp4")
    torn = tmp_path / "torn.mp4"
    torn.write_bytes((tmp_path / "cut.mp4").read_bytes()[:-500])
    clip.finish()
    whole_before = counted(tmp_path / "cut.mp4")[0]
    assert 40 <= whole_before <= 60  # all but the fragment of 0.7 s that was being gathered
    assert 20 <= counted(torn)[0] <= whole_before


def test_pictures_that_look_ahead_are_copied_in_order(tmp_path: Path) -> None:
    source, kept = packets(film(tmp_path / "film.mp4", b_frames=2))
    clip = CopiedClip(tmp_path / "clip.mp4", DISK, source.format)
    for entry in kept:
        clip.add(entry)
    clip.finish()
    with av.open(str(clip.path)) as made:
        times = [frame.time for frame in made.decode(video=0)]
    assert len(times) == 75
    assert times == sorted(times)


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
@pytest.mark.parametrize("count", [1, 60, 61, 62, 63])
def test_it_claims_to_be_as_long_as_its_pictures_wherever_it_ends(
    count: int, kind: str, tmp_path: Path
) -> None:
    source, kept = packets(film(tmp_path / f"film.{kind}", b_frames=2))
    clip = CopiedClip(tmp_path / "clip.mp4", DISK, source.format)
    add_all(clip, kept[:count])
    clip.finish()
    with av.open(str(clip.path)) as made:
        times = [frame.time or 0.0 for frame in made.decode(video=0)]
    assert len(times) == count
    if count > 1:
        assert counted(clip.path)[2] == pytest.approx(times[-1] - times[0] + 0.04, abs=0.005)
    assert clip.seconds == pytest.approx(times[-1] - times[0], abs=0.005)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    source, kept = packets(film(tmp_path / "film.mp4"))
    (tmp_path / "clip.mp4").symlink_to("/dev/full")
    clip = CopiedClip(tmp_path / "clip.mp4", DISK, source.format)
    with pytest.raises(ClipError, match="No space left on device"):
        add_all(clip, kept)
    with pytest.raises(ClipError):
        clip.finish()


def test_the_index_is_on_disk_before_the_head_points_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, kept = packets(film(tmp_path / "film.mp4"))
    clip = CopiedClip(tmp_path / "clip.mp4", DISK, source.format)
    for entry in kept:
        clip.add(entry)
    on_disk: list[list[bytes]] = []
    sync = ClipFile.sync

    def noted(file: ClipFile) -> None:
        on_disk.append(boxes(clip.path))
        sync(file)

    monkeypatch.setattr(ClipFile, "sync", noted)
    clip.finish()
    assert on_disk[0].count(b"moov") == 2  # that of the fragments, still in force, and the final one
    assert on_disk[-1] == [b"ftyp", b"free", b"mdat", b"moov"]
