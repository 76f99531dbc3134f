"""Keys of the core sections as data: one description serves checking, editors and the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any

import voluptuous as vol

__all__ = ["Blank", "Key", "ListOf", "MapOf", "Section"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its check, what it means, an example, and the dataclass field if that has another name."""

    name: str
    check: Any
    meaning: str
    example: str = ""
    field: str | None = None

    @property
    def target(self) -> str:
        """Name of the dataclass field."""
        return self.field or self.name


Compiled = Callable[[list[Any], Any], Any]


def _compiled(schema: Any, check: Any) -> Compiled:
    compiled: Compiled = schema._compile(check)  # noqa: SLF001 (as voluptuous' own validators do)
    return compiled


class Blank:
    """Lets a key without a value stand for an empty mapping."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema

    def __voluptuous_compile__(self, schema: vol.Schema) -> Compiled:
        inner = _compiled(schema, self.schema)
        return lambda path, data: inner(path, {} if data is None else data)


@dataclass(frozen=True, slots=True)
class Section:
    """Keys that together become one frozen dataclass *kind*, made by *make* if it needs more."""

    kind: type
    keys: tuple[Key, ...]
    make: Callable[..., Any] | None = None

    def schema(self) -> dict[Any, Any]:
        """Write the section as a voluptuous mapping."""
        return {self._marker(key): self._check(key) for key in self.keys}

    def build(self, values: Mapping[str, Any]) -> Any:
        """Make the dataclass from validated values; what is missing takes its default."""
        arguments = {
            key.target: _built(key.check, values[key.name], [key.name])
            if isinstance(key.check, Section)
            else values[key.name]
            for key in self.keys
            if key.name in values
        }
        return (self.make or self.kind)(**arguments)

    def required(self, key: Key) -> bool:
        """Whether the key has no default."""
        found = [field for field in fields(self.kind) if field.name == key.target]
        return any(field.default is MISSING and field.default_factory is MISSING for field in found)

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Key, Section]]:
        """Yield every key with its dotted name and its section, nested ones behind their parent."""
        for key in self.keys:
            yield f"{prefix}{key.name}", key, self
            if isinstance(key.check, Section):
                yield from key.check.walk(f"{prefix}{key.name}.")

    def _marker(self, key: Key) -> vol.Marker:
        marker = vol.Required if self.required(key) else vol.Optional
        return marker(key.name, description=key.meaning)

    @staticmethod
    def _check(key: Key) -> Any:
        return Blank(key.check.schema()) if isinstance(key.check, Section) else key.check


def _built(section: Section, values: Mapping[str, Any], where: list[Any]) -> Any:
    try:
        return section.build(values)
    except vol.Invalid as error:
        error.prepend(where)
        raise


class MapOf:
    """A mapping from any text to values of one kind; becomes read-only."""

    def __init__(self, check: Any) -> None:
        self._section = check if isinstance(check, Section) else None
        self.schema = {str: Blank(self._section.schema()) if self._section else check}

    def __voluptuous_compile__(self, schema: vol.Schema) -> Compiled:
        inner = _compiled(schema, self.schema)

        def validate(path: list[Any], data: Any) -> Mapping[str, Any]:
            values = inner(path, {} if data is None else data)
            if self._section is not None:
                values = {key: _built(self._section, value, [*path, key]) for key, value in values.items()}
            return MappingProxyType(values)

        return validate


class ListOf:
    """A list of values of one kind; becomes a tuple."""

    def __init__(self, check: Any) -> None:
        self.schema = [check]

    def __voluptuous_compile__(self, schema: vol.Schema) -> Compiled:
        inner = _compiled(schema, self.schema)
        return lambda path, data: tuple(inner(path, [] if data is None else data))
