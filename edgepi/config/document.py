"""A configuration file with its includes as plain data, and where each value stands."""

from __future__ import annotations

from collections.abc import Mapping as AbcMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from edgepi.config.compose import MAX_DEPTH, Mapping, Node, Scalar, Sequence, compose
from edgepi.config.findings import Finding
from edgepi.config.scalars import Plain, resolve
from edgepi.config.secrets import SECRETS_NAME, SecretStore
from edgepi.config.source import Source
from edgepi.errors import ConfigError
from edgepi.plugin.fields import nearest

__all__ = ["IN_SECRETS", "MAX_VALUES", "Document", "Place", "Where", "read_document"]

MAX_VALUES = 20_000
Where = tuple[str | int, ...]
IN_SECRETS: Where = ("!secret",)
_YAML = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset({"!", f"{_YAML}str"})
_PLAIN_TAGS = frozenset(f"{_YAML}{name}" for name in ("int", "float", "bool", "null"))


class Place(NamedTuple):
    """A position; counts from 0."""

    source: Source
    line: int
    column: int


@dataclass(slots=True)
class Document:
    """Plain data; *keys* and *values* say where each path's key and value stand.

    *broken* are paths whose value could not be had, and has been complained about; *secret*
    says which paths hold the value of a ``!secret``, *hidden* every value to mask. *found* holds
    each finding with the path it is about, `IN_SECRETS` for those about a file of secrets.
    """

    root: Place
    data: Any = None
    keys: dict[Where, Place] = field(default_factory=dict)
    values: dict[Where, Place] = field(default_factory=dict)
    broken: set[Where] = field(default_factory=set)
    secret: set[Where] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    found: list[tuple[Where, Finding]] = field(default_factory=list)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found so far."""
        return tuple(finding for _, finding in self.found)

    def place(self, where: Where, *, key: bool = False) -> Place:
        """Return where the value (or the key) stands, or the nearest thing around it."""
        exact = (self.keys if key else self.values).get(where)
        while exact is None and where:
            exact = self.keys.get(where) or self.values.get(where)
            where = where[:-1]
        return exact or self.root

    def is_broken(self, where: Where) -> bool:
        """Whether the value there, or one around it, has been complained about."""
        return any(where[:length] in self.broken for length in range(len(where) + 1))

    def broken_below(self, where: Where) -> bool:
        """Whether something at or below a path has been complained about."""
        return any(path[: len(where)] == where for path in self.broken)

    def hide(self, value: Any) -> None:
        """Mask a value, and all that is in it, wherever it is shown."""
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                self.hide(item)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            self.hidden.add(str(value))

    def find(
        self,
        where: Where,
        message: str,
        *,
        key: bool = False,
        suggestion: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Add a finding at a path."""
        place = self.place(where, key=key)
        finding = place.source.finding(
            message, place.line, place.column, suggestion=suggestion, severity=severity
        )
        self.found.append((where, finding))


def read_document(path: Path, env: AbcMapping[str, str]) -> Document:
    """Read a file with its includes, secrets and environment variables.

    Raises:
        ConfigError: the file itself cannot be read as YAML; all else becomes findings.
    """
    source = Source.read(path)
    document = Document(Place(source, 0, 0))
    root = compose(source)
    if root is not None:
        builder = _Builder(document, env, source)
        document.data = builder.value(root, ())
        document.found.extend((IN_SECRETS, finding) for finding in builder.secrets.findings)
    return document


