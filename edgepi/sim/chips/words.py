"""What chips with registers of two bytes have in common on the bus."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

__all__ = ["WordChip"]


class WordChip(ABC):
    """Answers with words, high byte first; what is written is each chip's own."""

    def read(self, register: int) -> int:
        """Return the high byte of a register."""
        return self.read_block(register, 1)[0]

    def read_block(self, register: int, length: int) -> Sequence[int]:
        """Return the register's two bytes, high first, again and again."""
        word = self._word(register)
        return [(word >> 8, word & 0xFF)[i % 2] for i in range(length)]

    def write(self, register: int, value: int) -> None:
        """Change nothing: a single byte is not a register's worth."""
        del register, value

    @abstractmethod
    def _word(self, register: int) -> int:
        """What a register shows to one who reads it now."""
