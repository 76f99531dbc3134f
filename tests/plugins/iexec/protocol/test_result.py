from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.computed import parse_computed
from edgepi_iexec.protocol.digest import result_digest
from edgepi_iexec.protocol.hashing import keccak256
from edgepi_iexec.protocol.outputs import output_parts
from edgepi_iexec.protocol.result import make_result, pack_result, read_computed, write_error
from edgepi_iexec.protocol.statuses import ReplicateStatus

DETECTED = (
    "Detected face in image1.jpg\nDetected face in image4.jpg\nDetected face in image5.jpg\nEnd compute"
)
ONE_FILE = "0x09b727883db89fa3b3504f83e0c67d04a0d4fc35a9670cc4517c49d2a27ad171"
TWO_FILES = "0xcc77508549295dd5de5876a2f4f00d4c3c27a547c6403450e43ab4de191bf1bc"


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    folder = tmp_path / "output" / "iexec_out"
    folder.mkdir(parents=True)
    return folder


def computed(outputs: Path, path: object = None, **others: object) -> None:
    said = {"deterministic-output-path": path} if path is not None else {}
    (outputs / "computed.json").write_text(json.dumps(said | others))


def digest_of(outputs: Path, *, callback: bool = False) -> str:
    return result_digest(outputs, read_computed(outputs), callback=callback)


def refusal(outputs: Path, *, callback: bool = False) -> str | None:
    with pytest.raises(ProtocolError) as refused:
        digest_of(outputs, callback=callback)
    return refused.value.cause


def zipped(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_digest_of_a_file_is_the_vectors(outputs: Path) -> None:
    (outputs / "computing-trace.txt").write_text(DETECTED)
    computed(outputs, "/iexec_out/computing-trace.txt")
    assert digest_of(outputs) == ONE_FILE


def test_the_digest_of_a_folder_is_the_vectors(outputs: Path) -> None:
    (outputs / "results" / "deeper").mkdir(parents=True)
    (outputs / "results" / "result2.txt").write_text("Another result")
    (outputs / "results" / "result1.txt").write_text("A result")
    (outputs / "results" / "deeper" / "not counted").write_text("x")
    for path in ("/iexec_out/results", "/iexec_out/results/", "/iexec_out//./results"):
        computed(outputs, path)
        assert digest_of(outputs) == TWO_FILES


def test_files_are_sorted_as_java_does(outputs: Path) -> None:
    (outputs / "d").mkdir()
    astral, private = "\U0001f31e", "\ue000"  # UTF-16 puts the first before the second, Python behind it
    (outputs / "d" / astral).write_text("sun")
    (outputs / "d" / private).write_text("private")
    computed(outputs, "/iexec_out/d")
    hashes = (hashlib.sha256(text.encode()).digest() for text in ("sun", "private"))
    assert digest_of(outputs) == "0x" + keccak256(b"".join(hashes)).hex()


def test_a_callback_is_digested_by_its_data(outputs: Path) -> None:
    computed(outputs, **{"callback-data": "0xABcd"})
    assert digest_of(outputs, callback=True) == "0x" + keccak256(b"\xab\xcd").hex()
    assert make_result(outputs, outputs.parent / "a.zip", callback=True).callback_data == "0xabcd"


def test_nothing_of_computed_json_means_no_result(outputs: Path) -> None:
    assert refusal(outputs) == "POST_COMPUTE_COMPUTED_FILE_NOT_FOUND"
    (outputs / "computed.json").mkdir()
    assert refusal(outputs) == "POST_COMPUTE_COMPUTED_FILE_NOT_FOUND"


def test_a_result_that_is_not_there_is_named_so(outputs: Path) -> None:
    computed(outputs, "/iexec_out/missing/file")
    assert refusal(outputs) == "POST_COMPUTE_RESULT_FILE_NOT_FOUND"
    (outputs / "missing").write_text("a file, no folder")
    assert refusal(outputs) == "POST_COMPUTE_RESULT_FILE_NOT_FOUND"


def test_a_callback_without_data_and_a_result_without_path_cannot_be_digested(outputs: Path) -> None:
    computed(outputs)
    assert refusal(outputs, callback=True) == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"
    assert refusal(outputs) == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/iexec_out/../secret",
        "/iexec_out/a/../../secret",
        "iexec_out/a",
        "/iexec_outside/a",
        "/",
        "",
        "/iexec_out/\0",
        "/iexec_out/a\n",
        "/iexec_out/" + "a/" * 100,
        "/iexec_out/" + "a" * 5000,
        "\ud800",
        5,
        ["/iexec_out/a"],
        {"a": 1},
        True,
    ],
)
def test_paths_that_lead_elsewhere_are_refused(outputs: Path, path: object) -> None:
    (outputs.parent / "secret").write_text("not the app's")
    computed(outputs, path)
    assert refusal(outputs) == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"callback-data":"0x1"}',
        b'{"callback-data":"zz"}',
        b'{"callback-data":5}',
        b'{"callback-data":"0x' + b"11" * 200_000 + b'"}',
        b'{"deterministic-output-path":' + b"9" * 5000 + b"}",
        b'{"deterministic-output-path":NaN}',
        b" " * 1_100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)
