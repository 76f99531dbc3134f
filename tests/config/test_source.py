from __future__ import annotations

from pathlib import Path

import pytest

from edgepi.config.source import MAX_BYTES, Source
from edgepi.errors import ConfigError


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: caf\xe9\n", "2:7: is not UTF-8 text (byte 0xe9)"),
        (b"a: 1\n\x00\x01", "2:1: holds the control character U+0000: this is not a text file"),
        (b"\xff\xfea\x00", "1:1: is not UTF-8 text (byte 0xff)"),
        (b"\xef\xbb\xbfab\xff", "1:3: is not UTF-8 text (byte 0xff)"),
        (b"a" * (MAX_BYTES + 1), "1:1: is larger than 1000 kB"),
    ],
)
def test_what_is_no_text_is_a_finding_with_its_place(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        Source.read(path)
    assert str(caught.value.findings[0]).startswith(f"{path}:{expected}")


def test_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Source.read(tmp_path)
    assert "cannot be read: Is a directory" in str(caught.value.findings[0])


def test_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert Source.read(path).lines == ("a: 1", "b: 2", "")


def test_place_outside_of_the_text_is_moved_into_it() -> None:
    finding = Source.of(Path("f"), "ab\n").finding("x", 99, 99)
    assert (finding.line, finding.column) == (2, 1)


def test_private_source_shows_no_line() -> None:
    assert Source.of(Path("f"), "a: hunter2", private=True).finding("x").excerpt == ""
