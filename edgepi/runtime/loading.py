"""Imports a plugin so that nothing it does on import can harm the node."""

from __future__ import annotations

import importlib.util
import traceback
from dataclasses import dataclass
from typing import Any

import pluggy

from edgepi.errors import ContractError, EdgePiError, PluginError, RequirementMissingError
from edgepi.plugin import hookspecs
from edgepi.plugin.markers import PROJECT
from edgepi.runtime.advice import near_miss, pip_install
from edgepi.runtime.records import PluginRecord

__all__ = ["HOOKS", "LoadedPlugin", "check_requirements", "load"]

HOOKS = frozenset(hookspecs.__all__)
FROM_OWN_PROCESS = frozenset({"cards", "commands", "config_schema", "duties", "sensors", "supply_meters"})


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """An imported plugin whose hooks fit their specifications.

    *hooks* is a manager of its own: what one plugin raises never reaches another.
    """

    record: PluginRecord
    hooks: pluggy.PluginManager
    offered: frozenset[str]


def load(record: PluginRecord) -> LoadedPlugin:
    """Import a plugin and check its hooks.

    Raises:
        RequirementMissingError: a package that it needs is not installed.
        ContractError: a hook is unknown or takes unknown arguments.
        PluginError: importing it failed.
    """
    check_requirements(record)
    plugin = _import(record)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, record.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _bad_hook(manager, error) from error
    except Exception as error:  # pluggy looks at every attribute, and an attribute may raise
        raise ContractError(f"its hooks cannot be read: {error!r}") from error
    offered = frozenset(hook.name for hook in manager.get_hookcallers(plugin) or ())
    _check_offers(record, offered)
    return LoadedPlugin(record, manager, offered)


def check_requirements(record: PluginRecord) -> None:
    """Look, without importing anything, whether a plugin's packages are there.

    Raises:
        RequirementMissingError: one is not; the hint says what to type.
    """
    for name in record.manifest.requires if record.manifest else ():
        if not _importable(name):
            assert record.manifest
            what = record.manifest.install or name
            raise RequirementMissingError(
                f"it needs the package {name!r}, which is not installed",
                hint=f"install it with `{pip_install(what)}`",
            )


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _import(record: PluginRecord) -> Any:
    assert record.entry_point
    try:
        return record.entry_point.load()
    except KeyboardInterrupt:
        raise
    except EdgePiError as error:
        raise PluginError(f"importing {record.target} failed: {error.message}", hint=error.hint) from error
    except ModuleNotFoundError as error:
        raise _missing_module(record, error) from error
    except BaseException as error:  # SystemExit and worse: a plugin must not end the node
        raise PluginError(
            f"importing {record.target} failed with {_describe(error)}",
            hint=f"report it to the author of {record.distribution}, or take the plugin out",
        ) from error


def _missing_module(record: PluginRecord, error: ModuleNotFoundError) -> PluginError:
    missing = error.name or "?"
    if missing.partition(".")[0] == record.package:
        return PluginError(
            f"its module {missing!r} is not there",
            hint=f"reinstall it with `{pip_install('--force-reinstall ' + record.distribution)}`",
        )
    what = record.manifest.install if record.manifest and record.manifest.install else missing
    return RequirementMissingError(
        f"it imports {missing!r}, which is not installed", hint=f"install it with `{pip_install(what)}`"
    )


def _describe(error: BaseException) -> str:
    """Name an exception and the last line of the plugin that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    text = str(error)
    return f"{type(error).__name__}{f': {text}' if text else ''}{where}"


def _bad_hook(manager: pluggy.PluginManager, error: pluggy.PluginValidationError) -> ContractError:
    callers = manager.get_hookcallers(error.plugin) or ()
    unknown = sorted(hook.name for hook in callers if hook.name not in HOOKS)
    if not unknown:
        return ContractError(f"a hook does not fit its specification: {' '.join(str(error).split())}")
    close = near_miss(unknown[0], HOOKS)
    hint = f"did you mean {close!r}?" if close else f"the hooks are {', '.join(sorted(HOOKS))}"
    return ContractError(f"it implements a hook {unknown[0]!r}, which does not exist", hint=hint)


def _check_offers(record: PluginRecord, offered: frozenset[str]) -> None:
    listed = frozenset(record.manifest.offers if record.manifest else ())
    for name in sorted(listed - offered):
        known = "which it does not implement" if name in HOOKS else "which is no hook"
        raise ContractError(
            f"its manifest offers {name!r}, {known}",
            hint="list the hooks that the plugin module implements with @hookimpl",
        )
    stuck = sorted(offered - FROM_OWN_PROCESS)
    if record.manifest and record.manifest.own_process and stuck:
        raise ContractError(
            f"it wants a process of its own, from which {', '.join(stuck)} cannot be served",
            hint="take `own_process` out of its manifest, or put these into another plugin",
        )
