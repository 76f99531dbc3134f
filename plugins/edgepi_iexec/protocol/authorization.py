"""What a pool's owner signs so that a worker may contribute."""

from __future__ import annotations

from edgepi_iexec.protocol.hashing import ZERO_ADDRESS, address_bytes, hash_bytes, keccak256

__all__ = ["authorization_hash"]


def authorization_hash(worker: str, task_id: str, enclave_challenge: str = ZERO_ADDRESS) -> bytes:
    """Return the 32 bytes that are signed with EIP-191's prefix; raises ProtocolError."""
    return keccak256(
        address_bytes(worker, "a worker's address")
        + hash_bytes(task_id, "a task's id")
        + address_bytes(enclave_challenge, "an enclave's challenge")
    )
