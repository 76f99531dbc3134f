"""Who pool and worker are, and who is given which task: the protocol's own fields, read with suspicion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import ZERO_ADDRESS
from edgepi_iexec.protocol.reading import Fields
from edgepi_iexec.protocol.uploading import ResultModel

__all__ = [
    "ChainConfiguration",
    "PublicConfiguration",
    "ReplicateTaskSummary",
    "ResultModel",
    "WorkerModel",
    "WorkerpoolAuthorization",
]

_SHORT = 2048
_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicConfiguration:
    """What a pool tells all workers; *ask_for_replicate_period* is in milliseconds, an empty version any."""

    worker_pool_address: str
    scheduler_public_address: str
    config_server_url: str
    result_repository_url: str
    ask_for_replicate_period: int = 5000
    required_worker_version: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "workerPoolAddress": self.worker_pool_address,
            "schedulerPublicAddress": self.scheduler_public_address,
            "configServerUrl": self.config_server_url,
            "resultRepositoryURL": self.result_repository_url,
            "askForReplicatePeriod": self.ask_for_replicate_period,
            "requiredWorkerVersion": self.required_worker_version,
        }

    @classmethod
    def from_json(cls, found: object, *, strict: bool = False) -> PublicConfiguration:
        """As it is received; raises ProtocolError, if *strict* also for fields that it has not."""
        known = frozenset(
            (
                "workerPoolAddress",
                "schedulerPublicAddress",
                "configServerUrl",
                "resultRepositoryURL",
                "askForReplicatePeriod",
                "requiredWorkerVersion",
            )
        )
        fields = Fields(found, "the pool's configuration", known=known if strict else None)
        return cls(
            worker_pool_address=fields.address("workerPoolAddress"),
            scheduler_public_address=fields.address("schedulerPublicAddress", ZERO_ADDRESS),
            config_server_url=fields.text("configServerUrl", "", most=_SHORT),
            result_repository_url=fields.text("resultRepositoryURL", "", most=_SHORT),
            ask_for_replicate_period=fields.whole("askForReplicatePeriod", 5000, least=1, most=86_400_000),
            required_worker_version=fields.text("requiredWorkerVersion", "", most=100),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainConfiguration:
    """Which chain a pool works on; *sidechain* if transactions cost nothing."""

    chain_id: int
    sidechain: bool
    chain_node_url: str
    iexec_hub_contract_address: str
    block_time_s: float = 5.0

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "chainId": self.chain_id,
            "sidechain": self.sidechain,
            "chainNodeUrl": self.chain_node_url,
            "iexecHubContractAddress": self.iexec_hub_contract_address,
            "blockTime": f"PT{self.block_time_s:.9f}".rstrip("0").rstrip(".") + "S",
        }

    @classmethod
    def from_json(cls, found: object) -> ChainConfiguration:
        """As it is received; raises ProtocolError."""
        fields = Fields(found, "the chain's configuration")
        return cls(
            chain_id=fields.whole("chainId", least=1),
            sidechain=fields.flag("sidechain", False),
            chain_node_url=fields.text("chainNodeUrl", "", most=_SHORT),
            iexec_hub_contract_address=fields.address("iexecHubContractAddress"),
            block_time_s=fields.made("blockTime", _duration_s, 5.0),
        )


def _duration_s(found: object) -> float:
    match = _DURATION.fullmatch(found) if isinstance(found, str) else None
    if match is None:
        raise ProtocolError("the time between blocks is no ISO 8601 duration")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if not 0 < total_s <= 86_400:
        raise ProtocolError("the time between blocks cannot be meant")
    return total_s


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerModel:
    """What a worker says of its machine: *cpu* the kind, *cpu_nb* tasks at once, *memory_size* in GB."""

    name: str
    wallet_address: str
    os: str
    cpu: str
    cpu_nb: int
    memory_size: int
    gpu_enabled: bool = False
    tee_enabled: bool = False
    tdx_enabled: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "name": self.name,
            "walletAddress": self.wallet_address,
            "os": self.os,
            "cpu": self.cpu,
            "cpuNb": self.cpu_nb,
            "memorySize": self.memory_size,
            "gpuEnabled": self.gpu_enabled,
            "teeEnabled": self.tee_enabled,
            "tdxEnabled": self.tdx_enabled,
        }

    @classmethod
    def from_json(cls, found: object) -> WorkerModel:
        """As it is received; raises ProtocolError."""
        fields = Fields(found, "a worker's description")
        return cls(
            name=fields.text("name", "", most=200),
            wallet_address=fields.address("walletAddress", ZERO_ADDRESS),
            os=fields.text("os", "", most=200),
            cpu=fields.text("cpu", "", most=200),
            cpu_nb=fields.whole("cpuNb", 1, most=10_000),
            memory_size=fields.whole("memorySize", 0, most=1_000_000),
            gpu_enabled=fields.flag("gpuEnabled", False),
            tee_enabled=fields.flag("teeEnabled", False),
            tdx_enabled=fields.flag("tdxEnabled", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerpoolAuthorization:
    """A worker may contribute to a task; *deal_id* is empty from schedulers of version 8."""

    worker: str
    task_id: str
    enclave_challenge: str = ZERO_ADDRESS
    signature: str = ""
    deal_id: str = ""
    task_index: int = 0

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        deal = {"dealId": self.deal_id, "taskIndex": self.task_index} if self.deal_id else {}
        return {
            "chainTaskId": self.task_id,
            **deal,
            "workerWallet": self.worker,
            "enclaveChallenge": self.enclave_challenge,
            "signature": {"value": self.signature},
        }

    @classmethod
    def from_json(cls, found: object, *, strict: bool = False) -> WorkerpoolAuthorization:
        """As it is received; raises ProtocolError, if *strict* also for fields that it has not."""
        what = "an authorisation"
        known = frozenset(
            ("chainTaskId", "dealId", "taskIndex", "workerWallet", "enclaveChallenge", "signature")
        )
        fields = Fields(found, what, known=known if strict else None)
        signed = Fields(fields.made("signature", dict_of), f"the signature of {what}")
        return cls(
            task_id=fields.hash("chainTaskId"),
            deal_id=fields.hash("dealId", ""),
            task_index=fields.whole("taskIndex", 0),
            worker=fields.address("workerWallet"),
            enclave_challenge=fields.address("enclaveChallenge", ZERO_ADDRESS),
            signature=signed.hex("value", most=2048),
        )


def dict_of(found: Any) -> Any:
    """Return it as it is."""
    return found


@dataclass(frozen=True, slots=True)
class ReplicateTaskSummary:
    """A task that is given to a worker; no *sms_url* where no enclave is needed."""

    authorization: WorkerpoolAuthorization
    sms_url: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {"workerpoolAuthorization": self.authorization.to_json(), "smsUrl": self.sms_url}

    @classmethod
    def from_json(cls, found: object, *, strict: bool = False) -> ReplicateTaskSummary:
        """As it is received; raises ProtocolError, if *strict* also for fields that it has not."""
        known = frozenset(("workerpoolAuthorization", "smsUrl"))
        fields = Fields(found, "a task's summary", known=known if strict else None)
        authorization = fields.made("workerpoolAuthorization", dict_of)
        return cls(
            WorkerpoolAuthorization.from_json(authorization, strict=strict),
            fields.text("smsUrl", None, most=_SHORT),
        )
