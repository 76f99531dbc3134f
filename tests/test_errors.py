"""Errors are one tree: what crosses a border between packages stands in `edgepi/errors.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from edgepi import errors

ROOT = Path(__file__).parents[1]
TREE = ROOT / "edgepi/errors.py"
OTHER_TREES = {
    "StageEnd",  # no error: a way out of a stage
    "FieldError",  # voluptuous gathers its own
}


@cache
def sources() -> tuple[tuple[Path, tuple[ast.ClassDef, ...], tuple[ast.ImportFrom, ...]], ...]:
    """Each file's classes, and what it imports from others."""
    found = []
    for folder in ("edgepi", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" in path.parts or path == TREE:
                continue
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            classes = tuple(node for node in nodes if isinstance(node, ast.ClassDef))
            found.append((path, classes, tuple(node for node in nodes if isinstance(node, ast.ImportFrom))))
    return tuple(found)


def exceptions(classes: Iterable[ast.ClassDef]) -> Iterator[tuple[str, set[str]]]:
    """Name and bases of each class that can be raised."""
    for node in classes:
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        if any(base.endswith(("Error", "Exception", "Invalid")) for base in bases):
            yield node.name, bases


def package(path: Path) -> Path:
    """What a border runs around: a floor of the house, or a plugin."""
    return ROOT.joinpath(*path.relative_to(ROOT).parts[:2])


def test_every_public_error_is_of_the_tree() -> None:
    found = [(path, name, bases) for path, classes, _ in sources() for name, bases in exceptions(classes)]
    assert len(found) > 3
    strangers = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name, bases in found
        if not name.startswith("_") and name not in OTHER_TREES and not bases <= set(errors.__all__)
    ]
    assert strangers == []


def test_no_error_from_outside_the_tree_is_imported_over_a_border() -> None:
    homes = {name: package(path) for path, classes, _ in sources() for name, _ in exceptions(classes)}
    crossing = [
        f"{path.relative_to(ROOT)}: {alias.name}"
        for path, _, imports in sources()
        for node in imports
        for alias in node.names
        if alias.name in homes.keys() - OTHER_TREES and package(path) != homes[alias.name]
    ]
    assert crossing == []