class _Builder:
    def __init__(self, document: Document, env: AbcMapping[str, str], source: Source) -> None:
        self.secrets = SecretStore(env)
        self._document = document
        self._env = env
        self._home = source.path.parent.resolve()
        self._including = [source.path.resolve()]
        self._budget = MAX_VALUES

    def value(self, node: Node, where: Where) -> Any:
        self._document.values[where] = Place(node.source, node.line, node.column)
        self._budget -= 1
        if self._budget < 0 or len(where) > MAX_DEPTH:
            what = "too deep" if self._budget >= 0 else f"more than {MAX_VALUES} values"
            raise node.source.error(f"aliases or includes make this {what}", node.line, node.column)
        match node:
            case Mapping():
                return self._mapping(node, where)
            case Sequence():
                self._check_tag(node, "seq", where)
                return [self.value(item, (*where, i)) for i, item in enumerate(node.items)]
            case Scalar():
                return self._scalar(node, where)

    def _mapping(self, node: Mapping, where: Where) -> dict[str, Any]:
        self._check_tag(node, "map", where)
        result: dict[str, Any] = {}
        merged: list[tuple[Node, Node]] = []
        for key, item in node.pairs:
            if not isinstance(key, Scalar) or key.tag is not None:
                self._complain(key, "a key must be a plain word", where)
            elif key.text == "<<" and key.plain:
                merged += self._merged(item, where)
            elif key.text in result:
                first = self._document.keys[*where, key.text].line + 1
                self._complain(key, f"the key {key.text!r} is there twice (first in line {first})", where)
            else:
                result[key.text] = self._item(key, item, where)
        for key, item in merged:
            if isinstance(key, Scalar) and key.text not in result:
                result[key.text] = self._item(key, item, where)
        return result

    def _item(self, key: Scalar, item: Node, where: Where) -> Any:
        below = (*where, key.text)
        self._document.keys[below] = Place(key.source, key.line, key.column)
        value = self.value(item, below)
        if isinstance(item, Scalar) and not item.text and item.plain:
            self._document.values[below] = self._document.keys[below]
        return value

    def _merged(self, node: Node, where: Where) -> list[tuple[Node, Node]]:
        if isinstance(node, Mapping):
            return node.pairs
        if isinstance(node, Sequence) and all(isinstance(item, Mapping) for item in node.items):
            return [pair for item in node.items if isinstance(item, Mapping) for pair in item.pairs]
        self._complain(node, "<< merges a mapping, or a list of mappings: <<: *name", where)
        return []

    def _scalar(self, node: Scalar, where: Where) -> Any:
        special = {"!secret": self._secret, "!env_var": self._env_var, "!include": self._include}
        if node.tag in special:
            return special[node.tag](node, where)
        if node.tag in _TEXT_TAGS or (node.tag is None and not node.plain):
            return node.text
        if node.tag is None or node.tag in _PLAIN_TAGS:
            return resolve(node.text)
        self._unknown_tag(node, where)
        self._document.broken.add(where)
        return None

    def _secret(self, node: Scalar, where: Where) -> Plain:
        known, value = self.secrets.find(node.text, node.source.path.parent.absolute())
        if not known:
            message = f"there is no secret {node.text!r} in secrets.yaml beside this file or above it"
            self._complain(node, message, where, nearest(node.text, self.secrets.names()))
            self._document.broken.add(where)
            return None
        self._document.secret.add(where)
        self._document.hide(value)
        return value

    def _env_var(self, node: Scalar, where: Where) -> Plain:
        name, _, default = node.text.strip().partition(" ")
        text = self._env.get(name, default.strip() or None)
        if not name or text is None:
            message = f"the environment variable {name!r} is not set, and no default is given"
            self._complain(node, message, where)
            self._document.broken.add(where)
            return None
        if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
            return text[1:-1]
        return resolve(text)

    def _include(self, node: Scalar, where: Where) -> Any:
        try:
            path = self._included_path(node)
            root = compose(Source.read(path))
        except ConfigError as error:
            self._document.found.extend((where, f) for f in error.findings if isinstance(f, Finding))
            self._document.broken.add(where)
            return None
        if root is None:
            return None
        self._including.append(path.resolve())
        value = self.value(root, where)
        self._including.pop()
        return value

    def _included_path(self, node: Scalar) -> Path:
        def refuse(message: str) -> ConfigError:
            return node.source.error(f"!include {node.text}: {message}", node.line, node.column)

        path = node.source.path.parent / node.text
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise refuse("is no path") from error
        if not resolved.is_relative_to(self._home):
            raise refuse(f"lies outside of {self._home}")
        if resolved.name == SECRETS_NAME:
            raise refuse("use !secret NAME for one of its values")
        if resolved in self._including:
            raise refuse("the file includes itself")
        if not _is_file(resolved):
            raise refuse("there is no such file")
        return path

    def _check_tag(self, node: Mapping | Sequence, plain: str, where: Where) -> None:
        if node.tag not in {None, "!", f"{_YAML}{plain}"}:
            self._unknown_tag(node, where)

    def _unknown_tag(self, node: Node, where: Where) -> None:
        tag = (node.tag or "").replace(_YAML, "!!")
        known = ("!secret", "!include", "!env_var")
        self._complain(node, f"unknown tag {tag}", where, nearest(tag, known))

    def _complain(self, node: Node, message: str, where: Where, suggestion: str | None = None) -> None:
        finding = node.source.finding(message, node.line, node.column, suggestion=suggestion)
        self._document.found.append((where, finding))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
