"""Every error that EdgePi raises on purpose.

EdgePiError
 ├── ConfigError            the configuration is wrong (holds every finding)
 ├── PluginError            a plugin cannot be loaded or used
 │    ├── PluginNotFoundError
 │    ├── ManifestError
 │    ├── RequirementMissingError
 │    ├── ContractError     a plugin broke its contract
 │    └── PluginCallError   a call into a plugin failed or hung
 ├── HardwareError          a bus, pin, line, clock or board did not do what it should
 │    ├── BusError          no answer, or a garbled one, on a bus
 │    ├── DeviceNotFoundError
 │    └── VerificationError what was read back is not what was written
 ├── CameraError            a camera's pictures cannot be had, shown or kept
 │    └── SourceError       its source does not answer, or sends nothing that can be read
 ├── EnergyError            an offer or lease was used against its contract
 │    ├── OfferError
 │    ├── LeaseError
 │    └── TraceError        a trace cannot be simulated
 ├── ForecastError          the sun cannot be foretold
 ├── UploadError            what was measured cannot be sent to a service now
 ├── ComputeError           a job cannot be boxed, run or written down
 │    ├── EngineError       the container engine cannot be reached or refuses
 │    ├── ImageError        an image cannot be had or run
 │    │    └── UnfitImageError    another machine may have it and run it
 │    ├── SandboxError      a limit or a wall would not hold, so nothing is run
 │    └── JournalError      the job journal cannot be written or read
 ├── MarketError            a market of computing cannot be dealt with
 │    ├── ChainError        the chain's node cannot be reached or lags
 │    │    └── TransactionError   a transaction failed, was dropped or lacks its event
 │    ├── WalletError       a wallet cannot be read, unlocked, or lacks stake or gas
 │    ├── PeerError         a scheduler or worker cannot be reached or refuses
 │    └── ProtocolError     a peer, task or result says what it must not
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
    "CameraError",
    "ChainError",
    "ComputeError",
    "ConfigError",
    "ContractError",
    "DeviceNotFoundError",
    "EdgePiError",
    "EnergyError",
    "EngineError",
    "ForecastError",
    "HardwareError",
    "ImageError",
    "JournalError",
    "LeaseError",
    "ManifestError",
    "MarketError",
    "NodeNotRunningError",
    "NotFoundError",
    "OfferError",
    "PeerError",
    "PluginCallError",
    "PluginError",
    "PluginNotFoundError",
    "ProtocolError",
    "RecorderError",
    "RequestError",
    "RequirementMissingError",
    "SandboxError",
    "ServeError",
    "SourceError",
    "StateLockedError",
    "TraceError",
    "TransactionError",
    "UnfitImageError",
    "UploadError",
    "VerificationError",
    "WalletError",
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


class PluginCallError(PluginError):
    """A call into a plugin failed or hung; the message is one sentence."""


class HardwareError(EdgePiError, OSError):
    """A bus, pin, line, clock or board did not do what it should."""


class BusError(HardwareError):
    """No answer, or a garbled one, on a bus."""


class DeviceNotFoundError(HardwareError, LookupError):
    """The device that was asked for is not there."""


class VerificationError(HardwareError):
    """What was read back is not what was written."""


class CameraError(EdgePiError, OSError):
    """A camera's pictures cannot be had, shown or kept."""


class SourceError(CameraError):
    """A source of pictures does not answer, or sends nothing that can be read."""


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


class UploadError(EdgePiError, OSError):
    """A service did not take what was sent; *retry_after_s* is how long it wants peace."""

    def __init__(self, message: str, *, hint: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class ComputeError(EdgePiError):
    """A job cannot be boxed, run or written down."""


class EngineError(ComputeError, OSError):
    """The container engine cannot be reached, or refuses."""


class ImageError(ComputeError):
    """An image cannot be had, or does not fit this machine or the disk."""


class UnfitImageError(ImageError):
    """The image is sound as far as is known, but not for this machine: another one may run it."""


class SandboxError(ComputeError):
    """A limit or a wall of the sandbox would not hold, so nothing is run."""


class JournalError(ComputeError, OSError):
    """The job journal cannot be written or read."""


class MarketError(EdgePiError):
    """A market of computing cannot be dealt with."""


class ChainError(MarketError, OSError):
    """The chain's node cannot be reached, lags, or says what cannot be."""


class TransactionError(ChainError):
    """A transaction failed, was dropped, or its receipt lacks the event that it is for."""


class WalletError(MarketError):
    """A wallet cannot be read or unlocked, or lacks stake or gas."""


class PeerError(MarketError, OSError):
    """A scheduler, worker or store cannot be reached, or refuses."""


class ProtocolError(MarketError, ValueError):
    """A peer, a task or a result says what it must not; *cause* is the protocol's own word for it, if any."""

    def __init__(self, message: str, *, hint: str | None = None, cause: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause


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