def test_hostile_computed_json_is_refused(outputs: Path, content: bytes) -> None:
    (outputs / "computed.json").write_bytes(content)
    assert refusal(outputs, callback=True) == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"


def test_links_are_not_followed(outputs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("0xac09")
    (outputs / "file").symlink_to(secret / "key")
    (outputs / "folder").symlink_to(secret)
    (outputs / "real").mkdir()
    (outputs / "real" / "inner").symlink_to(secret / "key")
    for path in ("file", "folder", "folder/key", "real"):
        computed(outputs, f"/iexec_out/{path}")
        assert refusal(outputs) == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"
    pack_result(outputs, tmp_path / "a.zip")
    found = zipped(tmp_path / "a.zip")
    assert {name: found[name] for name in ("file", "folder", "real/inner")} == dict.fromkeys(
        ("file", "folder", "real/inner"), b""
    )
    assert all(b"0xac09" not in content for content in found.values())


def test_computed_json_that_is_a_link_is_not_followed(outputs: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"callback-data":"0x11"}')
    (outputs / "computed.json").symlink_to(tmp_path / "other.json")
    assert refusal(outputs, callback=True) is not None


def test_pipes_are_refused_and_do_not_block(outputs: Path, tmp_path: Path) -> None:
    os.mkfifo(outputs / "computed.json")
    assert refusal(outputs) == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"
    (outputs / "computed.json").unlink()
    os.mkfifo(outputs / "pipe")
    computed(outputs, "/iexec_out/pipe")
    assert refusal(outputs) == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"
    with pytest.raises(ProtocolError) as refused:
        pack_result(outputs, tmp_path / "a.zip")
    assert refused.value.cause == "POST_COMPUTE_OUT_FOLDER_ZIP_FAILED"


@pytest.mark.parametrize(
    ("name", "fits"), [("a" * 31, True), ("a" * 32, False), ("\U0001f31e" * 16, False), ("é" * 31, True)]
)
def test_names_have_31_characters_at_most(outputs: Path, tmp_path: Path, name: str, fits: bool) -> None:
    (outputs / ("d" * 60)).mkdir()
    (outputs / ("d" * 60) / name).write_text("x")
    if fits:
        pack_result(outputs, tmp_path / "a.zip")
        assert f"{'d' * 60}/{name}" in zipped(tmp_path / "a.zip")
        return
    with pytest.raises(ProtocolError) as refused:
        pack_result(outputs, tmp_path / "a.zip")
    assert refused.value.cause == "POST_COMPUTE_TOO_LONG_RESULT_FILE_NAME"
    assert list(tmp_path.glob("a.zip*")) == []


def test_the_same_files_give_the_same_zip(tmp_path: Path) -> None:
    contents: list[bytes] = []
    for number, names in enumerate((("b", "a", "c/d"), ("c/d", "b", "a"))):
        folder = tmp_path / str(number)
        (folder / "c").mkdir(parents=True)
        (folder / "empty").mkdir()
        for name in names:
            (folder / name).write_text(name)
            os.utime(folder / name, (number * 1e8, number * 1e8))
        pack_result(folder, tmp_path / f"{number}.zip")
        contents.append((tmp_path / f"{number}.zip").read_bytes())
    assert contents[0] == contents[1]
    assert list(zipped(tmp_path / "0.zip")) == ["a", "b", "c/d"]


def test_a_result_that_is_too_large_or_has_too_many_files_is_not_packed(
    outputs: Path, tmp_path: Path
) -> None:
    with (outputs / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ProtocolError) as refused:
        pack_result(outputs, tmp_path / "a.zip")
    assert refused.value.cause == "POST_COMPUTE_OUT_FOLDER_ZIP_FAILED"
    (outputs / "sparse").unlink()
    for number in range(5):
        (outputs / str(number)).write_text("")
    with pytest.raises(ProtocolError):
        pack_result(outputs, tmp_path / "a.zip", max_entries=4)
    pack_result(outputs, tmp_path / "a.zip", max_entries=5)


def test_a_folder_without_end_is_refused(outputs: Path, tmp_path: Path) -> None:
    here = outputs
    for _ in range(60):
        here = here / "a"
        here.mkdir()
    with pytest.raises(ProtocolError):
        pack_result(outputs, tmp_path / "a.zip")


def test_names_that_are_no_text_are_refused(outputs: Path, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(outputs) + b"/\xff\xfe")).write_text("x")
    with pytest.raises(ProtocolError) as refused:
        pack_result(outputs, tmp_path / "a.zip")
    assert refused.value.cause == "POST_COMPUTE_OUT_FOLDER_ZIP_FAILED"


