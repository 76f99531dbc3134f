"""What is known of an installed plugin, whether it works or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from edgepi.plugin import Manifest
from edgepi.runtime.metadata import EntryPoint

__all__ = ["OWN_DISTRIBUTION", "PluginRecord", "PluginStatus"]

OWN_DISTRIBUTION = "edgepi"


class PluginStatus(StrEnum):
    """How a plugin, or one instance of it, stands."""

    AVAILABLE = "available"
    ENABLED = "enabled"
    DISABLED = "disabled"
    MISSING_REQUIREMENT = "missing requirement"
    LOAD_ERROR = "load error"
    CONFIG_ERROR = "config error"
    FAILED = "failed"
    QUARANTINED = "quarantined"

    @property
    def usable(self) -> bool:
        """Whether loading it is worth a try."""
        return self in _USABLE


_USABLE = frozenset({PluginStatus.AVAILABLE, PluginStatus.ENABLED, PluginStatus.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRecord:
    """An installed plugin; *reason* says in one sentence why it does not work and what to do.

    *target* is what its entry point names, ``package.module`` or ``package.module:object``.
    """

    name: str
    distribution: str
    version: str
    target: str
    manifest: Manifest | None = None
    status: PluginStatus = PluginStatus.AVAILABLE
    reason: str = ""
    entry_point: EntryPoint | None = field(default=None, repr=False, compare=False)

    @property
    def package(self) -> str:
        """The top-level package that holds it."""
        return self.target.partition(":")[0].partition(".")[0].strip()

    @property
    def third_party(self) -> bool:
        """Whether it came with another distribution than EdgePi itself."""
        return self.distribution != OWN_DISTRIBUTION
