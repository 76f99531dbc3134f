"""How a requester proves who it is before it is shown what its task's apps said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.eip712 import typed_hash

__all__ = ["CHALLENGE_LIFE_S", "LogsAuthorization", "challenge_digest", "challenge_document"]

CHALLENGE_LIFE_S = 3600.0
_HEADER = re.compile(r"0x([0-9a-fA-F]{64})_0x([0-9a-fA-F]{130})_0x([0-9a-fA-F]{40})")
_CHALLENGE = (("challenge", "string"),)


def challenge_document(challenge: str, chain_id: int) -> dict[str, Any]:
    """Return what the requester is asked to sign."""
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "Challenge": [{"name": "challenge", "type": "string"}],
        },
        "primaryType": "Challenge",
        "domain": _domain(chain_id),
        "message": {"challenge": challenge},
    }


def challenge_digest(challenge: str, chain_id: int) -> bytes:
    """Return the 32 bytes that are signed of it."""
    return typed_hash(_domain(chain_id), "Challenge", _CHALLENGE, {"challenge": challenge})


def _domain(chain_id: int) -> dict[str, Any]:
    return {"name": "iExec Core", "version": "1", "chainId": chain_id}


@dataclass(frozen=True, slots=True)
class LogsAuthorization:
    """The ``Authorization`` of a question for logs; lower-case. *digest* is of a challenge that was given."""

    digest: str
    signature: str
    address: str

    def header(self) -> str:
        """As it is sent."""
        return f"{self.digest}_{self.signature}_{self.address}"

    @classmethod
    def parse(cls, header: str) -> LogsAuthorization:
        """As it is received; raises ProtocolError."""
        match = _HEADER.fullmatch(header) if len(header) <= 512 else None
        if match is None:
            raise ProtocolError("this is no authorisation to see logs")
        return cls(*("0x" + part.lower() for part in match.groups()))