def test_a_failed_packing_leaves_the_old_archive(outputs: Path, tmp_path: Path) -> None:
    pack_result(outputs, tmp_path / "a.zip")
    before = (tmp_path / "a.zip").read_bytes()
    (outputs / ("n" * 40)).write_text("x")
    with pytest.raises(ProtocolError):
        pack_result(outputs, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == before


def test_logs_are_in_the_zip_but_not_in_the_digest_of_another_file(outputs: Path, tmp_path: Path) -> None:
    (outputs / "r").write_text(DETECTED)
    computed(outputs, "/iexec_out/r")
    assert make_result(outputs, tmp_path / "a.zip", stdout="said", stderr="").digest == ONE_FILE
    found = zipped(tmp_path / "a.zip")
    assert found["stdout.txt"] == b"said"
    assert "stderr.txt" not in found


def test_logs_are_in_the_digest_of_the_whole_folder(outputs: Path, tmp_path: Path) -> None:
    computed(outputs, "/iexec_out")
    quiet = digest_of(outputs)
    assert make_result(outputs, tmp_path / "a.zip", stdout="said").digest not in {quiet, None}
    assert digest_of(outputs) != quiet


def test_logs_are_not_written_where_a_link_leads(outputs: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (outputs / "stdout.txt").symlink_to(victim)
    os.link(victim, outputs / "stderr.txt")
    (outputs / "r").write_text("r")
    computed(outputs, "/iexec_out/r")
    make_result(outputs, tmp_path / "a.zip", stdout="said", stderr="said")
    assert victim.read_text() == "kept"
    assert zipped(tmp_path / "a.zip")["stdout.txt"] == b"said"


def test_a_folder_named_as_the_logs_is_left_alone(outputs: Path, tmp_path: Path) -> None:
    (outputs / "stdout.txt").mkdir()
    (outputs / "r").write_text("r")
    computed(outputs, "/iexec_out/r")
    make_result(outputs, tmp_path / "a.zip", stdout="said")
    assert (outputs / "stdout.txt").is_dir()


def test_errors_are_results_in_the_words_of_all_workers(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_error(folder, ReplicateStatus.DATA_DOWNLOAD_FAILED, "INPUT_FILES_DOWNLOAD_FAILED")
        digests.add(make_result(folder, tmp_path / f"{name}.zip").digest)
    text = (
        "[IEXEC] Error occurred while computing the task "
        "[error:DATA_DOWNLOAD_FAILED, cause:INPUT_FILES_DOWNLOAD_FAILED]"
    )
    folder = tmp_path / "one"
    assert (folder / "error.txt").read_text() == text
    assert digests == {"0x" + hashlib.sha256(text.encode()).hexdigest()}
    assert (folder / "computed.json").read_text() == (
        '{"deterministic-output-path":"/iexec_out/error.txt","callback-data":null,"task-id":null,'
        '"result-digest":null,"enclave-signature":null,"error-message":null}'
    )


@given(
    st.binary(max_size=80)
    | st.text(max_size=80).map(lambda text: json.dumps({"deterministic-output-path": text}).encode())
)
def test_any_computed_json_is_read_or_refused(content: bytes) -> None:
    cause: str | None = "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"
    try:
        found = parse_computed(content)
        assert found.output_path is None or ".." not in output_parts(found.output_path)
    except ProtocolError as error:
        cause = error.cause
    assert cause == "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"


@given(
    st.lists(st.sampled_from(["iexec_out", "..", ".", "", "a", "etc", "\0"]), max_size=8).map(
        lambda parts: "/" + "/".join(parts)
    )
)
def test_no_path_leads_out_of_the_folder(path: str) -> None:
    try:
        parts = output_parts(path)
    except ProtocolError:
        return
    base = Path("/iexec_out")
    plain = Path(os.path.normpath("/" + path.lstrip("/")))
    assert plain.is_relative_to(base)
    assert base.joinpath(*parts) == plain
