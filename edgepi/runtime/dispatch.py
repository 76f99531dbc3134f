"""Calls one hook of one plugin and checks what comes back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from edgepi import plugin as contract
from edgepi.errors import ContractError, PluginError
from edgepi.plugin import ConfigSchema
from edgepi.runtime.loading import LoadedPlugin

__all__ = ["PRODUCTS", "SLOW_S", "call", "schema_of"]

SLOW_S = 0.1
PRODUCTS = {  # names, so that the classes are imported only once a plugin makes such things
    "sensors": "Sensor",
    "duties": "Duty",
    "supply_meters": "SupplyMeter",
    "power_controllers": "PowerController",
    "sun_forecasters": "SunForecaster",
    "compute_backends": "ComputeBackend",
    "notifiers": "Notifier",
    "routes": "Route",
    "cards": "Card",
    "commands": "Command",
}
log = logging.getLogger("edgepi.plugins")


def call(
    loaded: LoadedPlugin, hook: str, *, stopwatch: Callable[[], float] = time.perf_counter, **arguments: Any
) -> tuple[Any, ...]:
    """Call *hook* and return the things that it declares; none if the plugin leaves it out.

    Raises:
        PluginError: the hook raised.
        ContractError: it returned something else than its specification says.
    """
    if hook not in loaded.offered:
        return ()
    begun_s = stopwatch()
    answers = _guarded(loaded, hook, arguments, lambda result: [tuple(_items(hook, r)) for r in result])
    _note_slow(loaded, hook, stopwatch() - begun_s)
    products = tuple(product for answer in answers for product in answer)
    for product in products:
        _check(hook, product, getattr(contract, PRODUCTS[hook]))
    return products


def schema_of(loaded: LoadedPlugin) -> ConfigSchema[Any] | None:
    """Return the plugin's schema, None if it takes no keys of its own; raises as `call`."""
    if "config_schema" not in loaded.offered:
        return None
    schema = _guarded(loaded, "config_schema", {}, lambda result: result)
    if schema is not None:
        _check("config_schema", schema, ConfigSchema)
    return schema  # type: ignore[no-any-return]


def _guarded(loaded: LoadedPlugin, hook: str, arguments: dict[str, Any], unpack: Callable[[Any], Any]) -> Any:
    try:
        return unpack(getattr(loaded.hooks.hook, hook)(**arguments))
    except (KeyboardInterrupt, ContractError):
        raise
    except BaseException as error:  # SystemExit and worse: a plugin must not end the node
        raise PluginError(
            f"its hook {hook!r} raised {type(error).__name__}: {error}",
            hint=f"report it to the author of {loaded.record.distribution}",
        ) from error


def _items(hook: str, answer: object) -> Iterable[object]:
    # Hooks may be generators: what they raise must be raised inside the guard.
    if hasattr(answer, "__await__"):
        getattr(answer, "close", lambda: None)()
        raise ContractError(f"its hook {hook!r} is asynchronous", hint="hooks are plain functions")
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        raise ContractError(
            f"its hook {hook!r} returned {type(answer).__name__}", hint="return a list, even of one"
        )
    return answer


def _check(hook: str, product: object, kind: type) -> None:
    if isinstance(product, kind):
        return
    what = product.__name__ if isinstance(product, type) else type(product).__name__
    hint = "return instances, not classes" if isinstance(product, type) else None
    raise ContractError(f"its hook {hook!r} must give {kind.__name__}, not {what}", hint=hint)


def _note_slow(loaded: LoadedPlugin, hook: str, took_s: float) -> None:
    if took_s > SLOW_S:
        log.warning(
            "plugin %r: its hook %r held up the node for %.2f s; hooks only declare, work belongs in start()",
            loaded.record.name,
            hook,
            took_s,
        )
