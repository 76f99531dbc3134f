from __future__ import annotations

from pathlib import Path

import pytest

from edgepi_iexec.protocol.cid import cid_of_bytes, cid_of_file, is_cid

PIECE = 262_144


def content(size: int) -> bytes:
    # (7 i + i // 256) mod 256, which repeats after 65536
    period = bytes((7 * i + (i >> 8)) & 255 for i in range(65_536))
    return (period * (size // 65_536 + 1))[:size]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"),
        (b"hello world\n", "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"),
    ],
)
def test_contents_have_the_names_that_everybody_knows(data: bytes, name: str) -> None:
    assert cid_of_bytes(data) == name


@pytest.mark.parametrize(
    ("size", "name"),  # as the JavaScript implementation of IPFS names them
    [
        (PIECE, "QmQrVyp1a4SsUrTQ7Mt6xxCArMcbMEHMt5oKPLfA4CuREz"),
        (PIECE + 1, "QmYqRWLJRcKBePAeZWU2V9NQzKBFTzL9sEgnDg9W2wyyVY"),
        (1_000_000, "QmXCYeDMJtt3yVofYvPyc2wjhizzHS1DBAHWZ8KiM2piCM"),
        (174 * PIECE, "Qmf6gGCgNBVdmCF6bUNbLUgbBPkH3wCzNhnY5oMse6o1bB"),
        (174 * PIECE + 1, "QmWBvvibE7UexGKy4XHRJMhamJYzzGRxZBLmzG295x4M7H"),
    ],
)
def test_large_contents_have_the_names_that_ipfs_gives_them(tmp_path: Path, size: int, name: str) -> None:
    data = content(size)
    assert cid_of_bytes(data) == name
    (tmp_path / "file").write_bytes(data)
    assert cid_of_file(tmp_path / "file") == name


def test_only_such_names_are_names() -> None:
    assert is_cid("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")
    for other in (
        "",
        "../../etc/passwd",
        "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o\n",
        "Qm" + "0" * 44,
    ):
        assert not is_cid(other)
