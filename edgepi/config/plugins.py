"""Section ``plugins``: instances, their common keys, and each plugin's own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import voluptuous as vol

from edgepi.config.catalog import PluginCatalog
from edgepi.config.document import Document, Where
from edgepi.config.explain import Strict, explain
from edgepi.config.findings import Finding
from edgepi.config.keys import Section
from edgepi.config.sections import COMMON_KEYS
from edgepi.config.settings import PluginSettings
from edgepi.errors import EdgePiError, PluginError, PluginNotFoundError
from edgepi.plugin.fields import nearest
from edgepi.plugin.schema import ConfigSchema

__all__ = ["PluginReader"]

_COMMON = Section(PluginSettings, COMMON_KEYS)
_NOT_LOADED: ConfigSchema[Any] = ConfigSchema(fields={}, build=dict)


@dataclass(slots=True)
class _Instance:
    """One that the file names, whether it can be had or not."""

    where: Where
    plugin: str
    name: str
    settings: PluginSettings | None = None

    def errors(self, found: Sequence[tuple[Where, Finding]]) -> tuple[Finding, ...]:
        """What was found in its keys, or in what it shares with others of its plugin."""
        mine = (f for at, f in found if at[: len(self.where)] == self.where or self.where[: len(at)] == at)
        return tuple(dict.fromkeys(mine))


class PluginReader:
    """Turns the section into settings, adding to the document's findings."""

    def __init__(self, document: Document, catalog: PluginCatalog) -> None:
        self._document = document
        self._catalog = catalog
        self._schemas: dict[str, ConfigSchema[Any] | None] = {}
        self._checks: dict[str, Strict] = {}
        self._taken: dict[str, Where] = {}
        self._instances: list[_Instance] = []

    def read(self, data: Any) -> None:
        """Read the section's value."""
        if data is None or self._document.is_broken(("plugins",)):
            return
        if not isinstance(data, dict):
            self._document.find(("plugins",), "expected a mapping from plugin names to their keys")
            return
        for name, where, item in self._items(data):
            self._instances[-1].settings = self._instance(name, where, item)

    def instances(self, errors: Sequence[tuple[Where, Finding]]) -> tuple[PluginSettings, ...]:
        """Return every instance that was read, in file order; those with errors hold them."""
        taken = {one.settings.instance for one in self._instances if one.settings and not one.errors(errors)}
        result = []
        for one in self._instances:
            mine = one.errors(errors)
            if one.settings is not None and (not mine or not one.settings.enabled):
                result.append(one.settings)
                continue
            name = _unlike(taken, one.name)
            result.append(PluginSettings(plugin=one.plugin, instance=name, findings=mine))
            taken.add(name)
        return tuple(result)

    def _items(self, data: dict[str, Any]) -> Iterator[tuple[str, Where, dict[str, Any]]]:
        for name, value in data.items():
            where: Where = ("plugins", name)
            if isinstance(value, list):
                for index, item in enumerate(value):
                    yield from self._item(name, (*where, index), item, listed=True)
            else:
                yield from self._item(name, where, {} if value is None else value, listed=False)

    def _item(
        self, name: str, where: Where, item: Any, *, listed: bool
    ) -> Iterator[tuple[str, Where, dict[str, Any]]]:
        self._instances.append(_Instance(where, name, _name_of(item, name)))
        if self._document.is_broken(where):
            return
        if not isinstance(item, dict):
            meant = "enabled: false" if item is False else None
            self._document.find(where, f"expected the keys of plugin {name!r}", suggestion=meant)
            return
        if listed and "name" not in item:
            self._document.find(where, f"each {name!r} in a list needs a `name`")
        yield name, where, item

    def _instance(self, plugin: str, where: Where, item: dict[str, Any]) -> PluginSettings | None:
        instance = _name_of(item, plugin)
        self._claim(instance, where, listed_without_name=isinstance(where[-1], int) and "name" not in item)
        if item.get("enabled") is False:
            return PluginSettings(plugin=plugin, instance=instance, enabled=False)
        schema = self._schema(plugin)
        if schema is not None:
            self._hide(item, schema.secrets)
        values = self._validate(schema, where, item)
        if values is None or schema is _NOT_LOADED:
            return None
        own = {key: values.pop(key) for key in list(values) if key not in _COMMON_NAMES}
        failed, config = self._build(plugin, schema, where, own)
        if failed:
            return None
        return PluginSettings(
            plugin=plugin,
            instance=instance,
            config=config,
            secret_keys=self._secret_keys(schema, where),
            **{key: value for key, value in values.items() if key != "name"},
        )

    def _claim(self, instance: str, where: Where, *, listed_without_name: bool) -> None:
        if listed_without_name:
            return
        if instance in self._taken:
            first = self._document.place(self._taken[instance], key=True)
            message = (
                f"the instance name {instance!r} is taken (line {first.line + 1} of {first.source.path.name})"
            )
            self._document.find((*where, "name"), message)
        self._taken.setdefault(instance, where)

    def _schema(self, plugin: str) -> ConfigSchema[Any] | None:
        if plugin not in self._schemas:
            self._schemas[plugin] = self._load(plugin)
        return self._schemas[plugin]

    def _load(self, plugin: str) -> ConfigSchema[Any] | None:
        where: Where = ("plugins", plugin)
        installed = list(self._catalog.names())
        try:
            if plugin not in installed:
                raise PluginNotFoundError(plugin)  # noqa: TRY301 (one place words both cases)
            schema = self._catalog.schema(plugin)
            self._compiled(plugin, schema)
            frozenset(schema.secrets if schema is not None else ())
        except PluginNotFoundError:
            package = f"edgepi-{plugin}" if re.fullmatch(r"[a-z][a-z0-9_-]*", plugin) else "its package"
            message = (
                f"no plugin {plugin!r} is installed (`edgepi plugins list` shows those that are; "
                f"to add one: pip install {package})"
            )
            self._document.find(where, message, key=True, suggestion=nearest(plugin, installed))
        except PluginError as error:
            why = str(error).removeprefix(f"plugin {plugin!r}: ")
            self._document.find(where, f"plugin {plugin!r} cannot be used: {why}", key=True)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the plugin's own code ran)
            self._document.find(where, _crash(plugin, error), key=True)
        else:
            return schema
        return _NOT_LOADED

    def _validate(
        self, schema: ConfigSchema[Any] | None, where: Where, item: dict[str, Any]
    ) -> dict[str, Any] | None:
        try:
            return dict(self._compiled(str(where[1]), schema)(item))
        except vol.Invalid as error:
            explain(self._document, _all_keys(schema), error, where)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the plugin's own checks ran)
            self._document.find(where, _crash(str(where[1]), error), key=True)
        return None

    def _compiled(self, plugin: str, schema: ConfigSchema[Any] | None) -> Strict:
        if schema is _NOT_LOADED or plugin not in self._checks:
            extra = vol.ALLOW_EXTRA if schema is _NOT_LOADED else vol.PREVENT_EXTRA
            self._checks[plugin] = Strict(_all_keys(schema), extra=extra)
        return self._checks[plugin]

    def _build(
        self, plugin: str, schema: ConfigSchema[Any] | None, where: Where, own: dict[str, Any]
    ) -> tuple[bool, Any]:
        if schema is None:
            return False, None
        if self._document.broken_below(where):
            return True, None
        try:
            built = schema.build(**{str(key): value for key, value in own.items()})
            return False, self._doubted(schema, where, built)
        except vol.Invalid as error:
            explain(self._document, schema.fields, error, where)
        except (ValueError, EdgePiError) as error:
            self._document.find(where, f"{plugin}: {error}", key=True)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the plugin's own code ran)
            self._document.find(where, _crash(plugin, error), key=True)
        return True, None

    def _doubted(self, schema: ConfigSchema[Any], where: Where, built: Any) -> Any:
        for doubt in schema.doubts(built):
            self._document.find(
                (*where, *cast("list[str | int]", doubt.path)), doubt.error_message, severity="warning"
            )
        return built

    def _hide(self, data: Any, keys: frozenset[str]) -> None:
        for item in data if isinstance(data, list) else ():
            self._hide(item, keys)
        for key, value in data.items() if isinstance(data, dict) else ():
            if key in keys:
                self._document.hide(value)
            else:
                self._hide(value, keys)

    def _secret_keys(self, schema: ConfigSchema[Any] | None, where: Where) -> frozenset[str]:
        depth = len(where)
        used = {str(path[-1]) for path in self._document.secret if path[:depth] == where}
        return frozenset(used) | (schema.secrets if schema is not None else frozenset())


def _all_keys(schema: ConfigSchema[Any] | None) -> dict[Any, Any]:
    own = {} if schema is None else {k: v for k, v in schema.fields.items() if str(k) not in _COMMON_NAMES}
    return {**own, **_COMMON_SCHEMA}


def _name_of(item: Any, plugin: str) -> str:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) else plugin


def _unlike(taken: set[str], name: str) -> str:
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return next(each for each in itertools.chain((name,), numbered) if each not in taken)


def _crash(plugin: str, error: BaseException) -> str:
    return f"plugin {plugin!r} itself failed on its configuration: {type(error).__name__}: {error}"


_COMMON_NAMES = frozenset(key.name for key in COMMON_KEYS)
_COMMON_SCHEMA = _COMMON.schema()
