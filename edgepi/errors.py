"""Every error that EdgePi raises on purpose.

EdgePiError
 ├── ConfigError            the configuration is wrong (holds every finding)
 ├── PluginError            a plugin cannot be loaded or used
 │    ├── PluginNotFoundError
 │    ├── ManifestError
 │    ├── RequirementMissingError
 │    └── ContractError     a plugin broke its contract
 ├── HardwareError          a bus, pin, line, clock or board did not do what it should
 │    ├── BusError          no answer, or a garbled one, on a bus
 │    ├── DeviceNotFoundError
 │    └── VerificationError what was read back is not what was written
 ├── EnergyError            an offer or lease was used against its contract
 │    ├── OfferError
 │    ├── LeaseError
 │    └── TraceError        a trace cannot be simulated
 ├── ForecastError          the sun cannot be foretold
 ├── RecorderError          history cannot be stored or read
 ├── StateLockedError       another node uses this state directory
 ├── NodeNotRunningError    a command needs a running node
 ├── AccessError            login, token or permission refused
 ├── RequestError           a request that cannot be answered as asked
 │    └── NotFoundError     what was asked for does not exist
 ├── ServeError             the API cannot be served
 └── WorldError             the simulated world cannot be reached or built
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "AccessError",
    "BusError",
    "ConfigError",
    "ContractError",
    "DeviceNotFoundError",
    "EdgePiError",
    "EnergyError",
    "ForecastError",
    "HardwareError",
    "LeaseError",
    "ManifestError",
    "NodeNotRunningError",
    "NotFoundError",
    "OfferError",
    "PluginError",
    "PluginNotFoundError",
    "RecorderError",
    "RequestError",
    "RequirementMissingError",
    "ServeError",
    "StateLockedError",
    "TraceError",
    "VerificationError",
    "WorldError",
]


class EdgePiError(Exception):
    """Base of all; *hint* says what to do about it."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigError(EdgePiError):
    """The configuration is wrong; *findings* lists everything found, in file order."""

    def __init__(self, findings: Sequence[object], *, path: Path | None = None) -> None:
        count = len(findings)
        where = f" in {path}" if path else ""
        super().__init__(
            f"{count} configuration error{'' if count == 1 else 's'}{where}",
            hint="run `edgepi check-config` to see each with its line",
        )
        self.findings = tuple(findings)
        self.path = path


class PluginError(EdgePiError):
    """A plugin cannot be loaded or used."""


class PluginNotFoundError(PluginError, LookupError):
    """No installed plugin has this name."""


class ManifestError(PluginError, ValueError):
    """A plugin's manifest is missing or malformed."""


class RequirementMissingError(PluginError, ImportError):
    """A package that the plugin needs is not installed."""


class ContractError(PluginError, TypeError):
    """A plugin returned or did something that its contract forbids."""


class HardwareError(EdgePiError, OSError):
    """A bus, pin, line, clock or board did not do what it should."""


class BusError(HardwareError):
    """No answer, or a garbled one, on a bus."""


class DeviceNotFoundError(HardwareError, LookupError):
    """The device that was asked for is not there."""


class VerificationError(HardwareError):
    """What was read back is not what was written."""


class EnergyError(EdgePiError):
    """An offer or lease was used against its contract."""


class OfferError(EnergyError, ValueError):
    """An offer that cannot be meant as stated."""


class LeaseError(EnergyError, RuntimeError):
    """A lease was used in a state that does not allow it."""


class TraceError(EnergyError, ValueError):
    """A trace, or what was asked of it, cannot be simulated."""


class ForecastError(EdgePiError, OSError):
    """A source of forecasts gave none that can be used; *retry_after_s* is how long it wants peace."""

    def __init__(self, message: str, *, hint: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class RecorderError(EdgePiError, OSError):
    """History cannot be stored or read."""


class StateLockedError(EdgePiError, RuntimeError):
    """Another node uses this state directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"another node is running in {directory}",
            hint="stop it first, or give this one its own --state-dir",
        )
        self.directory = directory


class NodeNotRunningError(EdgePiError, ConnectionError):
    """A command needs a running node."""

    def __init__(self, directory: Path, *, hint: str = "start it with `edgepi run`") -> None:
        super().__init__(f"no node is running in {directory}", hint=hint)
        self.directory = directory


class AccessError(EdgePiError, PermissionError):
    """Login, token or permission refused."""


class RequestError(EdgePiError, ValueError):
    """A request that cannot be answered as asked."""


class NotFoundError(RequestError, LookupError):
    """What was asked for does not exist."""


class ServeError(EdgePiError, OSError):
    """The API cannot be served on its port or socket."""


class WorldError(EdgePiError, RuntimeError):
    """The simulated world cannot be reached or built."""
