"""What is kept on disk of one task, so that any later life of the node can go on with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from edgepi.compute.model import Image
from edgepi.errors import ProtocolError
from edgepi.model import FinishPhase, Offer, RunPhase, WaitPhase
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["TaskState", "offer_from", "offer_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """Where a task stands; replaced, never changed.

    *status* is what was reached or, for a status that ends in ING, begun; *unheard* are those that the
    scheduler has not heard of, in their order. *digest* is there once a result lies on disk. *disowned*
    after the scheduler let go of a task whose stake still hangs on the chain. *value_nrlc* is what it is
    expected to earn.
    """

    task_id: str
    deal_id: str
    index: int
    status: ReplicateStatus = ReplicateStatus.CREATED
    unheard: tuple[ReplicateStatus, ...] = ()
    authorization: WorkerpoolAuthorization | None = None
    offer: Offer | None = None
    image: Image | None = None
    digest: str | None = None
    callback_data: str | None = None
    exit_code: int | None = None
    cause: str | None = None
    error: str | None = None
    consensus_block: int = 0
    receipt_block: int = 0
    receipt_tx: str | None = None
    result_link: str | None = None
    value_nrlc: float = 0.0
    run_s: float = 0.0
    runs: int = 0
    disowned: bool = False

    def but(self, **changes: Any) -> TaskState:
        """The same with changes."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """As it goes to the journal."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        data["status"] = self.status.value
        data["unheard"] = [each.value for each in self.unheard]
        data["authorization"] = self.authorization.to_json() if self.authorization else None
        data["offer"] = offer_to(self.offer) if self.offer else None
        data["image"] = asdict(self.image) if self.image else None
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TaskState:
        """As it comes from the journal; raises ProtocolError when it is of another kind."""
        try:
            values = {each.name: data[each.name] for each in fields(cls) if each.name in data}
            values["status"] = ReplicateStatus(values["status"])
            values["unheard"] = tuple(ReplicateStatus(each) for each in values.get("unheard", ()))
            if values.get("authorization"):
                values["authorization"] = WorkerpoolAuthorization.from_json(values["authorization"])
            if values.get("offer"):
                values["offer"] = offer_from(values["offer"])
            if values.get("image"):
                values["image"] = Image(**values["image"])
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolError(f"the journal's record of a task cannot be read: {error}") from error


def offer_to(offer: Offer) -> dict[str, Any]:
    """An offer as JSON, exact to the last digit: the lease is found again by an equal one."""
    data = asdict(offer)
    for phase, key in (("wait", "until_utc"), ("finish", "deadline_utc")):
        if data[phase] is not None:
            data[phase][key] = data[phase][key].isoformat()
    return data


def offer_from(data: Mapping[str, Any]) -> Offer:
    """The offer that `offer_to` wrote."""
    wait, finish = data.get("wait"), data.get("finish")
    return Offer(
        **{
            **data,
            "run": RunPhase(**data["run"]),
            "wait": WaitPhase(**{**wait, "until_utc": datetime.fromisoformat(wait["until_utc"])})
            if wait
            else None,
            "finish": FinishPhase(
                **{**finish, "deadline_utc": datetime.fromisoformat(finish["deadline_utc"])}
            )
            if finish
            else None,
        }
    )
