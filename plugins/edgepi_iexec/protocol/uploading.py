"""How a result travels to the pool's store."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import ZERO_HASH
from edgepi_iexec.protocol.reading import Fields

__all__ = ["MAX_ZIP_BYTES", "ResultModel"]

MAX_ZIP_BYTES = 256 * 1024**2
NO_SIGNATURE = "0x" + "00" * 65


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultModel:
    """A result; workers fill task, zip and digest, the rest is nothing."""

    task_id: str
    deterministic_hash: str = ZERO_HASH
    zip: bytes = b""
    deal_id: str = ZERO_HASH
    task_index: int = 0
    image: str = ""
    cmd: str = ""
    enclave_signature: str = NO_SIGNATURE

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "chainTaskId": self.task_id,
            "dealId": self.deal_id,
            "taskIndex": self.task_index,
            "image": self.image,
            "cmd": self.cmd,
            "zip": base64.b64encode(self.zip).decode(),
            "deterministHash": self.deterministic_hash,
            "enclaveSignature": self.enclave_signature,
        }

    @classmethod
    def from_json(cls, found: object, *, max_zip_bytes: int = MAX_ZIP_BYTES) -> ResultModel:
        """As it is received; raises ProtocolError."""
        fields = Fields(found, "a result")
        return cls(
            task_id=fields.hash("chainTaskId"),
            deal_id=fields.text("dealId", ZERO_HASH, most=66),
            task_index=fields.whole("taskIndex", 0),
            image=fields.text("image", "", most=2048),
            cmd=fields.text("cmd", ""),
            zip=_unpacked(fields.text("zip", most=4 * -(-max_zip_bytes // 3)), max_zip_bytes),
            deterministic_hash=fields.text("deterministHash", ZERO_HASH, most=66),
            enclave_signature=fields.text("enclaveSignature", NO_SIGNATURE, most=2048),
        )


def _unpacked(text: str, most: int) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError("`zip` of a result is no base64") from None
    if len(data) > most:
        raise ProtocolError(f"a result is larger than {most} bytes")
    return data
