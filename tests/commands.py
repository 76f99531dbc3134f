"""What a command is handed in a test: what it asks for without being given it fails the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgepi.plugin import CommandContext

__all__ = ["context_of"]


def _unused(*_: Any) -> Any:
    raise AssertionError("the command has no use for it")


UNUSED: Any = _unused


def context_of(
    plugin: str,
    configs: Callable[[], Mapping[str, Any]],
    folder: Path = Path("/nowhere"),
    *,
    node: Any = None,
    out: Any = None,
) -> CommandContext:
    """Return the context of a command of *plugin*; the node that runs or last ran lives in *folder*."""
    return CommandContext(
        plugin=plugin,
        environ={},
        state_dir=folder / "mine",
        out=out or UNUSED,
        node=node or UNUSED,
        node_dir=lambda: folder,
        configs=configs,
        clock=UNUSED,
        child=UNUSED,
    )
