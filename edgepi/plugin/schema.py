"""What a plugin takes from the configuration file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import voluptuous as vol

__all__ = ["ConfigSchema"]

C = TypeVar("C")


def _no_doubts(_: Any) -> Iterable[vol.Invalid]:
    return ()


@dataclass(frozen=True, slots=True)
class ConfigSchema(Generic[C]):
    """Keys as a voluptuous mapping, and what turns the validated values into a config object.

    *fields* is written as for ``voluptuous.Schema({...})``; keys of every plugin
    (``enabled``, ``name``, ``readings``, ...) are added by EdgePi. *build* receives the validated
    values by keyword, usually a frozen dataclass. *secrets* names keys that are masked
    wherever the configuration is shown. *doubts* looks at what *build* made and yields what is
    allowed but will hardly work, such as a file that is not there: it is said as a warning.
    """

    fields: Mapping[Any, Any]
    build: Callable[..., C]
    secrets: frozenset[str] = frozenset()
    doubts: Callable[[C], Iterable[vol.Invalid]] = _no_doubts
