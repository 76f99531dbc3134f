"""The bits of a deal's tag: what a task needs of the machine."""

from __future__ import annotations

from edgepi_iexec.protocol.hashing import hash_bytes

__all__ = ["GPU", "GRAMINE", "SCONE", "TDX", "TEE", "covers", "needs_gpu", "needs_tee", "tag_text"]

TEE = 1 << 0
SCONE = 1 << 1
GRAMINE = 1 << 2
TDX = 1 << 3
GPU = 1 << 8
_ENCLAVES = TEE | SCONE | GRAMINE | TDX


def needs_tee(tag: str) -> bool:
    """Whether it wants any kind of enclave, which a Pi has not; raises ProtocolError for no tag."""
    return bool(_bits(tag) & _ENCLAVES)


def needs_gpu(tag: str) -> bool:
    """Whether it wants a GPU; raises ProtocolError for no tag."""
    return bool(_bits(tag) & GPU)


def covers(offered: str, *asked: str) -> bool:
    """Whether a pool's tag has every bit that app, dataset and request ask for."""
    return not any(_bits(one) & ~_bits(offered) for one in asked)


def tag_text(bits: int) -> str:
    """Return bits as the 32 bytes of a tag."""
    return f"0x{bits:064x}"


def _bits(tag: str) -> int:
    return int.from_bytes(hash_bytes(tag, "a tag"))
