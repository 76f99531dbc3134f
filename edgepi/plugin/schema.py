"""What a plugin takes from the configuration file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["ConfigSchema"]

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class ConfigSchema(Generic[C]):
    """Keys as a voluptuous mapping, and what turns the validated values into a config object.

    *fields* is written as for ``voluptuous.Schema({...})``; keys of every plugin
    (``enabled``, ``name``, ``readings``, ...) are added by EdgePi. *build* receives the validated
    values by keyword, usually a frozen dataclass. *secrets* names keys that are masked
    wherever the configuration is shown.
    """

    fields: Mapping[Any, Any]
    build: Callable[..., C]
    secrets: frozenset[str] = frozenset()
