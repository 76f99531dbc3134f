"""What a requester wants of a task: the text of its deal, read as the protocol's Java reads it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.reading import sane, too_deep, writable

__all__ = ["DealParams", "input_file_name", "split_args"]

MAX_CHARACTERS = 65_536
MAX_DIGITS = 80
MAX_INPUT_FILES = 1000
MAX_ARGUMENTS = 4096
_BAD = ReplicateCause.TASK_DESCRIPTION_INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class DealParams:
    """No *storage_provider* where none is named, or where the text is nothing but arguments."""

    args: str = ""
    input_files: tuple[str, ...] = ()
    result_encryption: bool = False
    storage_provider: str = ""
    storage_proxy: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    bulk_cid: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        """The arguments for the app's container; empty if there are none."""
        return split_args(self.args)

    @classmethod
    def parse(cls, text: str) -> DealParams:
        """Read a deal's text.

        What is no JSON object, has a key that nobody knows or a value of another kind, is taken for
        arguments as a whole.

        Raises:
            ProtocolError: it is too large, too deep or cannot be passed on (TASK_DESCRIPTION_INVALID).
        """
        if len(text) > MAX_CHARACTERS:
            _refuse(f"are longer than {MAX_CHARACTERS} characters")
        if "\0" in text or not writable(text):
            _refuse("hold characters that no program can be given")
        params = _from_json(text)
        if params is None:
            params = cls(args=text)
        if "\0" in params.args:
            _refuse("hold characters that no program can be given")
        if len(params.command) > MAX_ARGUMENTS:
            _refuse(f"hold more than {MAX_ARGUMENTS} arguments")
        return params

    def check_standard(self) -> None:
        """Raise ProtocolError for what only an enclave can do."""
        if self.result_encryption:
            _refuse("ask for an encrypted result, which needs an enclave")


def _refuse(why: str) -> NoReturn:
    raise ProtocolError(f"the deal's parameters {why}", cause=_BAD.value)


class _OtherKindError(Exception):
    """A value is not of the kind that its key has."""


def _from_json(text: str) -> DealParams | None:
    """Return what a JSON object says, or None where the protocol takes the text for arguments."""
    if too_deep(text):
        _refuse("are nested too deeply")
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        decoder = json.JSONDecoder(parse_int=_bounded, parse_float=_bounded, parse_constant=_no_number)
        found, _ = decoder.raw_decode(text, start)  # what stands behind it is not looked at there either
    except ProtocolError:
        raise
    except ValueError:
        return None
    if not sane(found):
        _refuse("are nested too deeply, or hold what is no text")
    if not isinstance(found, dict) or not found.keys() <= _READERS.keys():
        return None
    try:
        values = {
            _READERS[key][0]: _READERS[key][1](value) for key, value in found.items() if value is not None
        }
    except _OtherKindError:
        return None
    return DealParams(**values)


def _bounded(digits: str) -> str:
    """Keep a number as it is written: where a text is wanted it becomes that very text."""
    if len(digits) > MAX_DIGITS:
        _refuse("hold a number without end")
    return _Number(digits)


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


class _Number(str):
    __slots__ = ()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise _OtherKindError
    return str(value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, _Number) and value.lstrip("-").isdigit():
        return int(value) != 0
    if isinstance(value, _Number) or value not in _FLAGS:
        raise _OtherKindError
    return _FLAGS[value]


_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "": False}


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _OtherKindError
    if len(value) > MAX_INPUT_FILES:
        _refuse(f"name more than {MAX_INPUT_FILES} input files")
    return tuple(_text(one) for one in value)


def _table(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _OtherKindError
    return {key: "" if one is None else _text(one) for key, one in value.items()}


_READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "iexec_args": ("args", _text),
    "iexec_input_files": ("input_files", _texts),
    "iexec_result_encryption": ("result_encryption", _flag),
    "iexec_result_storage_provider": ("storage_provider", _text),
    "iexec_result_storage_proxy": ("storage_proxy", _text),
    "iexec_secrets": ("secrets", _table),
    "bulk_cid": ("bulk_cid", _text),
}


def split_args(text: str) -> tuple[str, ...]:
    """Return a line's arguments as a shell would, quotes and backslashes but no variables.

    A quote that nobody closes goes to the end.
    """
    found: list[str] = []
    word: list[str] | None = None
    for match in _PIECE.finditer(text):
        if match["space"] is None:
            word = word if word is not None else []
            word.append(_plain(match))
        elif word is not None:
            found.append("".join(word))
            word = None
    return (*found, "".join(word)) if word is not None else tuple(found)


_PIECE = re.compile(
    r"""(?P<space>\s+)
    | (?P<plain>[^\s'"\\]+)
    | '(?P<single>[^']*)(?:'|\Z)
    | "(?P<double>(?:[^"\\]|\\.)*\\?)(?:"|\Z)
    | \\(?P<escaped>.?)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"""\\(["\\])""")


def _plain(match: re.Match[str]) -> str:
    if (double := match["double"]) is not None:
        return _ESCAPED.sub(r"\1", double)
    if (escaped := match["escaped"]) is not None:
        return escaped or "\\"
    return match["plain"] or match["single"] or ""


def input_file_name(url: str) -> str:
    """Return what an input file is called in the container."""
    return "0x" + hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
