"""YAML text to nodes with positions, within limits.

It reads libyaml's events: PyYAML's own composer recurses in C and overflows the stack
on deeply nested input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from edgepi.config.source import Source
from edgepi.errors import ConfigError

__all__ = ["MAX_DEPTH", "Mapping", "Node", "Scalar", "Sequence", "compose"]

MAX_DEPTH = 40
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_HINTS = {
    "mapping values are not allowed": "check the indentation, or quote a text that holds a colon",
    "could not find expected ':'": "a key needs a colon and a space behind it",
    "did not find expected key": "check the indentation",
    "did not find expected '-' indicator": "check the indentation",
    "found undefined alias": "define it with & first",
}


@dataclass(slots=True)
class Scalar:
    """One text or number; *plain* if it was written without quotes."""

    source: Source
    line: int
    column: int
    tag: str | None
    text: str
    plain: bool


@dataclass(slots=True)
class Sequence:
    """A list."""

    source: Source
    line: int
    column: int
    tag: str | None
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Keys with values, in order, duplicates included."""

    source: Source
    line: int
    column: int
    tag: str | None
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


Node = Scalar | Sequence | Mapping


def compose(source: Source) -> Node | None:
    """Return the root node, or None of an empty file.

    Raises:
        ConfigError: the text is no YAML, is nested too deep, or refers to itself.
    """
    composer = _Composer(source)
    try:
        for event in yaml.parse(source.text, Loader=_Loader):
            composer.feed(event)
    except yaml.MarkedYAMLError as error:
        raise _syntax(source, error) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise source.error(f"is not valid YAML: {error}") from error
    return composer.root


class _Composer:
    def __init__(self, source: Source) -> None:
        self.root: Node | None = None
        self._source = source
        self._open: list[tuple[Sequence | Mapping, str | None]] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0

    def feed(self, event: Any) -> None:
        """Take one event."""
        match event:
            case yaml.ScalarEvent():
                self._add(self._scalar(event), event.anchor)
            case yaml.MappingStartEvent():
                self._enter(Mapping(self._source, *_at(event), event.tag), event.anchor)
            case yaml.SequenceStartEvent():
                self._enter(Sequence(self._source, *_at(event), event.tag), event.anchor)
            case yaml.CollectionEndEvent():
                node, anchor = self._open.pop()
                self._keys.pop()
                self._add(node, anchor)
            case yaml.AliasEvent():
                self._add(self._alias(event), None)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._source.error("holds more than one YAML document (a second ---)", *_at(event))

    def _scalar(self, event: Any) -> Scalar:
        return Scalar(self._source, *_at(event), event.tag, event.value, not event.style)

    def _enter(self, node: Sequence | Mapping, anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise self._source.error(f"nested deeper than {MAX_DEPTH} levels", node.line, node.column)
        self._open.append((node, anchor))
        self._keys.append(None)

    def _alias(self, event: Any) -> Node:
        if any(anchor == event.anchor for _, anchor in self._open):
            raise self._source.error(f"*{event.anchor} stands inside of what it refers to", *_at(event))
        if event.anchor not in self._anchors:
            raise self._source.error(
                f"*{event.anchor} refers to nothing: define it with & first", *_at(event)
            )
        return self._anchors[event.anchor]

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent, key = self._open[-1][0], self._keys[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif key is None:
            self._keys[-1] = node
        else:
            parent.pairs.append((key, node))
            self._keys[-1] = None


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line, event.start_mark.column


def _syntax(source: Source, error: yaml.MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    text = source.lines[line] if line < len(source.lines) else ""
    indent = text[: len(text) - len(text.lstrip())]
    if "\t" in indent:
        return source.error("a tab stands in the indentation: use spaces", line, indent.index("\t"))
    problem = error.problem or "not valid YAML"
    hint = next((words for start, words in _HINTS.items() if problem.startswith(start)), None)
    context = f" {error.context}" if error.context else ""
    return source.error(f"not valid YAML{context}: {problem}" + (f" ({hint})" if hint else ""), line, column)
