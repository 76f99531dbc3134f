"""What a scheduler asks of workers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import address_bytes, hex_text
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.protocol.reading import Fields, items

__all__ = ["NotificationExtra", "NotificationType", "TaskAbortCause", "TaskNotification"]

MAX_WORKERS = 10_000


class NotificationType(StrEnum):
    """The twelve."""

    PLEASE_CONTINUE = "PLEASE_CONTINUE"
    PLEASE_WAIT = "PLEASE_WAIT"
    PLEASE_START = "PLEASE_START"
    PLEASE_DOWNLOAD_APP = "PLEASE_DOWNLOAD_APP"
    PLEASE_DOWNLOAD_DATA = "PLEASE_DOWNLOAD_DATA"
    PLEASE_COMPUTE = "PLEASE_COMPUTE"
    PLEASE_CONTRIBUTE = "PLEASE_CONTRIBUTE"
    PLEASE_REVEAL = "PLEASE_REVEAL"
    PLEASE_UPLOAD = "PLEASE_UPLOAD"
    PLEASE_CONTRIBUTE_AND_FINALIZE = "PLEASE_CONTRIBUTE_AND_FINALIZE"
    PLEASE_COMPLETE = "PLEASE_COMPLETE"
    PLEASE_ABORT = "PLEASE_ABORT"


class TaskAbortCause(StrEnum):
    """Why a worker shall give a task up."""

    CONTRIBUTION_TIMEOUT = "CONTRIBUTION_TIMEOUT"
    CONSENSUS_REACHED = "CONSENSUS_REACHED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationExtra:
    """What comes with some notifications; *block_number* is the consensus' with PLEASE_REVEAL, 0 if none."""

    authorization: WorkerpoolAuthorization | None = None
    sms_url: str | None = None
    block_number: int = 0
    abort_cause: TaskAbortCause | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "workerpoolAuthorization": self.authorization.to_json() if self.authorization else None,
            "smsUrl": self.sms_url,
            "blockNumber": self.block_number,
            "taskAbortCause": str(self.abort_cause) if self.abort_cause else None,
        }

    @classmethod
    def from_json(cls, found: object, *, strict: bool = False) -> NotificationExtra:
        """As it is received; raises ProtocolError, if *strict* also for fields that it has not."""
        known = frozenset(("workerpoolAuthorization", "smsUrl", "blockNumber", "taskAbortCause"))
        fields = Fields(found, "a notification's extra", known=known if strict else None)
        return cls(
            authorization=fields.made(
                "workerpoolAuthorization",
                lambda one: WorkerpoolAuthorization.from_json(one, strict=strict),
                None,
            ),
            sms_url=fields.text("smsUrl", None, most=2048),
            block_number=fields.whole("blockNumber", 0),
            abort_cause=fields.made("taskAbortCause", lambda one: _named(TaskAbortCause, one, strict), None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNotification:
    """Says to *workers* what to do about a task: to all if there are none, to nobody if it is None."""

    task_id: str
    type: NotificationType
    workers: tuple[str, ...] | None = ()
    extra: NotificationExtra | None = None

    def concerns(self, worker: str) -> bool:
        """Whether it is for the worker with this address."""
        return self.workers is not None and (not self.workers or worker in self.workers)

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "chainTaskId": self.task_id,
            "workersAddress": None if self.workers is None else list(self.workers),
            "taskNotificationType": self.type.value,
            "taskNotificationExtra": self.extra.to_json() if self.extra else None,
        }

    @classmethod
    def from_json(cls, found: object, *, strict: bool = False) -> TaskNotification:
        """As it is received; raises ProtocolError, if *strict* also for fields that it has not.

        Lenient reading takes ``taskAbortCause`` at the top, as real schedulers send it, for nothing.
        """
        known = frozenset(("chainTaskId", "workersAddress", "taskNotificationType", "taskNotificationExtra"))
        fields = Fields(found, "a notification", known=known if strict else None)
        return cls(
            task_id=fields.hash("chainTaskId"),
            type=fields.made("taskNotificationType", lambda one: _named(NotificationType, one, True)),
            workers=fields.made("workersAddress", _addresses, None),
            extra=fields.made(
                "taskNotificationExtra", lambda one: NotificationExtra.from_json(one, strict=strict), None
            ),
        )


def _addresses(found: object) -> tuple[str, ...]:
    every = items(found, "the workers of a notification", MAX_WORKERS)
    return tuple(hex_text(address_bytes(one, "a worker's address")) for one in every)


Named = TypeVar("Named", NotificationType, TaskAbortCause)


def _named(kind: type[Named], found: object, strict: bool) -> Named:
    try:
        return kind(str(found) if isinstance(found, str) else "")
    except ValueError:
        if kind is TaskAbortCause and not strict:
            return kind("UNKNOWN")
        raise ProtocolError(f"{str(found)[:40]!r} is no {kind.__name__}") from None
