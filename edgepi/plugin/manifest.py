"""The manifest: what a plugin is and offers, readable without importing its code.

It is a file ``edgepi-plugin.toml`` in the plugin's top-level package.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.errors import ManifestError

__all__ = ["API_VERSION", "MANIFEST_NAME", "CommandEntry", "FileProbe", "Manifest", "Probe"]

API_VERSION = 1
MANIFEST_NAME = "edgepi-plugin.toml"
MOST_CELLS = 32


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command that the plugin brings."""

    name: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How a chip is recognised on an I2C bus without importing the plugin.

    It is there if *register* (a byte, or two bytes, high byte first, if *word*) at one of
    *addresses* reads one of *values*. The address found becomes the configuration *key*. *cells* is for a
    power board that takes a battery of so many cells in series and no other.
    """

    addresses: tuple[int, ...]
    register: int
    values: tuple[int, ...]
    word: bool = False
    key: str = "address"
    cells: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProbe:
    """How a part of the machine itself is recognised: the file at *path* begins with *begins*."""

    path: str
    begins: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a plugin says of itself.

    *offers* are names of hooks; *requires* import names that must be there before the
    plugin is imported; *install* what to type when one is missing; *own_process* asks for
    a supervised process of its own; *probes* and *file* let `edgepi init` find what it drives, and *video*
    is the configuration key that takes a camera which `edgepi init` found.
    """

    name: str
    title: str
    summary: str
    api: int = API_VERSION
    offers: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    install: str | None = None
    own_process: bool = False
    commands: tuple[CommandEntry, ...] = ()
    probes: tuple[Probe, ...] = ()
    file: FileProbe | None = None
    video: str | None = None

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest file.

        Raises:
            ManifestError: it is missing, is no TOML, or lacks or misuses a key.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))["plugin"]
        except FileNotFoundError as error:
            raise ManifestError(f"{path} is missing", hint="ship it inside the package") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ManifestError(f"{path} is not valid TOML: {error}") from error
        except KeyError as error:
            raise ManifestError(f"{path} has no [plugin] table") from error
        return cls.from_table(table, str(path))

    @classmethod
    def from_table(cls, table: dict[str, Any], where: str) -> Manifest:
        """Build a manifest from its parsed table.

        Raises:
            ManifestError: a key is missing, unknown or of the wrong type.
        """
        values = dict(table)
        for key in ("name", "title", "summary"):
            if not isinstance(values.get(key), str) or not values[key]:
                raise ManifestError(f"{where}: [plugin] needs a text {key!r}")
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise ManifestError(f"{where}: unknown key {unknown[0]!r} in [plugin]")
        if values.get("api", API_VERSION) != API_VERSION:
            raise ManifestError(
                f"{where}: written for plugin API {values['api']}, this EdgePi has {API_VERSION}",
                hint="install a matching version of the plugin",
            )
        try:
            values["commands"] = tuple(CommandEntry(**c) for c in values.get("commands", ()))
        except TypeError as error:
            raise ManifestError(f"{where}: a command needs `name` and `help`") from error
        values["probes"] = tuple(_probe(p, f"{where}: probes") for p in values.get("probes", ()))
        values["file"] = _file_probe(values.get("file"), f"{where}: file")
        if not isinstance(values.get("video", ""), str):
            raise ManifestError(f"{where}: `video` is the name of a configuration key")
        for key in ("offers", "requires"):
            values[key] = _texts(values.get(key, ()), f"{where}: {key}")
        return cls(**values)


def _probe(table: dict[str, Any], where: str) -> Probe:
    lists = {key: tuple(table[key]) for key in ("addresses", "values") if isinstance(table.get(key), list)}
    try:
        probe = Probe(**{**table, **lists})
    except TypeError as error:
        raise ManifestError(f"{where}: a probe needs `addresses`, `register` and `values`") from error
    numbers = (probe.register, *probe.addresses, *probe.values) if len(lists) == 2 else ()
    if not numbers or not all(isinstance(number, int) for number in numbers):
        raise ManifestError(f"{where}: addresses and values are lists of numbers, register is a number")
    if probe.cells is not None and (type(probe.cells) is not int or not 1 <= probe.cells <= MOST_CELLS):
        raise ManifestError(f"{where}: `cells` is how many cells a board takes, 1 to {MOST_CELLS}")
    return probe


def _file_probe(table: object, where: str) -> FileProbe | None:
    if table is None:
        return None
    held = table if isinstance(table, dict) else {}
    if set(held) != {"path", "begins"} or not all(isinstance(text, str) and text for text in held.values()):
        raise ManifestError(f"{where} needs the texts `path` and `begins`")
    return FileProbe(**held)


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise ManifestError(f"{where} must be a list of texts")
    return tuple(value)
