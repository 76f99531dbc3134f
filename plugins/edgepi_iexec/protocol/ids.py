"""What deals, tasks and results are called on the chain."""

from __future__ import annotations

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import address_bytes, hash_bytes, hex_text, keccak256

__all__ = ["deal_id", "result_hash", "result_seal", "task_id"]


def task_id(deal: str, index: int) -> str:
    """Return the id of a deal's task; *index* counts from the deal's first."""
    return hex_text(keccak256(hash_bytes(deal, "a deal's id") + _uint256(index)))


def deal_id(request_order_hash: str, consumed: int) -> str:
    """Return the id of the deal that takes of a request order after *consumed* tasks of its volume."""
    return hex_text(keccak256(hash_bytes(request_order_hash, "an order's hash") + _uint256(consumed)))


def result_hash(task: str, digest: str) -> str:
    """Return what a contribution commits to; equal for all workers with this result."""
    return hex_text(keccak256(hash_bytes(task, "a task's id") + hash_bytes(digest, "a digest")))


def result_seal(worker: str, task: str, digest: str) -> str:
    """Return what proves that this very worker knew the digest."""
    parts = address_bytes(worker), hash_bytes(task, "a task's id"), hash_bytes(digest, "a digest")
    return hex_text(keccak256(b"".join(parts)))


def _uint256(number: int) -> bytes:
    if not 0 <= number < 1 << 256:
        raise ProtocolError("a number is none of the chain's")
    return number.to_bytes(32)
