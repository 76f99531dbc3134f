"""What a worker reports of a task: exactly the protocol's fields, read with suspicion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.causes import read_cause
from edgepi_iexec.protocol.hashing import ZERO_ADDRESS
from edgepi_iexec.protocol.reading import Fields
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["MAX_LOG", "ChainReceipt", "ComputeLogs", "StatusDetails", "StatusUpdate"]

MAX_LOG = 100_000
_SHORT = 2048


@dataclass(frozen=True, slots=True)
class ChainReceipt:
    """A transaction that is in a block."""

    block_number: int
    tx_hash: str

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {"blockNumber": self.block_number, "txHash": self.tx_hash}

    @classmethod
    def from_json(cls, found: object) -> ChainReceipt:
        """As it is received; raises ProtocolError."""
        fields = Fields(found, "a receipt")
        return cls(fields.whole("blockNumber", 0), fields.hex("txHash", "", most=32))


@dataclass(frozen=True, slots=True)
class ComputeLogs:
    """What an app said at the end."""

    worker: str
    stdout: str = ""
    stderr: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is sent: the last 100 000 characters of each."""
        return {
            "walletAddress": self.worker,
            "stdout": self.stdout[-MAX_LOG:],
            "stderr": self.stderr[-MAX_LOG:],
        }

    @classmethod
    def from_json(cls, found: object) -> ComputeLogs:
        """As it is received; raises ProtocolError."""
        fields = Fields(found, "an app's logs")
        said = (fields.text(key, "", most=10 * MAX_LOG)[-MAX_LOG:] for key in ("stdout", "stderr"))
        return cls(fields.address("walletAddress", ZERO_ADDRESS), *said)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDetails:
    """What is said with a status; *cause* is a `ReplicateCause` or the name of one of another version's."""

    chain_receipt: ChainReceipt | None = None
    result_link: str | None = None
    chain_callback_data: str | None = None
    error_message: str | None = None
    cause: str | None = None
    compute_logs: ComputeLogs | None = None
    exit_code: int | None = None
    tee_session_generation_error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "chainReceipt": self.chain_receipt.to_json() if self.chain_receipt else None,
            "resultLink": self.result_link,
            "chainCallbackData": self.chain_callback_data,
            "errorMessage": self.error_message,
            "cause": self.cause,
            "computeLogs": self.compute_logs.to_json() if self.compute_logs else None,
            "exitCode": self.exit_code,
            "teeSessionGenerationError": self.tee_session_generation_error,
        }

    @classmethod
    def from_json(cls, found: object) -> StatusDetails:
        """As it is received; raises ProtocolError. Fields that nobody knows are not looked at."""
        fields = Fields(found, "the details of a status")
        return cls(
            chain_receipt=fields.made("chainReceipt", ChainReceipt.from_json, None),
            result_link=fields.text("resultLink", None, most=_SHORT),
            chain_callback_data=fields.text("chainCallbackData", None),
            error_message=fields.text("errorMessage", None, most=MAX_LOG),
            cause=fields.made("cause", read_cause, None),
            compute_logs=fields.made("computeLogs", ComputeLogs.from_json, None),
            exit_code=fields.whole("exitCode", None, least=-(1 << 31), most=(1 << 31) - 1),
            tee_session_generation_error=fields.text("teeSessionGenerationError", None, most=200),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """A worker says where its share in a task stands; the scheduler adds when and by whom."""

    status: ReplicateStatus
    details: StatusDetails | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "status": self.status.value,
            "modifier": None,
            "date": None,
            "details": self.details.to_json() if self.details else None,
        }

    @classmethod
    def from_json(cls, found: object) -> StatusUpdate:
        """As it is received; raises ProtocolError. Fields that nobody knows are not looked at."""
        fields = Fields(found, "a status")
        return cls(
            status=fields.made("status", _status),
            details=fields.made("details", StatusDetails.from_json, None),
        )


def _status(found: object) -> ReplicateStatus:
    try:
        return ReplicateStatus(found) if isinstance(found, str) else ReplicateStatus("")
    except ValueError:
        raise ProtocolError("this is no status") from None
