"""What may be the matter with a Witty Pi 4. Blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepi_wittypi.gen4.registers import Reg

if TYPE_CHECKING:
    from edgepi_wittypi.gen4.board import Gen4Board

__all__ = ["MEMORY_LOST", "ailments"]

MEMORY_LOST = "0x00 or 0xff means that the board lost its memory in a brown-out: flash its firmware"
CLOCK_STOPPED = 0x20
SHUT_DOWN = 1
USUAL_C = (0, 45)


def ailments(board: Gen4Board) -> tuple[str, ...]:
    """A sentence for each thing of clock, memory, firmware and settings that a person should look after."""
    found = (_firmware(board), _clock(board), *_temperatures(board))
    return tuple(sentence for sentence in found if sentence)


def _firmware(board: Gen4Board) -> str | None:
    if board.revision in (0x00, 0xFF):
        return f"the firmware revision reads {board.revision}: {MEMORY_LOST}"
    if not board.quirks.guaranteed_wake:
        return f"firmware {board.firmware} has no guaranteed wake: flash revision 7"
    return None


def _clock(board: Gen4Board) -> str | None:
    if board.registers.read(Reg.RTC_CONTROL1) & CLOCK_STOPPED:
        return "the board's clock is stopped, so no alarm comes"
    if board.clock() is None:
        return "the board has lost its clock, and with it every alarm: is its battery empty?"
    return None


def _temperatures(board: Gen4Board) -> tuple[str | None, ...]:
    """Actions that would shut the node down in usual weather, as the factory's points do."""
    cold, warm = USUAL_C
    below = _celsius(board, Reg.BELOW_ACTION, Reg.BELOW_POINT)
    over = _celsius(board, Reg.OVER_ACTION, Reg.OVER_POINT)
    return (
        None if below is None or below <= cold else f"the board shuts the node down below {below} °C",
        None if over is None or over >= warm else f"the board shuts the node down above {over} °C",
    )


def _celsius(board: Gen4Board, action: int, point: int) -> int | None:
    """The point of an action that shuts down, None for any other."""
    if board.registers.read(action) != SHUT_DOWN:
        return None
    value = board.registers.read(point)
    return value - 256 if value > 127 else value
