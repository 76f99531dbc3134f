"""The text of one configuration file, and findings that point into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgepi.config.findings import Finding
from edgepi.errors import ConfigError

__all__ = ["MAX_BYTES", "Source"]

MAX_BYTES = 1_000_000
_EXCERPT_CHARACTERS = 160
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as the end of a line
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Source:
    """One file; *private* keeps its lines out of findings."""

    path: Path
    text: str
    lines: tuple[str, ...]
    private: bool = False

    @classmethod
    def of(cls, path: Path, text: str, *, private: bool = False) -> Source:
        """Take a text as the content of *path*."""
        return cls(path, text, tuple(_BREAK.split(text)), private)

    @classmethod
    def read(cls, path: Path, *, private: bool = False) -> Source:
        """Read a file.

        Raises:
            ConfigError: it cannot be read, is too large, or is no UTF-8 text.
        """
        empty = cls.of(path, "", private=private)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise empty.error("there is no such file") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise empty.error(f"cannot be read: {reason}") from error
        if len(data) > MAX_BYTES:
            raise empty.error(f"is larger than {MAX_BYTES // 1000} kB, which no configuration is")
        return cls._decode(path, data, private=private)

    @classmethod
    def _decode(cls, path: Path, data: bytes, *, private: bool) -> Source:
        try:
            source = cls.of(path, data.decode("utf-8-sig"), private=private)
        except UnicodeDecodeError as error:
            # The codec counts from behind a byte-order mark, and so does this text.
            source = cls.of(path, error.object[: error.start].decode("utf-8-sig", "replace"), private=private)
            line = len(source.lines)
            raise source.error(
                f"is not UTF-8 text (byte 0x{error.object[error.start]:02x})",
                line - 1,
                len(source.lines[-1]),
            ) from error
        if bad := _UNPRINTABLE.search(source.text):
            before = _BREAK.split(source.text[: bad.start()])
            code = ord(bad.group())
            message = f"holds the control character U+{code:04X}: this is not a text file"
            raise source.error(message, len(before) - 1, len(before[-1]))
        return source

    def finding(
        self,
        message: str,
        line: int = 0,
        column: int = 0,
        *,
        suggestion: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> Finding:
        """Point at a place; *line* and *column* count from 0 and are moved into the text."""
        line = min(max(line, 0), len(self.lines) - 1)
        text = self.lines[line]
        column = min(max(column, 0), len(text))
        return Finding(
            path=self.path,
            line=line + 1,
            column=column + 1,
            message=message,
            suggestion=suggestion,
            excerpt="" if self.private or column >= _EXCERPT_CHARACTERS else text[:_EXCERPT_CHARACTERS],
            severity=severity,
        )

    def error(self, message: str, line: int = 0, column: int = 0) -> ConfigError:
        """Return an exception with one finding."""
        return ConfigError([self.finding(message, line, column)], path=self.path)
