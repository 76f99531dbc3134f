"""What a plugin adds to the command line."""

from __future__ import annotations

import argparse
import importlib
import keyword
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from edgepi.errors import EdgePiError, NotFoundError

if TYPE_CHECKING:
    from edgepi.clock import Clock
    from edgepi.model import NodeInfo
    from edgepi.plugin.child import StartChild
    from edgepi.plugin.history import HistoryWriter

__all__ = ["Command", "CommandContext", "NodeApi", "Output", "common_arguments", "instance_argument"]


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

    def instances(self) -> tuple[str, ...]:
        """The instances of the configuration; the plugin's own name where none can be read there."""
        try:
            known = tuple(self.configs())
        except EdgePiError:
            known = ()
        return known or (self.plugin,)

    def instance(self, asked: str | None, noun: str, by: str = "") -> str:
        """The one of `instances` that is asked for, or the only one.

        Raises NotFoundError, which calls one a *noun* and says *by* what to tell several apart.
        """
        known = self.instances()
        names = ", ".join(known)
        if asked is None and len(known) > 1:
            raise NotFoundError(f"there are several {noun}s", hint=f"say which{by}: {names}")
        if asked is not None and asked not in known:
            there = "there is" if len(known) == 1 else "there are"
            raise NotFoundError(f"there is no {noun} {asked[:40]!r}", hint=f"{there} {names}")
        return known[0] if asked is None else asked

    def folder_of(self, instance: str) -> Path:
        """Where the node that runs or last ran keeps what belongs to an instance."""
        return self.node_dir() / "plugins" / instance


class _Action(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace, context: CommandContext) -> int: ...


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

    @classmethod
    def of_actions(cls, name: str, about: str, actions: Mapping[str, str], package: str) -> Command:
        """``edgepi NAME ACTION ...``; *actions* maps the name of each to what it does.

        Each has a module in *package* with ``add_arguments(parser)`` and ``run(args, context)``, called as
        the action is, but with ``_`` for ``-``, and behind a word of Python's own (``import_``).
        """

        def add_arguments(parser: argparse.ArgumentParser) -> None:
            below = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
            for action, text in actions.items():
                one = below.add_parser(action, help=text, description=text[:1].upper() + text[1:] + ".")
                _action(package, action).add_arguments(one)

        def run(args: argparse.Namespace, context: CommandContext) -> int:
            return _action(package, args.action).run(args, context)

        return cls(name, about, add_arguments, run)


def _action(package: str, name: str) -> _Action:
    module = f"{name.replace('-', '_')}{'_' * keyword.iskeyword(name)}"
    return cast("_Action", importlib.import_module(f"{package}.{module}"))


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


def instance_argument(parser: argparse.ArgumentParser, noun: str) -> None:
    """Add ``--instance``, which says of several instances the one that is meant."""
    parser.add_argument(
        "--instance", metavar="NAME", help=f"which {noun}; left out: the only one of the configuration"
    )
