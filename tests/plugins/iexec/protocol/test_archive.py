from __future__ import annotations

import json
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol import ids
from edgepi_iexec.protocol.archive import ArchiveLimits, archive_digest, check_archive
from edgepi_iexec.protocol.result import make_result

TASK = "0x" + "11" * 32


def packed(path: Path, files: dict[str, bytes], output: str = "/iexec_out/r") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("computed.json", json.dumps({"deterministic-output-path": output}))
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return packed(tmp_path / "good.zip", {"r": b"result", "d/x": b"1", "d/y": b"2", "d/e/z": b"3"})


@pytest.mark.parametrize("output", ["/iexec_out/r", "/iexec_out/d", "/iexec_out", "/iexec_out/d/e/z"])
def test_the_digest_of_a_zip_is_that_of_its_folder(tmp_path: Path, output: str) -> None:
    folder = tmp_path / "iexec_out"
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "link").symlink_to("/etc/passwd")
    for name in ("r", "d/x", "d/y", "d/e/z"):
        (folder / name).write_text(name)
    if output == "/iexec_out":
        (folder / "link").unlink()  # else it is no result: see the tests of results
    (folder / "computed.json").write_text(json.dumps({"deterministic-output-path": output}))
    result = make_result(folder, tmp_path / "a.zip", stdout="said", stderr="and said")
    assert archive_digest(tmp_path / "a.zip") == result.digest
    contribution = ids.result_hash(TASK, result.digest)
    assert check_archive(tmp_path / "a.zip", task_id=TASK, contribution=contribution) == result.digest


def test_a_callbacks_zip_is_that_of_its_data(tmp_path: Path) -> None:
    folder = tmp_path / "iexec_out"
    folder.mkdir()
    (folder / "computed.json").write_text('{"callback-data":"0x1234"}')
    result = make_result(folder, tmp_path / "a.zip", callback=True)
    assert archive_digest(tmp_path / "a.zip", callback=True) == result.digest


def test_another_result_than_was_contributed_is_refused(good: Path) -> None:
    with pytest.raises(ProtocolError, match="contributed"):
        check_archive(good, task_id=TASK, contribution=ids.result_hash(TASK, "0x" + "44" * 32))


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/x", "a//b", "./x", "a\\b", "..", "a/" * 70 + "x", "n" * 2000, "r/inner"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProtocolError):
        archive_digest(packed(tmp_path / "a.zip", {"r": b"", name: b""}))


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"r": b"result"})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ProtocolError, match="link"):
        archive_digest(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"r": b"result"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("r", b"another")
    with pytest.raises(ProtocolError, match="two files"):
        archive_digest(path)


def test_bombs_are_refused_before_they_go_off(tmp_path: Path, good: Path) -> None:
    bomb = packed(tmp_path / "a.zip", {"r": bytes(5_000_000)})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(ProtocolError, match="unpacks"):
        archive_digest(bomb, limits=ArchiveLimits(unpacked_bytes=4_000_000))
    with pytest.raises(ProtocolError, match="files"):
        archive_digest(good, limits=ArchiveLimits(entries=4))
    with pytest.raises(ProtocolError, match="larger"):
        archive_digest(good, limits=ArchiveLimits(packed_bytes=100))
    archive_digest(good, limits=ArchiveLimits(entries=5))


def test_a_file_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"r": bytes(1_000_000)})
    data = path.read_bytes()
    assert data.count(struct.pack("<L", 1_000_000)) == 2
    path.write_bytes(data.replace(struct.pack("<L", 1_000_000), struct.pack("<L", 10)))
    with pytest.raises(ProtocolError, match="no zip that can be read"):
        archive_digest(path)


def test_a_table_of_contents_larger_than_any_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, 60_000_000, 0, 0)
    with path.open("wb") as file:
        file.truncate(60_000_000)
        file.seek(60_000_000)
        file.write(end)
    with pytest.raises(ProtocolError, match="more than"):
        archive_digest(path)


def test_the_large_kind_and_comments_are_refused(tmp_path: Path, good: Path) -> None:
    data = good.read_bytes()
    locator = b"PK\6\7" + bytes(16)
    (tmp_path / "large.zip").write_bytes(data[:-22] + locator + data[-22:])
    (tmp_path / "comment.zip").write_bytes(data[:-2] + struct.pack("<H", 3) + b"abc")
    for name in ("large.zip", "comment.zip"):
        with pytest.raises(ProtocolError):
            archive_digest(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 100, b"PK\5\6" + bytes(18)])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ProtocolError):
        archive_digest(tmp_path / "a.zip")


def test_unusual_packing_and_encryption_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("computed.json", "{}")
    with pytest.raises(ProtocolError, match="unusual"):
        archive_digest(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("output", "files"),
    [("/iexec_out/missing", {"r": b""}), ("/iexec_out/../r", {"r": b""}), ("/etc/passwd", {"r": b""})],
)
def test_a_zip_without_the_result_that_it_names_is_refused(
    tmp_path: Path, output: str, files: dict[str, bytes]
) -> None:
    with pytest.raises(ProtocolError):
        archive_digest(packed(tmp_path / "a.zip", files, output))


def test_a_zip_without_computed_json_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("r", b"")
    with pytest.raises(ProtocolError, match="no computed"):
        archive_digest(tmp_path / "a.zip")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 60),
)
def test_a_zip_with_any_bytes_changed_is_digested_or_refused(
    good: Path, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(good.read_bytes())
    for where, value in changes:
        data[where % len(data)] = value
    path = good.with_name("changed.zip")
    path.write_bytes(data[: len(data) - cut] if cut < 20 else data)
    with suppress(ProtocolError):
        assert archive_digest(path).startswith("0x")
