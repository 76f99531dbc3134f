"""What a plugin adds to the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edgepi.errors import EdgePiError

if TYPE_CHECKING:
    from edgepi.clock import Clock
    from edgepi.model import NodeInfo
    from edgepi.plugin.child import StartChild
    from edgepi.plugin.history import HistoryWriter

__all__ = ["Command", "CommandContext", "NodeApi", "Output", "common_arguments"]


class Output(Protocol):
    """How a command shows things."""

    def line(self, text: str = "") -> None:
        """Print a line."""

    def json(self, data: Any) -> None:
        """Print data as JSON; dataclasses, times and paths are turned first."""

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print aligned columns."""

    def progress(self, text: str) -> None:
        """Say what is being done, over the line before; nothing if nobody watches."""


class NodeApi(Protocol):
    """The API of the running node; each raises NodeNotRunningError when there is none."""

    def get(self, path: str, **query: object) -> Any:
        """Fetch ``/api/v1/<path>``: its data, or bytes of what is no JSON, such as a picture."""

    def post(self, path: str, body: object = None) -> Any:
        """Send *body* to ``/api/v1/<path>``."""


def _nothing() -> Any:
    raise EdgePiError("this command cannot have that here")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """What a command is handed beside its arguments.

    *state_dir* is the caller's own, *node_dir* that of the node that runs or last ran (an instance's own
    folder is ``plugins/<instance>`` in it); *configs* reads the configuration and returns the config of each
    instance of the plugin (raises ConfigError, or EdgePiError where there is no file); *clock* opens the
    machine's time, or that of a simulated world; *child* makes processes that the command must stop;
    *site* reads the node's name and place from the configuration (raises as *configs*); *history* opens the
    node's history for values with times of their own (raises RecorderError).
    """

    plugin: str
    environ: Mapping[str, str]
    state_dir: Path
    out: Output
    node: NodeApi
    node_dir: Callable[[], Path]
    configs: Callable[[], Mapping[str, Any]]
    clock: Callable[[], AbstractAsyncContextManager[Clock]]
    child: Callable[[Clock], StartChild]
    site: Callable[[], NodeInfo] = _nothing
    history: Callable[[], AbstractContextManager[HistoryWriter]] = _nothing


@dataclass(frozen=True, slots=True)
class Command:
    """``edgepi NAME ...``; *run* returns the exit code.

    EdgePi adds ``--config``, ``--state-dir`` and ``--json``; a command with actions of its own adds them to
    each by `common_arguments`, so that they may stand behind the action.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, CommandContext], int]


def common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes; what stood before an action is kept."""
    suppress = argparse.SUPPRESS
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", default=suppress, help="the configuration file"
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIRECTORY",
        default=suppress,
        help="where the node keeps its state",
    )
    parser.add_argument("--json", action="store_true", default=suppress, help="print JSON")
