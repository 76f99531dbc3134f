"""Errors are one tree: what crosses a border between packages stands in `edgepi/errors.py`."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from edgepi import errors

ROOT = Path(__file__).parents[1]
TREE = ROOT / "edgepi/errors.py"
# What an exception's bases look like; parsing every file takes seconds.
LIKELY = re.compile(r"class\s+\w+\s*\([^)]*(Error|Exception|Invalid)")
OTHER_TREES = {
    "StageEnd",  # no error: a way out of a stage
    "FieldError",  # voluptuous gathers its own
}


@cache
def sources() -> dict[Path, str]:
    return {
        path: path.read_text(encoding="utf-8")
        for folder in ("edgepi", "plugins")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts and path != TREE
    }


@cache
def exceptions() -> tuple[tuple[Path, str, frozenset[str]], ...]:
    """Home, name and bases of each class that can be raised."""
    found = []
    for path, text in sources().items():
        if not LIKELY.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                bases = frozenset(ast.unparse(base).rpartition(".")[2] for base in node.bases)
                if any(base.endswith(("Error", "Exception", "Invalid")) for base in bases):
                    found.append((path, node.name, bases))
    return tuple(found)


def package(path: Path) -> Path:
    """What a border runs around: a floor of the house, or a plugin."""
    return ROOT.joinpath(*path.relative_to(ROOT).parts[:2])


def test_every_public_error_is_of_the_tree() -> None:
    assert len(exceptions()) > 3
    strangers = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name, bases in exceptions()
        if not name.startswith("_") and name not in OTHER_TREES and not bases <= set(errors.__all__)
    ]
    assert strangers == []


def test_no_error_from_outside_the_tree_is_imported_over_a_border() -> None:
    homes = {name: package(path) for path, name, _ in exceptions() if name not in OTHER_TREES}
    crossing = [
        f"{path.relative_to(ROOT)}: {alias.name}"
        for path, text in sources().items()
        if any(name in text for name in homes)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in homes and package(path) != homes[alias.name]
    ]
    assert crossing == []
